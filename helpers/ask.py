"""A reader's own sentence, and what a model says to it. Plumbing: no notebook derives it.

ask      lines to print: the best translations with their probabilities, or a friendly word
go_on    lines to print: what a language model writes after a beginning, or a friendly word
"""

from __future__ import annotations

import math

import torch

from helpers import text
from helpers.beam_search import beam_search
from helpers.language_model import read_prompt
from helpers.pairs import normalize
from helpers.pretrained.writers import Writer
from helpers.sampling import sample
from helpers.tokenizers import UNK
from helpers.training import inference
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


def go_on(writer: Writer, beginning: str, length: int = 80) -> list[str]:
    """Return what `writer` writes after `beginning`, `length` characters in each of four ways, one a line.

    The ways: the most probable character each time, a beam of 10, and characters drawn at two temperatures, with
    torch's global generator. The beginning is cleaned as the novel was: small letters, one space between words.
    Whatever is typed, there is no error; a `beginning` that is no string is a TypeError.
    """
    if not isinstance(beginning, str):
        raise TypeError(f"the beginning is {type(beginning).__name__}; type it between quotation marks")
    cleaned = text.clean(beginning).lstrip()
    if not cleaned.strip():
        return ["There is nothing to go on from yet: type a few English words between the quotation marks."]
    device = next(writer.model.parameters()).device
    ids = torch.tensor([writer.vocab.encode(cleaned)], device=device)  # (1, T)
    limits = {"eos": None, "max_steps": length}
    with inference(writer.model):
        start = writer.model, *read_prompt(writer.model, ids)
        found = {
            "most probable": sample(*start, temperature=0, **limits),
            "a beam of 10": beam_search(*start, beam_size=10, **limits),
            "drawn, τ = 0.6": sample(*start, temperature=0.6, **limits),
            "drawn, τ = 1": sample(*start, **limits),
        }
    return [cleaned, *(f"   {way:>14}  …{''.join(writer.vocab.decode(each.best()[0]))}" for way, each in found.items())]
