"""What a second direction is worth where characters are missing, and how far it looks. Notebook `bi-rnn`, section 6.

Three readers of equal size, three learning rates, three seeds each. A rate is chosen by characters of the training text
that none was trained on; the held-out ones report. "Twenty points" would be refuted by a lead that depends on the
mask: it does, so each mask is told beside its lead. "Both sides matter, the near ones most" would be refuted by a side
whose characters can be hidden at no cost, or by a cost that does not fall with the distance. Control: of the forward
reader, nothing to the right may matter at all.
"""

from statistics import mean

NOTEBOOK, FUNCTION = "bi-rnn", "fill_trial"
RIVALS = ["forward only", "backward only", "both directions"]
RATES = [0.01, 0.02, 0.04]
GRID = [{"rival": rival, "rate": rate, "seed": seed} for rival in RIVALS for rate in RATES for seed in range(3)]


MASKS = ["every seventh", "random 5 %", "random 15 %", "random 30 %"]


def at_best_rate(results, measured: str, rival: str) -> list[float]:
    """Return what three seeds measured, at the rate that the text kept back has chosen."""
    chosen = results.values("choosing", by=["rate"], rival=rival)
    rate = max(chosen, key=lambda rate: mean(chosen[rate]))
    return results.values(measured, by=["rate"], rival=rival)[rate]


def sentences(results) -> list[str]:
    """Return what the notebook says of the result, each number beside the reader that it belongs to."""
    shares = {rival: at_best_rate(results, "every seventh", rival) for rival in RIVALS}
    forward, backward, both = (
        f"{mean(shares[rival]):.1%} ({min(shares[rival]):.1%} to {max(shares[rival]):.1%})" for rival in RIVALS
    )
    leads = [
        100 * (mean(at_best_rate(results, mask, RIVALS[2])) - mean(at_best_rate(results, mask, RIVALS[0])))
        for mask in MASKS
    ]
    alone, *hidden = (
        mean(at_best_rate(results, f"without {offset}", RIVALS[2])) for offset in (0, -1, 1, -2, 2, -5, 5)
    )
    falls = [100 * (alone - share) for share in hidden]
    return [
        f"the forward reader restores {forward}",
        f"the backward one {backward}",
        f"and both directions {both}",
        f"{leads[0]:.0f} points if every seventh character is masked",
        f"{leads[1]:.0f} at random 5 %, {leads[2]:.0f} at 15 % and {leads[3]:.0f} at 30 %",
        f"costs {falls[0]:.1f} points of probability on the left and {falls[1]:.1f} on the right",
        f"the second {falls[2]:.1f} and {falls[3]:.1f}",
        f"the fifth {falls[4]:.1f} and {falls[5]:.1f}",
    ]
