"""Tensors in tuples, lists and dictionaries, against nests written out."""

from collections import Counter, OrderedDict, namedtuple

import pytest
import torch
from torch import nn

from helpers import nested

Batch = namedtuple("Batch", ["src", "length"])
NEST = {"a": [1, (2, Batch(3, [4]))], "b": (), "c": None}


def test_every_leaf_is_changed_and_nothing_else():
    changed = nested.each(lambda leaf: leaf and 10 * leaf, NEST)
    assert changed == {"a": [10, (20, Batch(30, [40]))], "b": (), "c": None}
    assert type(changed["a"][1][1]) is Batch
    assert {"a": [1, (2, Batch(3, [4]))], "b": (), "c": None} == NEST


def test_leaves_come_in_order():
    assert list(nested.leaves(NEST)) == [1, 2, 3, 4, None]
    assert list(nested.leaves(7)) == [7]


@pytest.mark.parametrize("kind", [OrderedDict, Counter, dict])
def test_dictionaries_keep_their_class(kind):
    found = nested.each(lambda leaf: leaf + 1, kind({"x": 1, "y": 2}))
    assert type(found) is kind
    assert found == {"x": 2, "y": 3}


def test_dictionaries_keep_their_attributes():
    """Torch gives a state_dict its `_metadata`, and looks for it when it is loaded."""
    state = nn.Linear(2, 1).state_dict()
    doubled = nested.each(lambda part: 2 * part, state)
    assert doubled._metadata == state._metadata
    assert torch.equal(doubled["weight"], 2 * state["weight"])
