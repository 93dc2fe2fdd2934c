"""What a pass over the text costs, for the models of the chapter's table. Notebook `deep-rnn`, section 11.

Processor seconds of one thread: other work on the machine hardly counts. "A GRU is cheaper than an LSTM, for it has
three blocks in place of four" would be refuted if its pass took longer; in torch, on a CPU, it does.
"""

NOTEBOOK, FUNCTION = "deep-rnn", "seconds_of_a_pass"
GRID = [
    {"kind": kind, "width": width, "depth": depth, "dropout": dropout}
    for kind, width, depth, dropout in [
        ("RNN", 256, 1, 0.2),
        ("RNN, orthogonal", 256, 1, 0.2),
        ("GRU", 256, 1, 0.2),
        ("LSTM", 256, 1, 0.2),
        ("LSTM, residual", 192, 2, 0.2),
        ("LSTM, residual", 256, 2, 0.4),
    ]
]


def sentences(results) -> list[str]:
    """Return what the notebook says of the result."""
    seconds = results.values("processor seconds", by=["kind", "width"])
    assert seconds["GRU", 256] > seconds["LSTM", 256]
    return ["A pass of the GRU takes longer than one of the LSTM"]
