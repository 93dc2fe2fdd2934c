"""What runs in a process of its own, to be timed: the book's code, edition by edition, and ours.

    book_017     what edition 0.17 prints, by calls of its package d2l 0.17.0
    book_103     what edition 1.0.3 prints, by calls of its package d2l 1.0.3, in an environment of its own
    ours         the same tasks by this project

Each function takes a seed and returns what it measured: "seconds" of the task itself, imports and data apart, and
figures by name. `python -m benchmarks.rivals ours language_model 0` prints them as JSON, with the peak memory. What a
section of the book defines but its package does not hold is written anew here, from the equations.
"""
