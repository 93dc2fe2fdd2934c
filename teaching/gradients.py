"""Gradients through a call in another process: the graph stays there, and is asked for products with it.

linked      the results of such a call, with a graph that leads there
tensors     all in a value
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def linked(process: Any, value: Any, call: int | None, inputs: list[Tensor]) -> Any:
    """Return a value whose tensors lead to the process: to the arguments of a call, or to parameters if it is None.

    process: a `teaching.remote.Process`, in which they were made.
    """
    outputs = [tensor for tensor in tensors(value) if tensor.has_graph]
    made = _Remote.apply(process, call, outputs, *(inputs or [torch.zeros((), requires_grad=True)]))
    numbers = {
        old.kept_there: process.noted(new, [old.kept_there, True]) for old, new in zip(outputs, made, strict=True)
    }
    return _replaced(value, numbers)


class _Remote(torch.autograd.Function):
    """The results of a call there, with a graph that leads there. call: None where only parameters get gradients."""

    @staticmethod
    def forward(ctx: Any, process: Any, call: int | None, outputs: list[Tensor], *inputs: Tensor) -> tuple:
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


def tensors(value: Any) -> list[Tensor]:
    if isinstance(value, Tensor):
        return [value]
    if isinstance(value, dict):
        value = list(value.values())
    return [tensor for part in value for tensor in tensors(part)] if isinstance(value, (tuple, list)) else []


def _replaced(value: Any, numbers: dict[int, Tensor]) -> Any:
    if isinstance(value, Tensor):
        return numbers.get(value.kept_there, value)
    if isinstance(value, dict):
        return {key: _replaced(part, numbers) for key, part in value.items()}
    return type(value)(_replaced(part, numbers) for part in value) if isinstance(value, (tuple, list)) else value
