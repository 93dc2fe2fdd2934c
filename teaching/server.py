"""The process of an answer: it runs the student's code and calls the answer whenever the grader asks for it.

serve        give up all rights, then define what is sent, and call
Kept         a value that stays here; the grader has a number for it

It knows neither the checks nor a right result. What it says is data to the grader, whatever the student's code has
done to it.
"""

from __future__ import annotations

import pickle
import socket
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from teaching import sandbox
from teaching.codec import BadMessage, Codec, Link

LONGEST = 500  # characters of an error's text


def serve(place: sandbox.Place, pipe: int) -> None:
    connection = socket.socket(fileno=pipe)
    server = _Server(connection)
    try:
        protections = sandbox.enter(place, pipe)
    except Exception as error:  # without protection nothing of a student's is run
        server.link.send(failed=f"{type(error).__name__}: {error}")
        return
    server.link.send(protections=protections)
    server.run()


class _Server(Codec):
    """Values that have no plain form stay in `kept`; so do tensors, because of their graph."""

    def __init__(self, connection: socket.socket):
        self.link = Link(connection, self)
        self.kept: list[Any] = []
        self.leaves: list[Tensor] = []  # of the call that is being read
        self.calls: list[list[Tensor]] = []  # the leaves of each call, for its gradients
        self.thrown: dict[int, BaseException] = {}

    # --- values ------------------------------------------------------------------------------------------------------

    def keep(self, value: Any) -> int:
        self.kept.append(value)
        return len(self.kept) - 1

    def note(self, tensor: Tensor) -> list:
        return [self.keep(tensor), tensor.requires_grad]

    def noted(self, tensor: Tensor, note: Any) -> Tensor:
        if not note:
            return tensor
        self.leaves.append(tensor.requires_grad_())
        return tensor.clone()  # which may be changed in place, as in a notebook

    def refer(self, value: Any, raw: list[bytes]) -> list:
        if isinstance(value, (_Handle, _ModuleHandle)):
            return ["yours", value.number]
        kind = "module" if isinstance(value, nn.Module) else "callable" if callable(value) else "object"
        layers = _layers(value) if kind == "module" else []
        return [kind, self.keep(value), type(value).__name__, repr(value)[:LONGEST], [_size(one) for one in layers]]

    def resolve(self, kind: str, rest: list, raw: list[bytes]) -> Any:
        if kind == "pickle":
            return pickle.loads(raw[rest[0]])
        if kind == "kept":
            return self.kept[rest[0]]
        if kind in ("callable", "module"):
            return (_ModuleHandle if kind == "module" else _Handle)(rest[0], self.ask)
        raise BadMessage(kind)

    def ask(self, number: int, args: tuple, named: dict) -> Any:
        """Call back what the grader has handed as an argument."""
        self.link.send(callback=number, args=args, named=named)
        reply = self.link.receive()
        if "error" in reply:
            error = type(reply["error"], (Exception,), {})(reply["text"])
            self.thrown[reply["thrown"]] = error
            raise error
        return reply["value"]

    # --- what the grader asks for ------------------------------------------------------------------------------------

    def run(self) -> None:
        while True:
            self.leaves = []
            message = self.link.receive()
            do = getattr(self, f"do_{message.pop('do')}")
            try:
                self.link.send(**do(**message))
            except BaseException as error:  # SystemExit as well: a student's function that exits is wrong
                self.link.send(**self._told(error))

    def _told(self, error: BaseException) -> dict:
        try:
            text = str(error)[:LONGEST]
        except BaseException:
            text = "an error that cannot be shown"
        thrown = next((number for number, known in self.thrown.items() if known is error), None)
        unsolved = isinstance(error, NotImplementedError)
        return {"error": type(error).__name__, "text": text, "unsolved": unsolved, "thrown": thrown}

    def do_define(self, statements: list[str], answer: str) -> dict:
        """Run statements; those that need a name of a later one are tried again after it."""
        space: dict[str, Any] = {"__name__": "__main__", "__builtins__": __builtins__}
        left = statements
        while left:
            later, missing = [], None
            for statement in left:
                try:
                    exec(compile(statement, "answer", "exec"), space)
                except NameError as error:
                    later.append(statement)
                    missing = error
            if len(later) == len(left):
                raise missing
            left = later
        torch.manual_seed(0)  # as the checks do
        return {"value": self.keep(space[answer])}

    def do_call(self, target: int, method: str, args: tuple, named: dict, silence: bool, watch: bool) -> dict:
        leaves = self.leaves
        before = [(tensor, tensor.detach().clone()) for tensor in _tensors(args)] if watch else []
        called = getattr(self.kept[target], method) if method else self.kept[target]
        runs: list[nn.Module] = []
        hook = nn.modules.module.register_module_forward_hook(_silence(runs)) if silence else None
        try:
            value = called(*args, **named)
        finally:
            if hook:
                hook.remove()
        self.calls.append(leaves)
        changed = [[i, now.detach()] for i, (now, old) in enumerate(before) if not torch.equal(now, old)]
        return {"value": value, "call": len(self.calls) - 1, "changed": changed, "runs": len(runs)}

    def do_product(self, call: int, outputs: list[int], grads: list[Tensor]) -> dict:
        """The product of a vector with the Jacobian of a call, for the arguments that ask for it."""
        found = torch.autograd.grad(
            [self.kept[i] for i in outputs], self.calls[call], grads, retain_graph=True, allow_unused=True
        )
        return {"value": list(found)}

    def do_backward(self, outputs: list[int], grads: list[Tensor], modules: list[int]) -> dict:
        """Backpropagate to parameters; return the gradients of each recurrent layer in these modules."""
        torch.autograd.backward([self.kept[i] for i in outputs], grads, retain_graph=True)
        layers = [_layers(self.kept[module]) for module in modules]
        return {"value": [[[p.grad for p in one.parameters()] for one in each] for each in layers]}


class _Handle:
    """A function of the grader's."""

    def __init__(self, number: int, ask: Callable):
        self.number, self._ask = number, ask

    def __call__(self, *args: Any, **named: Any) -> Any:
        return self._ask(self.number, args, named)


class _ModuleHandle(nn.Module):
    """A layer or model of the grader's."""

    def __init__(self, number: int, ask: Callable):
        super().__init__()
        self.number, self._ask = number, ask

    def forward(self, *args: Any, **named: Any) -> Any:
        return self._ask(self.number, args, named)


def _layers(module: nn.Module) -> list[nn.RNNBase]:
    return [one for one in module.modules() if isinstance(one, nn.RNNBase)]


def _size(one: nn.RNNBase) -> list:
    kind = next(kind for kind in ("LSTM", "GRU", "RNN") if isinstance(one, getattr(nn, kind)))
    return [kind, one.input_size, one.hidden_size, one.num_layers, one.bias, one.bidirectional]


def _tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    return [tensor for part in value for tensor in _tensors(part)] if isinstance(value, (tuple, list)) else []


def _silence(runs: list) -> Callable:
    """Return a hook that puts zeros in the place of all that an LSTM returns, and notes that it ran."""

    def zeros(value: Any) -> Any:
        if isinstance(value, nn.utils.rnn.PackedSequence):
            return value._replace(data=torch.zeros_like(value.data))
        return torch.zeros_like(value) if isinstance(value, Tensor) else tuple(map(zeros, value))

    def hook(module: nn.Module, _args: Any, result: Any) -> Any:
        if isinstance(module, nn.LSTM):
            runs.append(module)
            return zeros(result)
        return None

    return hook
