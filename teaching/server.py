"""The process of an answer: it runs the student's code and calls the answer whenever the grader asks for it.

serve        give up all rights, then define what is sent, and call

It knows neither the checks nor a right result. What it says is data to the grader, whatever the student's code has
done to it.
"""

from __future__ import annotations

import pickle
import socket
from typing import Any

import torch
from torch import Tensor, nn

from teaching import sandbox
from teaching.codec import BadMessage, Codec
from teaching.gradients import tensors
from teaching.handles import Handle, ModuleHandle
from teaching.layers import layers_of, silencer, size
from teaching.link import Link

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
        if isinstance(value, (Handle, ModuleHandle)):
            return ["yours", value.number]
        kind = "module" if isinstance(value, nn.Module) else "callable" if callable(value) else "object"
        layers = layers_of(value) if kind == "module" else []
        return [kind, self.keep(value), type(value).__name__, repr(value)[:LONGEST], [size(one) for one in layers]]

    def resolve(self, kind: str, rest: list, raw: list[bytes]) -> Any:
        if kind == "pickle":
            return pickle.loads(raw[rest[0]])
        if kind == "kept":
            return self.kept[rest[0]]
        if kind in ("callable", "module"):
            return (ModuleHandle if kind == "module" else Handle)(rest[0], self.ask)
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
        before = [(tensor, tensor.detach().clone()) for tensor in tensors(args)] if watch else []
        called = getattr(self.kept[target], method) if method else self.kept[target]
        runs: list[nn.Module] = []
        hook = nn.modules.module.register_module_forward_hook(silencer(runs)) if silence else None
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
        results, leaves = [self.kept[i] for i in outputs], self.calls[call]
        return {"value": list(torch.autograd.grad(results, leaves, grads, retain_graph=True, allow_unused=True))}

    def do_backward(self, outputs: list[int], grads: list[Tensor], modules: list[int]) -> dict:
        """Backpropagate to parameters; return the gradients of each recurrent layer in these modules."""
        torch.autograd.backward([self.kept[i] for i in outputs], grads, retain_graph=True)
        layers = [layers_of(self.kept[module]) for module in modules]
        return {"value": [[[p.grad for p in one.parameters()] for one in each] for each in layers]}
