"""A second device for machines that have none: it computes on the CPU, and refuses to mix its tensors with others.

    SECOND    the device: torch.device("meta"), whose real tensors hold no values; those made here do
    TwoDevices   a mode in which `.to(SECOND)` and `device=SECOND` give tensors that live on the second device

As on a graphics card, a tensor without axes may come from the CPU, and so may the lengths of a packed sequence and an
index; anything else raises MixedDevices, where a real card would raise RuntimeError.
"""

from __future__ import annotations

from contextlib import contextmanager

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode
from torch.utils._mode_utils import no_dispatch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_flatten, tree_map_only

SECOND = torch.device("meta")
LENGTHS_STAY = ("_pack_padded_sequence", "_pad_packed_sequence")  # batch sizes and lengths live on the CPU by design


class MixedDevices(RuntimeError):
    """An operation got tensors of both devices."""


class Elsewhere(Tensor):
    """A tensor on the second device; `here` holds its values."""

    here: Tensor

    @staticmethod
    def __new__(cls, here: Tensor) -> Elsewhere:
        made = Tensor._make_wrapper_subclass(
            cls, here.shape, strides=here.stride(), storage_offset=here.storage_offset(), dtype=here.dtype,
            device=SECOND, requires_grad=False,
        )  # fmt: skip
        made.here = here
        return made

    def __repr__(self) -> str:
        return f"Elsewhere({self.here!r})"

    def tolist(self):
        return self.here.tolist()

    @classmethod
    def __torch_dispatch__(cls, operation, types, args=(), kwargs=None):
        return dispatch(operation, args, kwargs or {})


class _Operations(TorchDispatchMode):
    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        return dispatch(operation, args, kwargs or {})


class _Values(TorchFunctionMode):
    """torch.tensor on a meta device forgets the values before any operation is seen."""

    def __torch_function__(self, function, types, args=(), kwargs=None):
        kwargs = kwargs or {}
        if function in (torch.tensor, torch.as_tensor) and kwargs.get("device") in (SECOND, str(SECOND)):
            return function(*args, **{name: value for name, value in kwargs.items() if name != "device"}).to(SECOND)
        return function(*args, **kwargs)


@contextmanager
def TwoDevices():
    with _Operations(), _Values():
        yield


def dispatch(operation, args, kwargs):
    name = operation._schema.name.split("::")[1]
    tensors = [leaf for leaf in tree_flatten((args, kwargs))[0] if isinstance(leaf, Tensor)]
    away = [leaf for leaf in tensors if isinstance(leaf, Elsewhere)]
    target = torch.device(kwargs["device"]) if kwargs.get("device") is not None else None
    copies = name in ("_to_copy", "copy_")
    if away and not copies:
        check(name, args, tensors)
    if target == SECOND:
        kwargs = kwargs | {"device": torch.device("cpu")}
    plain_args, plain_kwargs = tree_map_only(Elsewhere, lambda leaf: leaf.here, (args, kwargs))
    result = operation(*plain_args, **plain_kwargs)
    if away and torch.Tag.inplace_view in operation.tags:  # such as transpose_: the outside must follow the inside
        with no_dispatch():
            operation(*args, **kwargs)
    if name.endswith("_") and not name.endswith("__") and isinstance(args[0], Tensor):
        return args[0]  # in place
    if "out" in kwargs:
        return kwargs["out"]
    stays = target == SECOND or (target is None and bool(away))
    if name == "_pad_packed_sequence" or name == "_pack_padded_sequence":
        first, second = result
        return Elsewhere(first) if away else first, second
    return tree_map_only(Tensor, Elsewhere, result) if stays else result


def check(name: str, args, tensors) -> None:
    here = [leaf for leaf in tensors if not isinstance(leaf, Elsewhere) and leaf.dim() > 0]
    if name in LENGTHS_STAY:
        return
    if name.startswith(("index", "_unsafe_index", "_index")) and isinstance(args[0], Elsewhere):
        indices = [leaf for leaf in tree_flatten(args[1])[0] if isinstance(leaf, Tensor)] if len(args) > 1 else []
        here = [leaf for leaf in here if not any(leaf is index for index in indices)]
    if here:
        shapes = ", ".join(str(tuple(leaf.shape)) for leaf in here)
        raise MixedDevices(f"{name} got tensors of both devices; those of the CPU have the shapes {shapes}")
