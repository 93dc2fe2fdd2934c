"""Speed of this project beside the book's code or a plain loop, each claim in a file of its own.

    python -m benchmarks.language_model      the book's language model and ours: seconds and perplexity
    python -m benchmarks.translation_data    all sentence pairs from text to tensors: the book's code and ours
    python -m benchmarks.beam_search         batched beam search, loops over hypotheses, batched greedy search

They are started from the project's folder, print the machine and the versions, and write build/benchmarks/NAME.json.
"""
