"""Is the most probable sentence the best? Notebook `beam-search`, section 9.

Beams of 1 to 20 and the exact search translate the same 1,000 held-out sentences with the translator that travels with
the project, by log P alone (α = 0). A wrong translation is the search's fault if a known one is more probable than what
the search has found, and the model's otherwise. Intervals are the middle 95% of 1,000 redraws of the sentences.

"A better search translates better" would have been true if BLEU and the share of right translations rose with every
wider beam up to the exact search. "Wide beams only lose to the brevity penalty" would have been true if the precision
went on rising, and if among translations as long as the greedy one the exact search's were nearer to a known one far
more often than farther. When another translator is put in place, delete helpers/results/search-exact.json first.
"""

NOTEBOOK, FUNCTION = "beam-search", "search_trial"
SEARCHES = [1, 2, 5, 10, 20, "exact"]
GRID = [{"search": search, "number": 1000} for search in SEARCHES]


def sentences(results) -> list[str]:
    """Return what the notebook says of the result; each is one of several that might have come out."""
    rows = {row["search"]: row for row in results.rows}
    first, five, exact = rows[1], rows[5], rows["exact"]
    share = first["mode_found"]
    most = "about half" if 45 <= share < 57 else "about two thirds" if 60 <= share < 72 else f"{share:.0f}%"
    few = "fewer than one translation in ten" if first["search_to_blame"] < 10 else "one translation in ten or more"
    hardly = "hardly ever" if five["search_to_blame"] < 1.5 else "sometimes"
    gains = [
        name for name, row in (("the beam of five", five), ("the exact search", exact)) if row["bleu_gain_low"] > 0
    ]
    more = exact["bleu_gain"] - five["bleu_gain"]
    less = "no more" if abs(more) < 1 else "less" if more < 0 else "more"
    precise = all(exact["precision"] >= row["precision"] for row in results.rows)
    brief = all(exact["brevity"] <= row["brevity"] for row in results.rows)
    nearer, farther = exact["nearer_same_length"], exact["farther_same_length"]
    often = "about as often nearer to a known one as farther from it"
    if not 0.87 < nearer / farther < 1.15:
        somewhat = "somewhat more often" if 0.67 < nearer / farther < 1.5 else "more often"
        both = ("nearer to a known one", "farther from it")
        often = f"{somewhat} {both[nearer < farther]} than {both[nearer > farther]}"
    highest, lowest = "the highest" if precise else "not the highest", "the lowest" if brief else "not the lowest"
    return [
        f"Greedy search finds the mode of {most} of the sentences",
        f"its search is to blame for {few}; a beam of five is {hardly} to blame",
        f"Both {' and '.join(gains)} gain BLEU over greedy search" if len(gains) == 2 else f"Only {gains} gain BLEU",
        f"the exact search gains {less} than the beam of five",
        f"It has {highest} precision of all and {lowest} brevity penalty",
        f"they are {often}",
    ]
