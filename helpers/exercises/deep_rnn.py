"""Checks for the exercises of the notebook `deep-rnn`.

check_two_layers         a recurrent network of two layers, written as loops
check_count              how many parameters L layers have
check_split_state        torch's state of L layers, taken apart
check_read_in_pieces     a long sequence read in pieces, the state handed over
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor, nn

from helpers.exercises.verdict import Verdict, Wrong, call, number, parts, same, short, tensor, verdict

KINDS = {"RNN": nn.RNN, "GRU": nn.GRU, "LSTM": nn.LSTM}


def check_two_layers(two_layers: Callable[..., tuple]) -> Verdict:
    """Check two_layers(X, H1, H2, W_xh1, W_hh1, b_h1, W_xh2, W_hh2, b_h2) -> (outputs, H1, H2) against nn.RNN.

    X is (B, T, D), the states are (B, width of the layer); the two layers may differ in width.
    """

    def run() -> str:
        for B, T, D, h1, h2 in [(1, 1, 1, 1, 1), (2, 4, 3, 5, 5), (3, 6, 2, 4, 3)]:
            case = f"a batch of {B}, {T} steps, {D} inputs, and layers of {h1} and {h2} units"
            g = torch.Generator().manual_seed(T)
            shapes = [(B, T, D), (B, h1), (B, h2), (D, h1), (h1, h1), (h1,), (h1, h2), (h2, h2), (h2,)]
            X, H1, H2, *weights = args = [torch.randn(*shape, generator=g) for shape in shapes]
            lower, last_1 = _run_rnn(X, H1, *weights[:3])
            upper, last_2 = _run_rnn(lower, H2, *weights[3:])
            answer = parts(call(two_layers, case, *args), ("outputs", "H1", "H2"), case)
            outputs = tensor(answer[0], (B, T, h2), case, "outputs")
            if h1 == h2 and torch.allclose(outputs, lower, atol=1e-5):
                raise Wrong(f"for {case} the outputs are those of layer 1; they should come from layer 2")
            late, _ = _run_rnn(torch.cat([H1[:, None], lower[:, :-1]], dim=1), H2, *weights[3:])
            if torch.allclose(outputs, late, atol=1e-5):
                raise Wrong(
                    f"for {case} layer 2 reads the state that layer 1 had one step before; it reads the new one"
                )
            same(outputs, upper, f"{case}, in outputs,")
            same(answer[1], last_1, f"{case}, in H1,", "it should be the state of layer 1 after the last step")
            same(answer[2], last_2, f"{case}, in H2,", "it should be the state of layer 2 after the last step")
        return "outputs and both states are those of torch's layers."

    return verdict(run)


def _run_rnn(X: Tensor, H: Tensor, W_xh: Tensor, W_hh: Tensor, b_h: Tensor) -> tuple[Tensor, Tensor]:
    """Run torch's plain RNN over X (B, T, D) with weights in the book's arrangement."""
    layer = _layer("RNN", W_xh.shape[0], W_xh.shape[1])
    with torch.no_grad():
        layer.weight_ih_l0.copy_(W_xh.T), layer.weight_hh_l0.copy_(W_hh.T)
        layer.bias_ih_l0.copy_(b_h), layer.bias_hh_l0.zero_()
        outputs, state = layer(X, H[None])
    return outputs, state[0]


def _layer(kind: str, num_inputs: int, num_hiddens: int, num_layers: int = 1) -> nn.Module:
    """Return torch's layer with weights drawn from a seed of its own; torch's global generator is left as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return KINDS[kind](num_inputs, num_hiddens, num_layers, batch_first=True)


def check_count(count: Callable[[str, int, int, int], int]) -> Verdict:
    """Check count(kind, num_inputs, num_hiddens, num_layers): the number of parameters of torch's layer."""

    def run() -> str:
        cases = [("RNN", 28, 32, 1), ("RNN", 28, 32, 2), ("GRU", 28, 32, 3), ("LSTM", 10, 7, 2), ("LSTM", 300, 8, 4)]
        for kind, d, h, L in cases:
            case = f"nn.{kind} with {d} inputs, {h} hidden units and {L} layer{'s' if L > 1 else ''}"
            answer = call(count, case, kind, d, h, L)
            expected, blocks = _size(kind, d, h, L), {"RNN": 1, "GRU": 3, "LSTM": 4}[kind]
            every_layer = blocks * L * h  # times what a unit of a layer has
            slips = {
                every_layer * (2 * h + 2): "W_xh of layer 1 is d × h, not h × h",
                every_layer * (d + h + 2): "from the second layer on, the inputs are the h outputs of the layer below",
                expected - every_layer: "torch keeps two biases",
            }
            number(answer, expected, case, slips)
        return "every count is torch's."

    return verdict(run)


def _size(kind: str, d: int, h: int, L: int) -> int:
    """Count what torch makes; on the device 'meta' nothing is allocated or drawn."""
    layer = KINDS[kind](d, h, L, device="meta")
    return sum(parameter.numel() for parameter in layer.parameters())


def check_split_state(split: Callable[[Any], list]) -> Verdict:
    """Check split(state) -> one state for each layer, in the form in which a layer of its own takes it.

    state is torch's for L layers: a tensor (L, B, H), or for an LSTM a pair of them.
    """

    def run() -> str:
        for kind, L, B, H in [("GRU", 2, 3, 4), ("GRU", 3, 2, 5), ("LSTM", 2, 3, 4), ("LSTM", 4, 1, 2)]:
            case = f"the state of nn.{kind} with {L} layers, a batch of {B} and {H} hidden units"
            g = torch.Generator().manual_seed(L)
            whole = [torch.randn(L, B, H, generator=g) for _ in range(2 if kind == "LSTM" else 1)]
            answer = call(split, case, tuple(whole) if kind == "LSTM" else whole[0])
            if not isinstance(answer, (tuple, list, Tensor)) or (isinstance(answer, Tensor) and answer.dim() < 1):
                raise Wrong(f"for {case} the result should be a list with one state a layer; it is {short(answer)}")
            if len(answer) != L:
                raise Wrong(f"for {case} the result has {len(answer)} entries; it should have {L}, one for each layer")
            for l, state in enumerate(answer):
                if kind == "LSTM" and (not isinstance(state, (tuple, list)) or len(state) != 2):
                    raise Wrong(f"for {case} the state of layer {l + 1} should be a pair (H, C)")
                for name, part, layers in zip("HC", state if kind == "LSTM" else [state], whole, strict=False):
                    if not isinstance(part, Tensor):
                        raise Wrong(
                            f"for {case} {name} of layer {l + 1} should be a tensor, which torch's layer can take; "
                            f"it is of type {type(part).__name__}"
                        )
                    part = tensor(part, (1, B, H), case, f"{name} of layer {l + 1}")
                    same(part, layers[l : l + 1], f"{case}, in {name} of layer {l + 1},")
        return "each layer gets its own state, and can go on from it alone."

    return verdict(run)


class _Stack(nn.Module):
    """Layers on top of one another, whose state is a list with one state a layer, as in the notebook."""

    def __init__(self, *layers: nn.Module):
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, X: Tensor, state: list | None = None) -> tuple[Tensor, list]:
        if state is not None and not (isinstance(state, list) and len(state) == len(self.layers)):
            raise ValueError(f"state must be a list of {len(self.layers)} states, one a layer")
        states = []
        for l, layer in enumerate(self.layers):
            X, new = layer(X, None if state is None else state[l])
            states.append(new)
        return X, states


class _Recorder(nn.Module):
    """A layer that remembers how many steps it was given each time."""

    def __init__(self, layer: nn.Module):
        super().__init__()
        self.layer, self.lengths = layer, []

    def forward(self, X: Tensor, state: Any = None) -> tuple[Tensor, Any]:
        self.lengths.append(X.shape[1])
        return self.layer(X, state)


def check_read_in_pieces(read: Callable[[nn.Module, Tensor, int], tuple]) -> Verdict:
    """Check read(layer, X, size) -> (outputs, state): X (B, T, D) read in pieces of at most `size` steps.

    The layer must never see more steps at once, and the result must be that of one run over the whole.
    """

    def run() -> str:
        single = [("GRU", 2, 6, 3), ("GRU", 1, 7, 3), ("LSTM", 3, 8, 5), ("RNN", 2, 4, 9)]
        cases = [
            (_layer(kind, 3, 4, L), f"nn.{kind} with {L} layer{'s' * (L > 1)}", T, size) for kind, L, T, size in single
        ]
        cases += [(_Stack(_layer(k, 3, 4), _layer(k, 4, 4)), f"a stack of two nn.{k}", 7, 2) for k in ("GRU", "LSTM")]
        for layer, name, T, size in cases:
            case = f"{T} steps in pieces of {size} through {name}"
            X = torch.randn(2, T, 3, generator=torch.Generator().manual_seed(T))
            with torch.no_grad():
                outputs, state = layer(X)
                afresh = torch.cat([layer(piece)[0] for piece in X.split(size, dim=1)], dim=1)
            recorder = _Recorder(layer)
            answer = parts(call(read, case, recorder, X, size), ("outputs", "state"), case, alike=False)
            if not recorder.lengths:
                raise Wrong(f"for {case} the layer was never called")
            if max(recorder.lengths) > size:
                raise Wrong(f"for {case} the layer was given {max(recorder.lengths)} steps at once")
            got = tensor(answer[0], tuple(outputs.shape), case, "outputs").detach()
            if size < T and torch.allclose(got, afresh, atol=1e-5):
                raise Wrong(f"for {case} every piece starts from an empty state; hand the last one over")
            same(got, outputs, f"{case}, in outputs,")
            _same_state(answer[1], state, case, "the state")
        return "in pieces or in one go, the outputs and the last state are the same."

    return verdict(run)


def _same_state(value: Any, expected: Any, case: str, what: str) -> None:
    """Hold a state to the expected one: a tensor H, a pair (H, C), or a list with one of them a layer."""
    if isinstance(expected, Tensor):
        same(value, expected, f"{case}, in {what if what.startswith(('H', 'C')) else f'H of {what}'},")
        return
    names = [f"{name} of {what}" for name in "HC"]
    if isinstance(expected, list):
        names = [f"the state of layer {l + 1}" for l in range(len(expected))]
    short_names = [name.removesuffix(f" of {what}") for name in names]
    for part, wanted, name in zip(parts(value, short_names, case, what), expected, names, strict=True):
        _same_state(part, wanted, case, name)
