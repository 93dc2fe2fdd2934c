"""What the state keeps of a word, and what training has to do with it. Notebook `encoder-decoder`.

A linear map reads each letter from the state of a trained and of an untrained encoder: from the state alone, and told
the letters that the decoder has already written there. Half of the words fit the map, a quarter chooses its ridge, the
last quarter is counted. "Training makes the encoder keep the letters" would be refuted if the untrained encoder's
state told as many; "what is too long is forgotten by the encoder" if the state told more of the words longer than in
training than the decoder writes; "training makes the early letters loud" if changing them moved the state as little
as before training.
"""

from statistics import mean

NOTEBOOK, FUNCTION = "encoder-decoder", "state_trial"
GRID = [{"longest": longest, "seed": seed} for longest in (7,) for seed in range(3)]


def sentences(results) -> list[str]:
    """Return what the notebook says of the result: means over the seeds."""

    def at(name, n, place):
        return mean(results.values(f"{name} {n} {place}", by=["longest"])[7,])

    def least(name, n):
        return min(at(name, n, place) for place in range(1, n + 1))

    def right(n):
        return mean(results.values(f"words {n}", by=["longest"])[7,])

    first_nine = min(at("written", 10, place) for place in range(1, 10))
    up_to_eighth = {
        state: min(at(f"{state}, told", 10, place) for place in range(1, 9)) for state in ("untrained", "trained")
    }
    return [
        f"the trained one tells at least {least('trained, told', 7):.0%} of the letters at every place, the untrained "
        f"one {least('untrained, told', 7):.0%}",
        f"{at('trained, alone', 7, 4):.0%} of the letters at the fourth place after training, "
        f"{at('untrained, alone', 7, 4):.0%} before it",
        f"moves the state by {at('untrained, loud', 7, 7):.2f} of the usual distance before training and by "
        f"{at('trained, loud', 7, 7):.2f} after",
        f"names at least {least('trained, told', 10):.0%} of the letters at every place",
        f"{first_nine:.0%} of the letters at the worst of the first nine places, "
        f"{at('written', 10, 10):.0%} at the tenth",
        f"and {at('written', 10, 11):.0%} of the ends",
        f"the untrained state tells at least {up_to_eighth['untrained']:.0%} up to the eighth place, the trained one "
        f"{up_to_eighth['trained']:.0%}",
        f"Of words of eight letters {right(8):.0%} are right, of nine {right(9):.0%}, of ten {right(10):.0%}",
    ]
