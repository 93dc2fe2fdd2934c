"""Other answers for the checks of the page `what-came-after`, right and wrong."""

import math

import torch


def forgetting(Q, K, V, a):
    S, outputs = 0, []
    for t in range(Q.shape[1]):
        S = a[:, t, None, None] * S + torch.einsum("bi,bj->bij", K[:, t], V[:, t])
        outputs.append(torch.einsum("bi,bij->bj", Q[:, t], S))
    return torch.stack(outputs, dim=1)


RIGHT = {
    "check_forgetting": {"a step at a time": forgetting},
    "check_memory_by_hand": {
        "a slow trace": lambda: (0.0, 0.9, -800.0, 685.0),
        "a trace that is kept at the flag": lambda: (0.25, 0.25, -200.0, 20.0),
    },
}
WRONG = {
    "check_forgetting": {
        "the factor of the step before": (
            lambda Q, K, V, a: forgetting(Q, K, V, torch.cat([a[:, :1], a[:, :-1]], dim=1)),
            "B = 2, T = 4 and D = 3 the result is off by",
        ),
        "keys and values changed": (lambda Q, K, V, a: forgetting(Q, V, K, a), "the result is off by"),
        "the last step alone": (lambda *args: forgetting(*args)[:, -1], "it should be (1, 1, 1)"),
    },
    "check_memory_by_hand": {
        "the trace does not fade": (lambda: (0.0, 1.0, -80.0, 30.0), "the second layer holds the last symbol"),
        "open at the flag alone": (lambda: (0.0, 0.5, -80.0, 60.0), "the second layer takes up nothing"),
        "fades at once": (lambda: (0.0, 0.0, -80.0, 30.0), "the second layer takes up nothing"),
        "not a number": (lambda: (math.nan, 0.5, -80.0, 30.0), "Z_flag leaves the range of a sigmoid"),
        "three numbers": (lambda: (0.0, 0.5, -80.0), "should be (Z_flag, Z_other, w, b)"),
    },
}
