"""What do single cells of a trained LSTM follow that those of an untrained one do not? Notebook `lstm`, section 12.

An LSTM of 128 units reads the novel as it was printed, with case, marks and lines, after 0 or 8 passes over the rest
of it. For each of three marks the unit that follows it best is picked on the first half of 20,000 held-out
characters; stored is its correlation on the second half. "The network learns to count letters" would be refuted if
untrained networks had a unit that counts them about as well. It is: training adds little there, and much where the
mark lies further back.
"""

NOTEBOOK, FUNCTION = "lstm", "units_trial"
GRID = [{"num_epochs": num_epochs, "seed": seed} for num_epochs in (0, 8) for seed in range(4)]


TOLD = {
    "letters": "letters of the word: untrained {}, trained {}",
    "characters": "characters of the line: untrained {}, trained {}",
    "inside": "quotation marks: untrained {}, trained {}",
    "slowest": "itself 20 characters before: untrained {}, trained {}",
}


def sentences(results) -> list[str]:
    """Return what the notebook says of the least and the greatest correlation among the seeds."""
    said = []
    for measured, told in TOLD.items():
        found = results.values(measured, by=["num_epochs"]).values()
        said.append(told.format(*(f"{min(values):.2f} to {max(values):.2f}" for values in found)))
    return said
