"""Data and training for the notebooks of the chapter "Modern Recurrent Neural Networks".

Import the module you need (`from helpers import training`); nothing is re-exported here.

datasets   where the text comes from          text      vocabulary, cleaning, batches of characters
models     a language model over any layer    training  fit, evaluate, checkpoints, seed and device
metrics    perplexity                         plotting  curves, heat maps under text, diagrams
exercises  checks for the exercises           book      the book's own code, made importable
"""
