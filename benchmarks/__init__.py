"""Speed of this project beside the book's code, beside a plain loop, and beside what the machine allows.

    python -m benchmarks                     everything, and the page README.md (make bench)
    python -m benchmarks.language_model      the book's language models and ours: seconds and perplexity
    python -m benchmarks.run_all             each section: all that the book runs, and Run All of ours
    python -m benchmarks.training_loop       `fit` beside the bare loop; a cell from scratch beside torch's
    python -m benchmarks.growth              how time and memory grow with each size, and what bounds them
    python -m benchmarks.translation_data    all sentence pairs from text to tensors: the book's code and ours
    python -m benchmarks.translation         the editions' translation experiments
    python -m benchmarks.beam_search         batched beam search, loops over hypotheses, batched greedy search
    python -m benchmarks.imports             what imports take
    python -m benchmarks.suite               what `make test` takes
    python -m benchmarks.check               whether a ratio of times is worse than the stored one (make bench-check)

They are started from the project's folder, print the machine and the versions, and write build/benchmarks/NAME.json;
the first line keeps these in benchmarks/results. MODERN_RNN_CACHE and MODERN_RNN_DATA choose the texts, as elsewhere.
"""
