"""Answers that run in a process of their own; the grader calls them as if they were functions here.

Process      one of them; `teaching.processes` makes it
Answer       the function itself: hand it to a check

What comes back is plain data, or an object whose calls go to the other process. Gradients go through.
"""

from __future__ import annotations

import io
import pickle
from typing import Any

import torch
from torch import Tensor, nn

from teaching.dialogue import Dialogue
from teaching.gradients import linked, tensors
from teaching.layers import stand_in


class Process(Dialogue):
    """A process, and how values travel to and from it."""

    def __init__(self, *args: Any):
        super().__init__(*args)
        self.modules: list[RemoteModule] = []

    def define(self, statements: list[str], name: str) -> Answer:
        """Run statements there; return the function of this name."""
        return Answer(self, self.ask(do="define", statements=statements, answer=name)["value"])

    def encode(self, value: Any, raw: list[bytes]) -> Any:
        known = getattr(value, "kept_there", None) if isinstance(value, (Tensor, Opaque, RemoteModule)) else None
        return super().encode(value, raw) if known is None else ["kept", known]

    def note(self, tensor: Tensor) -> bool:
        return tensor.requires_grad

    def noted(self, tensor: Tensor, note: Any) -> Tensor:
        tensor.kept_there, tensor.has_graph = int(note[0]), note[1] is True
        return tensor

    def refer(self, value: Any, raw: list[bytes]) -> list:
        ours = isinstance(value, nn.Module) and all(type(m).__module__.startswith("torch.nn.") for m in value.modules())
        if ours:
            stream = io.BytesIO()
            pickle.dump(value, stream)
            raw.append(stream.getvalue())
            return ["pickle", len(raw) - 1]
        if not callable(value):
            raise TypeError(f"a question cannot hand over a {type(value).__name__}")
        self.handed.append(value)
        return ["module" if isinstance(value, nn.Module) else "callable", len(self.handed) - 1]

    def resolve(self, kind: str, rest: list, raw: list[bytes]) -> Any:
        if kind == "yours":
            return self.handed[rest[0]]
        number, name, text, layers = rest
        if kind == "module":
            self.modules.append(RemoteModule(self, int(number), str(text), layers))
            return self.modules[-1]
        made = RemoteFunction if kind == "callable" else Opaque
        return type(str(name)[:60] if str(name).isidentifier() else "object", (made,), {})(self, int(number), str(text))

    # --- calls -------------------------------------------------------------------------------------------------------

    def call(self, target: int, method: str, args: tuple, named: dict, *, watch: bool = False) -> Any:
        """Call something there. Gradients go to the arguments that ask for them, or else to its own parameters."""
        silence = bool(nn.modules.module._global_forward_hooks)  # a check looks what would be without the LSTM
        reply = self.ask(do="call", target=target, method=method, args=args, named=named, silence=silence, watch=watch)
        inputs = [tensor for tensor in tensors(args) if tensor.requires_grad and not hasattr(tensor, "kept_there")]
        for place, now in reply["changed"] if watch else ():
            tensor = tensors(args)[place]
            if now.shape == tensor.shape:
                tensor.detach().copy_(now)
            else:
                tensor.detach().fill_(float("nan")) if tensor.is_floating_point() else tensor.zero_()
        if silence and reply["runs"]:
            nn.LSTM(1, 1)(torch.zeros(1, 1))  # so that the check's own hook sees one run
        if any(tensor.has_graph for tensor in tensors(reply["value"])):
            if inputs:
                return linked(self, reply["value"], int(reply["call"]), inputs)
            if target in [module.kept_there for module in self.modules]:
                return linked(self, reply["value"], None, [])
        return reply["value"]


class Answer:
    """A student's function. watch: what it does to its arguments is done to those here as well."""

    def __init__(self, process: Process, number: int, watch: bool = False):
        self.process, self.number, self.watch = process, number, watch

    def __call__(self, *args: Any) -> Any:
        return self.process.call(self.number, "", args, {}, watch=self.watch)


class Opaque:
    """A value that stays there; here it has a name and a text."""

    def __init__(self, process: Process, number: int, text: str):
        self.process, self.kept_there, self._text = process, number, text

    def __repr__(self) -> str:
        return self._text


class RemoteFunction(Opaque):
    def __call__(self, *args: Any, **named: Any) -> Any:
        return self.process.call(self.kept_there, "", args, named)


class RemoteModule(nn.Module):
    """A module that stays there. `layers` are stand-ins of its recurrent layers: their sizes, and their gradients."""

    def __init__(self, process: Process, number: int, text: str, layers: list):
        super().__init__()
        self.__dict__.update(process=process, kept_there=number, _text=text)
        self.layers = nn.ModuleList(stand_in(*layer) for layer in layers[:9])

    def forward(self, *args: Any, **named: Any) -> Any:
        return self.process.call(self.kept_there, "", args, named)

    def train(self, mode: bool = True) -> RemoteModule:
        self.process.call(self.kept_there, "train", (mode,), {})
        return super().train(mode)

    def zero_grad(self, set_to_none: bool = True) -> None:
        self.process.call(self.kept_there, "zero_grad", (), {})
        super().zero_grad(set_to_none)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name.startswith("_"):
                raise
        return lambda *args, **named: self.process.call(self.kept_there, name, args, named)

    def __repr__(self) -> str:
        return self._text
