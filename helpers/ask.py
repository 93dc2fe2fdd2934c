"""A reader's own sentence, and what a translator says to it. Plumbing: no notebook derives it.

ask   lines to print: the best translations with their probabilities, or a friendly word
"""

from __future__ import annotations

import math

from helpers.pairs import normalize
from helpers.tokenizers import UNK
from helpers.translator import Translator


def ask(translator: Translator, sentence: str, num_best: int = 3, beam_size: int = 5, longest: int = 10) -> list[str]:
    """Return the `num_best` best translations of `sentence`, one a line, behind what a reader should know of it.

    beam_size: of the search that finds them. longest: the most tokens of a sentence that the translator was trained
    on; a longer one is translated with a warning. Whatever is typed, there is no error; a `sentence` that is no string
    is a TypeError.
    """
    cleaned = " ".join(normalize(sentence).split())
    if not cleaned.strip(" .!?,"):
        return ["There is nothing to translate yet: type a sentence between the quotation marks."]
    if cleaned[-1] not in ".!?":
        cleaned += " ."
    lines = []
    characters = sorted(set(cleaned) - {" "})
    encoded = translator.source.encode(characters)
    unknown = [character for character, ids in zip(characters, encoded, strict=True) if UNK in ids]
    if unknown:
        lines.append(f"(It has never seen {' '.join(unknown)} and reads a blank there.)")
    if len(cleaned.split()) > longest:
        lines.append(
            f"(It has learnt from sentences of at most {longest} words and marks; of this one it may lose a part.)"
        )
    lines.append(cleaned)
    for found in translator.search([cleaned], max(beam_size, num_best), num_best=num_best)[0]:
        probability = math.exp(found.log_prob)
        lines.append(f"   {f'{probability:.1%}' if probability >= 0.001 else '< 0.1%':>6}  {found.text}")
    return lines
