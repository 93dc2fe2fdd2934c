"""Hidden cases for the checks of the page `what-came-after`.

check_memory_by_hand has none: its answer takes no argument.
"""

from __future__ import annotations

from random import Random


def check_forgetting(random: Random) -> list[tuple]:
    return [(random.randint(1, 4), random.randint(5, 12), random.randint(2, 5)) for _ in range(2)]
