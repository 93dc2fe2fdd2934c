"""Data and training for the notebooks of the chapter "Modern Recurrent Neural Networks".

Import the module you need (`from helpers import training`); nothing is re-exported here.

    datasets, download        where texts come from
    text, batches             a text as ids, and minibatches of it
    pairs, tokenizers,        sentence pairs, words and pieces of words as ids,
    pair_batches              and minibatches of pairs
    language_model, seq2seq   models around any recurrent layer
    losses, training,         what is minimised, the loop that does it, and how
    checkpoint, files         a run goes on after an interruption
    search, sampling,         the best sequence, or one that is drawn, from any model;
    translator                and sentences in, sentences out
    metrics                   perplexity and BLEU
    plotting, display         pictures, and how they are shown
    machine                   seed, device and threads
    results                   what the long experiments measured
    exercises                 checks for the exercises
    checks                    one place that refuses wrong arguments
    book                      the book's own code, made importable
"""
