"""Values as JSON and bytes, for the pipe between the grader and the process of an answer; reading them runs no code.

Codec        numbers, texts, tuples, lists, sets, dicts, tensors and arrays as JSON and raw bytes; for the rest, hooks
BadMessage   what came is no message

The one exception: what the grader sends may hold a pickle (a layer of torch.nn); its own side refuses to read one.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

MOST_RAW, MOST_TEXT = 64_000_000, 100_000
DTYPES = {str(t).removeprefix("torch."): t for t in (
    torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64, torch.float16, torch.bfloat16,
    torch.float32, torch.float64, torch.complex64, torch.complex128,
)}  # fmt: skip
COLLECTIONS = {"tuple": tuple, "list": list, "set": set, "frozenset": frozenset}
ARRAYS = {np.dtype(kind).name: np.dtype(kind) for kind in "?bBhHiIqQefdFD"}


class BadMessage(Exception):
    """What came through the pipe is no message, or it is too large."""


class Codec:
    """Encodes and decodes values. The two sides override the hooks, for what they know of one another."""

    def note(self, tensor: Tensor) -> Any:
        """Return what JSON is to say about a tensor besides its numbers."""
        return None

    def noted(self, tensor: Tensor, note: Any) -> Tensor:
        return tensor

    def refer(self, value: Any, raw: list[bytes]) -> list:
        """Return JSON for a value that is none of the known kinds."""
        raise TypeError(f"{type(value).__name__} cannot be sent")

    def resolve(self, kind: str, rest: list, raw: list[bytes]) -> Any:
        """Return the value for JSON that `refer` of the other side made."""
        raise BadMessage(f"of an unknown kind: {kind!r}")

    def encode(self, value: Any, raw: list[bytes]) -> Any:
        if value is None or value is True or value is False:
            return value
        if isinstance(value, int) and abs(value).bit_length() < 10_000:
            return int.__pos__(value)
        if isinstance(value, float) and not isinstance(value, np.generic):
            return float.__pos__(value)
        if isinstance(value, str) and len(value) <= MOST_TEXT and not isinstance(value, np.generic):
            return str.__str__(value)
        if isinstance(value, complex) and not isinstance(value, np.generic):
            return ["complex", value.real, value.imag]
        for kind, made in COLLECTIONS.items():
            if isinstance(value, made):
                return [kind, *[self.encode(part, raw) for part in value]]
        if isinstance(value, dict) and all(isinstance(key, (str, int)) for key in value):
            return ["dict", *[[self.encode(key, raw), self.encode(part, raw)] for key, part in value.items()]]
        if isinstance(value, Tensor):
            with torch._C.DisableTorchFunctionSubclass(), torch.no_grad():  # the numbers, whatever a subclass says
                return self._tensor(value, raw)
        if isinstance(value, (np.ndarray, np.generic)) and value.dtype.name in ARRAYS:
            _add(raw, np.ascontiguousarray(value).astype(value.dtype.newbyteorder("=")).tobytes())
            kind = "array" if isinstance(value, np.ndarray) else "number"
            return [kind, value.dtype.name, list(value.shape), len(raw) - 1]
        return self.refer(value, raw)

    def _tensor(self, value: Tensor, raw: list[bytes]) -> list:
        if value.layout is not torch.strided or value.is_meta:
            return self.refer(value, raw)
        plain = value.as_subclass(Tensor).detach().resolve_conj().resolve_neg().cpu()
        if plain.numel() * plain.element_size() > MOST_RAW:
            raise ValueError(f"a tensor of the shape {tuple(plain.shape)} is too large to be handed back")
        numbers = plain.view(torch.int16) if plain.dtype is torch.bfloat16 else plain  # which NumPy does not know
        _add(raw, numbers.numpy().tobytes())
        name = str(plain.dtype).removeprefix("torch.")
        return ["tensor", name, list(plain.shape), len(raw) - 1, self.note(value)]

    def decode(self, found: Any, raw: list[bytes]) -> Any:
        if not isinstance(found, (list, dict)):
            return found
        if not isinstance(found, list) or not found or not isinstance(found[0], str):
            raise BadMessage("not made by the codec")
        kind, rest = found[0], found[1:]
        if kind in COLLECTIONS:
            return COLLECTIONS[kind](self.decode(part, raw) for part in rest)
        if kind == "dict":
            return {self.decode(key, raw): self.decode(part, raw) for key, part in rest}
        if kind == "complex":
            return complex(*map(float, rest))
        if kind == "tensor":
            name, shape, place, note = rest
            numbers = torch.frombuffer(bytearray(raw[place]) or bytearray(16), dtype=torch.uint8)[: len(raw[place])]
            dtype = DTYPES[name]
            numbers = numbers.ne(0) if dtype is torch.bool else numbers.view(dtype)
            return self.noted(numbers.reshape(_sizes(shape)), note)
        if kind in ("array", "number"):
            name, shape, place = rest
            array = np.frombuffer(raw[place], dtype=ARRAYS[name]).reshape(_sizes(shape)).copy()
            return array if kind == "array" else array[()]
        return self.resolve(kind, rest, raw)


def _add(raw: list[bytes], part: bytes) -> None:
    if sum(map(len, raw)) + len(part) > MOST_RAW:
        raise ValueError("too much to be handed back")
    raw.append(part)


def _sizes(shape: list) -> tuple[int, ...]:
    if not all(type(n) is int and n >= 0 for n in shape) or math.prod(shape) > MOST_RAW:
        raise BadMessage("a shape that is none")
    return tuple(shape)
