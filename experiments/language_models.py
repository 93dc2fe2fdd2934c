"""The chapter's language models in one table, each at its own best rate. Notebook `deep-rnn`, section 10.

Every model reads the same text, and tries the same three learning rates with seed 0, scored on
the last 15,000 characters of the training text. At the best of them, the seeds 1 to 3 learn all of the training text
and are scored on the held-out pages, once. "A gated network beats counting" would have been refuted by a model with
gates at 3.54 or above: that is what the best n-gram reaches, and its order is even chosen on the held-out pages.
"""

from statistics import mean

NOTEBOOK, FUNCTION = "deep-rnn", "language_model_trial"
RATES = [0.004, 0.008, 0.016]
KEYS = ["kind", "width", "depth", "dropout", "passes"]
MODELS = {  # each with the best of the rates, by the runs of part "choose"; `sentences` holds them to it
    ("RNN", 256, 1, 0.2, 8): 0.008,
    ("RNN, orthogonal", 256, 1, 0.2, 8): 0.008,
    ("GRU", 256, 1, 0.2, 8): 0.008,
    ("LSTM", 256, 1, 0.2, 8): 0.016,
    ("LSTM, residual", 192, 2, 0.2, 8): 0.016,
    ("LSTM, residual", 256, 2, 0.4, 12): 0.008,
}


def runs(model, part, rates, seeds) -> list[dict]:
    settings = dict(zip(KEYS, model, strict=True))
    return [settings | {"rate": rate, "seed": seed, "part": part} for rate in rates for seed in seeds]


GRID = []
for model, best in MODELS.items():
    GRID += runs(model, "report", [best], [1, 2, 3])
for model in MODELS:
    GRID += runs(model, "choose", RATES, [0])


def sentences(results) -> list[str]:
    """Return what the notebook says of the result, and hold each model to the rate that was best for it."""
    for model, best in MODELS.items():
        tried = results.values("perplexity", by=["rate"], part="choose", **dict(zip(KEYS, model, strict=True)))
        assert min(tried, key=tried.get) == (best,), f"{model} was best at another rate than {best}"

    def at_best(measured, kind, width=256, part="report"):
        return results.values(measured, by=["kind"], kind=kind, width=width, part=part, rate=rates[kind, width])[kind,]

    def chosen(names, kind):
        return min(names, key=lambda name: at_best(name, kind, part="choose")[0])

    def spread(values):
        return f"{mean(values):.2f} ({min(values):.2f} to {max(values):.2f})"

    rates = {(kind, width): rate for (kind, width, *_), rate in MODELS.items()}
    gated = [kind_width for kind_width in rates if not kind_width[0].startswith("RNN")]
    assert max(max(at_best("perplexity", *kind_width)) for kind_width in gated) < 3.54
    stack, mixtures = "LSTM, residual", [f"mixed {weight}" for weight in (0.5, 0.6, 0.7, 0.8, 0.9)]
    dynamic = chosen(["dynamic 0.03", "dynamic 0.1"], stack)
    return [
        f"The plain RNN ends at {spread(at_best('perplexity', 'RNN'))}",
        f"an orthogonal start changes little: {spread(at_best('perplexity', 'RNN, orthogonal'))}",
        f"the GRU reaches {spread(at_best('perplexity', 'GRU'))}, the LSTM {spread(at_best('perplexity', 'LSTM'))}",
        f"two residual layers of 192 reach {spread(at_best('perplexity', stack, 192))}",
        f"the best model of the chapter: {spread(at_best('perplexity', stack))}",
        f"the plain RNN comes down to {mean(at_best(chosen(mixtures, 'RNN'), 'RNN')):.2f}",
        f"the best model to {mean(at_best(chosen(mixtures, stack), stack)):.2f}",
        f"Dynamic evaluation brings it to {mean(at_best(dynamic, stack)):.2f}",
        f"With 16 known, the best model stands at {mean(at_best('context 16', stack)):.2f}, "
        f"with 64 at {mean(at_best('context 64', stack)):.2f}",
    ]
