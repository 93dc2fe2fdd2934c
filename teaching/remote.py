"""Answers that run in a process of their own; the grader calls them as if they were functions here.

Zygote       makes a process for each answer
Process      one of them
Answer       the function itself: hand it to a check
Ended        the process came to no result: too long, dead, or talking nonsense

What comes back is plain data, or an object whose calls go to the other process. Gradients go through: the graph stays
there, and is asked for products with it.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import pickle
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from teaching.codec import BadMessage, Codec, Link
from tools import common

MEMORY = 4 << 30
LARGEST_LAYER = 4096, 16  # hidden units and layers of a stand-in


class Ended(BaseException):
    """No result: `why` is 'time', 'memory', 'crash', 'exit' or 'nonsense'. Not an Exception: no check catches it."""

    def __init__(self, why: str, detail: str = ""):
        super().__init__(why, detail)
        self.why, self.detail = why, detail


class Zygote:
    """modules: imported once, before there are answers. closed: folders that no answer may read.

    seconds: of the processor for each process, which gets twice as many by the clock.
    """

    def __init__(self, modules: list[str] = (), closed: list[Path] = (), seconds: int = 10, memory: int = MEMORY):
        self.seconds, self.folder = seconds, Path(tempfile.mkdtemp(prefix="answers-")).resolve()
        self.folder.chmod(0o711)
        settings = {"modules": list(modules), "closed": [str(path.resolve()) for path in closed], "seconds": seconds,
                    "memory": memory, "folder": str(self.folder), "project": str(common.ROOT)}  # fmt: skip
        self.control, other = socket.socketpair()
        known = {"OMP_NUM_THREADS": "1", "MPLBACKEND": "Agg", "OBJC_DISABLE_INITIALIZE_FORK_SAFETY": "YES"}
        kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "VIRTUAL_ENV") if name in os.environ}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "teaching.zygote", str(other.fileno()), json.dumps(settings)],
            cwd=common.ROOT, env=kept | known, pass_fds=[other.fileno()], stdin=subprocess.DEVNULL,
        )  # fmt: skip
        other.close()
        if self.control.recv(1) != b"r":
            raise RuntimeError("the process that runs the answers does not start; what it said stands above")

    def close(self) -> None:
        self.control.close()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    @contextlib.contextmanager
    def running(self) -> Iterator[Process]:
        """A new process; it is ended with whatever it has begun."""
        ours, its = socket.socketpair()
        socket.send_fds(self.control, [b"m"], [its.fileno()])
        its.close()
        _number(self.control, 20)
        process = Process(ours, self.control, 2 * self.seconds, self.seconds)
        try:
            hello = process.get()
            if "failed" in hello:
                raise RuntimeError(f"an answer's process cannot be protected: {hello['failed']}")
            process.protections = hello["protections"]
            yield process
        finally:
            process.end()


def _number(control: socket.socket, size: int) -> str:
    text = b""
    while len(text) < size:
        part = control.recv(size - len(text))
        if not part:
            raise RuntimeError("the process that runs the answers has ended")
        text += part
    return text.decode()


class Process(Codec):
    """The grader's end of a process."""

    def __init__(self, connection: socket.socket, control: socket.socket, clock: float, seconds: float):
        self.link, self.control = Link(connection, self), control
        self.until, self.seconds, self.ended = time.monotonic() + clock, seconds, False
        self.handed: list[Any] = []  # functions and layers that it may call back
        self.errors: list[BaseException] = []
        self.modules: list[RemoteModule] = []

    def end(self, died: bool = False) -> tuple[int, float]:
        """End the process, if it has not; return its exit status and its seconds of the processor."""
        if self.ended:
            return 0, 0.0
        self.ended = True
        self.link.connection.close()
        self.control.send(b"d" if died else b"e")
        status, seconds = _number(self.control, 20).split()
        return int(status), float(seconds)

    def define(self, statements: list[str], name: str) -> Answer:
        """Run statements there; return the function of this name."""
        return Answer(self, self.ask(do="define", statements=statements, answer=name)["value"])

    # --- messages ----------------------------------------------------------------------------------------------------

    def ask(self, **message: Any) -> dict:
        """Send a message and return the reply, after any calls back; errors there are raised here, by their names."""
        self._send(message)
        while "callback" in (reply := self.get()):
            self._send(self._called_back(reply))
        if "error" not in reply:
            return reply
        if isinstance(reply.get("thrown"), int) and 0 <= reply["thrown"] < len(self.errors):
            raise self.errors[reply["thrown"]]  # an error of a function of ours, which has come through theirs
        if reply.get("unsolved"):
            raise NotImplementedError(str(reply.get("text")))
        name = str(reply["error"])[:60]
        raise type(name if name.isidentifier() else "Error", (Exception,), {})(str(reply.get("text"))[:500])

    def get(self) -> dict:
        try:
            self._hurry()
            return self.link.receive()
        except TimeoutError:
            raise Ended("time") from None
        except BadMessage as error:
            raise Ended("nonsense", str(error)[:200]) from None
        except (EOFError, OSError):
            raise self._died() from None

    def _send(self, message: dict) -> None:
        try:
            self._hurry()
            self.link.send(**message)
        except TimeoutError:
            raise Ended("time") from None
        except OSError:
            raise self._died() from None

    def _hurry(self) -> None:
        left = self.until - time.monotonic()
        if left <= 0:
            raise TimeoutError
        self.link.connection.settimeout(left)

    def _died(self) -> Ended:
        status, seconds = self.end(died=True)
        if seconds >= self.seconds - 0.5 and status < 0:
            return Ended("time")
        return Ended("memory" if status == -9 else "crash" if status < 0 else "exit", str(status))

    def _called_back(self, reply: dict) -> dict:
        try:
            return {"value": self.handed[reply["callback"]](*reply["args"], **reply["named"])}
        except Exception as error:  # theirs to see, and ours again if it comes through
            self.errors.append(error)
            return {"error": type(error).__name__, "text": str(error), "thrown": len(self.errors) - 1}

    # --- values ------------------------------------------------------------------------------------------------------

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
        inputs = [tensor for tensor in _tensors(args) if tensor.requires_grad and not hasattr(tensor, "kept_there")]
        for place, now in reply["changed"] if watch else ():
            tensor = _tensors(args)[place]
            if now.shape == tensor.shape:
                tensor.detach().copy_(now)
            else:
                tensor.detach().fill_(float("nan")) if tensor.is_floating_point() else tensor.zero_()
        if silence and reply["runs"]:
            nn.LSTM(1, 1)(torch.zeros(1, 1))  # so that the check's own hook sees one run
        outputs = [tensor for tensor in _tensors(reply["value"]) if tensor.has_graph]
        if outputs and (inputs or target in [module.kept_there for module in self.modules]):
            call = int(reply["call"]) if inputs else None
            linked = _Remote.apply(self, call, outputs, *(inputs or [torch.zeros((), requires_grad=True)]))
            numbers = {tensor.kept_there: self.noted(new, [tensor.kept_there, True])
                       for tensor, new in zip(outputs, linked, strict=True)}  # fmt: skip
            return _replaced(reply["value"], numbers)
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
        self.layers = nn.ModuleList(_stand_in(*layer) for layer in layers[:9])

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


def _stand_in(kind: str, inputs: int, hidden: int, layers: int, bias: bool, both: bool) -> nn.Module:
    small = inputs > 0 and 0 < hidden <= LARGEST_LAYER[0] >= inputs and 0 < layers <= LARGEST_LAYER[1]
    if kind not in ("RNN", "GRU", "LSTM") or not small:
        return nn.Identity()
    return getattr(nn, kind)(inputs, hidden, layers, bias=bool(bias), batch_first=True, bidirectional=bool(both))


class _Remote(torch.autograd.Function):
    """The results of a call there, with a graph that leads there. call: None where only parameters get gradients."""

    @staticmethod
    def forward(ctx: Any, process: Process, call: int | None, outputs: list[Tensor], *inputs: Tensor) -> tuple:
        ctx.process, ctx.call, ctx.numbers = process, call, [tensor.kept_there for tensor in outputs]
        ctx.shapes = [(tensor.shape, tensor.dtype) for tensor in inputs]
        ctx.set_materialize_grads(False)
        return tuple(tensor.clone() for tensor in outputs)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor | None) -> tuple:
        asked = [(number, grad) for number, grad in zip(ctx.numbers, grads, strict=True) if grad is not None]
        numbers, given = [number for number, _ in asked], [grad.detach().clone() for _, grad in asked]
        try:
            if ctx.call is not None:
                found = ctx.process.ask(do="product", call=ctx.call, outputs=numbers, grads=given)["value"]
                return (None, None, None, *_fitting(found, ctx.shapes))
            modules = ctx.process.modules
            places = [module.kept_there for module in modules]
            found = ctx.process.ask(do="backward", outputs=numbers, grads=given, modules=places)["value"]
            for module, layers in zip(modules, found, strict=False):
                for stand_in, grads_there in zip(module.layers, layers, strict=False):
                    parameters = list(stand_in.parameters())
                    for parameter, grad in zip(parameters, grads_there, strict=False):
                        fits = isinstance(grad, Tensor) and grad.shape == parameter.shape
                        parameter.grad = grad.to(parameter.dtype) if fits else None
        except Exception as error:
            raise RuntimeError(f"{type(error).__name__}: {error}") from error
        return (None, None, None, *[None for _ in ctx.shapes])


def _fitting(grads: Any, shapes: list) -> list[Tensor | None]:
    if not isinstance(grads, list) or len(grads) != len(shapes):
        raise RuntimeError("no gradients")
    return [grad.to(dtype) if isinstance(grad, Tensor) and grad.shape == shape else None
            for grad, (shape, dtype) in zip(grads, shapes, strict=True)]  # fmt: skip


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [tensor for part in value for tensor in _tensors(part)] if isinstance(value, (tuple, list)) else []


def _replaced(value: Any, numbers: dict[int, Tensor]) -> Any:
    if isinstance(value, Tensor):
        return numbers.get(value.kept_there, value)
    if isinstance(value, dict):
        return {key: _replaced(part, numbers) for key, part in value.items()}
    return type(value)(_replaced(part, numbers) for part in value) if isinstance(value, (tuple, list)) else value
