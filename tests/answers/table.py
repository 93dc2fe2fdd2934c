"""The shape of an entry in the tables of answers."""

from dataclasses import dataclass


@dataclass
class Answers:
    """Right answers by name; wrong ones by name, each with what its message must say. At least three are wrong."""

    right: dict
    wrong: dict
