"""What a fault in the data costs, or pretends to give. Notebook `machine-translation-and-dataset`, section 8.

One small translator for each fault and seed; a seed draws the held-out lines as well, the same for every fault. All of
them have one learning rate and eight passes, chosen on a run with the seed 9. What would have refuted the claims:

leak          a score no higher than without it on sources that have another line in the file; or as much higher on the
              sources that have none, for then the reason would be the larger training part
no end        outputs that stop where the references do
vocabulary    a higher BLEU in every seed, for then more than the rate of unknown words would change
"Raw spaces harm" and "a lost end harms" were expected too, and are refuted: the first on sentences that end in ! or ?,
where nearly all of these spaces stand, the second beside its control, cut sentences that keep their end.
"""

from statistics import mean

NOTEBOOK, FUNCTION = "machine-translation-and-dataset", "fault_trial"
FAULTS = ["none", "leak", "vocabulary", "raw spaces", "no end", "cut, end lost", "cut, end kept"]
GRID = [{"fault": fault, "seed": seed} for seed in range(3) for fault in FAULTS]


def sentences(results) -> list[str]:
    """Return what the notebook says of the result: means, and the range of the seeds."""

    def of(measured: str, fault: str) -> list[float]:
        return results.values(measured, by=["fault"])[fault,]

    def told(measured: str, fault: str) -> str:
        values = of(measured, fault)
        return f"{mean(values):.1f} ({min(values):.1f} to {max(values):.1f})"

    bleu = {fault: told("all: BLEU", fault) for fault in FAULTS}
    alone, elsewhere = ([mean(of(f"{part}: BLEU", fault)) for fault in ("leak", "none")]
                        for part in ("here alone", "elsewhere too"))  # fmt: skip
    unknown = [mean(of("unknown target", fault)) for fault in ("vocabulary", "none")]
    lengths = [mean(of("long: tokens written", fault)) for fault in ("cut, end kept", "none")]
    pairs_of_seeds = zip(of("all: BLEU", "none"), of("all: BLEU", "raw spaces"), strict=True)
    assert all(sound > raw for sound, raw in pairs_of_seeds), "a little less in each of the three seeds"
    assert mean(of("marked: BLEU", "raw spaces")) > mean(of("marked: BLEU", "none")), "they are not worse"
    pairs_of_seeds = zip(of("all: BLEU", "cut, end lost"), of("all: BLEU", "cut, end kept"), strict=True)
    assert all(lost > kept for lost, kept in pairs_of_seeds), "in each seed the kept end scored lower"
    assert min(of("all: no end in sight", "no end")) == 1, "every translation runs to the limit"
    return [
        f"from {bleu['none']} to {bleu['leak']}",
        f"it is {elsewhere[0]:.1f} in place of {elsewhere[1]:.1f}",
        f"it is {alone[0]:.1f} in place of {alone[1]:.1f}",
        f"BLEU falls to {bleu['no end']}",
        f"from all text reach {bleu['vocabulary']}",
        f"{unknown[0]:.1%} of the French tokens are unknown in place of {unknown[1]:.1%}",
        f"unusual spaces reach {bleu['raw spaces']}",
        f"Sentences cut without their end reach {bleu['cut, end lost']}, those cut with it {bleu['cut, end kept']}",
        f"{lengths[0]:.1f} tokens in place of {lengths[1]:.1f}",
    ]
