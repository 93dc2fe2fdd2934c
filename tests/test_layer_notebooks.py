"""What the notebooks `lstm`, `deep-rnn` and `bi-rnn` derive, at sizes that they do not show."""

import math
import sys
from itertools import pairwise, product

import pytest
import torch
from notebook_code import NOTEBOOKS, definitions
from torch import nn

sys.path.insert(0, str(NOTEBOOKS.parent / "experiments"))
import run as experiments

SIZES = [(1, 1, 1, 1), (2, 7, 3, 5), (3, 20, 28, 16)]  # B, T, D, H
KINDS = [nn.RNN, nn.GRU, nn.LSTM]


def assert_same(ours, theirs):
    """Compare outputs and states; a state is a tensor or a pair of them."""
    if isinstance(theirs, tuple):
        for a, b in zip(ours, theirs, strict=True):
            assert_same(a, b)
    else:
        torch.testing.assert_close(ours, theirs, atol=1e-6, rtol=0)


@pytest.mark.parametrize(("B", "T", "D", "H"), SIZES)
def test_the_lstm_cell_equals_torch(B, T, D, H):
    torch.manual_seed(B)
    code = definitions("lstm")
    ours, theirs = code["Recurrent"](code["LSTMCell"](D, H)), nn.LSTM(D, H, batch_first=True)
    theirs.load_state_dict(code["as_torch"](ours.cell))
    X, state = torch.randn(B, T, D), (torch.randn(1, B, H), torch.randn(1, B, H))
    assert_same(ours(X, state), theirs(X, state))
    assert_same(ours(X), theirs(X))


@pytest.mark.parametrize("shape", [(4, 5), (2, 4, 6)])
def test_wrong_dimensions_into_the_lstm_are_named(shape):
    code = definitions("lstm")
    with pytest.raises(ValueError, match=r"X must be \(batch, steps, 5\)"):
        code["Recurrent"](code["LSTMCell"](5, 6))(torch.zeros(*shape))


def tagged(function):
    """Return what the cells of the notebook `lstm` that belong to an experiment define for one of their functions."""
    namespace = {"device": torch.device("cpu")}
    exec(experiments.code_of("lstm", function), namespace)
    return namespace


def lstm_block(lstm, gate):
    """Return the rows of one gate in the weights of nn.LSTM, which come in the order i, f, g, o."""
    place = "ifgo".index(gate) * lstm.hidden_size
    return slice(place, place + lstm.hidden_size)


@pytest.mark.parametrize(("change", "gate"), [("none", None), ("F = 1", "f"), ("I = 1", "i"), ("O = 1", "o")])
@pytest.mark.parametrize(("B", "T", "D", "H"), SIZES)
def test_a_gate_fixed_at_1_is_that_of_a_torch_lstm_with_a_large_bias(change, gate, B, T, D, H):
    torch.manual_seed(H)
    ours, theirs = tagged("counting_trial")["ChangedLSTM"](D, H, change), nn.LSTM(D, H, batch_first=True)
    theirs.load_state_dict(ours.state_dict())
    if gate:
        with torch.no_grad():
            theirs.bias_ih_l0[lstm_block(theirs, gate)] = 100.0
    X, state = torch.randn(B, T, D), (torch.randn(1, B, H), torch.randn(1, B, H))
    assert_same(ours(X, state), theirs(X, state))
    assert_same(ours(X), theirs(X))


def test_tied_gates_are_those_of_a_torch_lstm_whose_forget_gate_has_the_input_gates_weights_with_the_other_sign():
    torch.manual_seed(0)
    ours, theirs = tagged("counting_trial")["ChangedLSTM"](4, 6, "F = 1 − I"), nn.LSTM(4, 6, batch_first=True)
    theirs.load_state_dict(ours.state_dict())
    with torch.no_grad():
        for parameter in theirs.parameters():
            parameter[lstm_block(theirs, "f")] = -parameter[lstm_block(theirs, "i")]
    X = torch.randn(3, 20, 4)
    assert_same(ours(X), theirs(X))


def test_the_memory_is_traced_step_by_step():
    trace, X = tagged("units_trial")["trace_memory"], torch.randn(7, 3)
    for kind in (nn.GRU, nn.LSTM):
        layer = kind(3, 5, batch_first=True)
        memory = trace(layer, X)
        assert memory.shape == (7, 5)
        for t in (1, 7):
            state = layer(X[None, :t])[1]
            torch.testing.assert_close(memory[t - 1], (state[1] if kind is nn.LSTM else state)[0, 0])


def guesses(rule):
    """Return a model whose scores, (B, T, 3), put first what `rule` says of the symbols read so far."""

    def model(ids):
        rows = [["|ab"[i] for i in row] for row in ids.tolist()]
        best = [[("|ab").index(rule("".join(row[: t + 1]))) for t in range(len(row))] for row in rows]
        return nn.functional.one_hot(torch.tensor(best), 3).float(), None

    return model


def counted(read):
    a, b = read.count("a"), read.count("b")
    return "b" if b < a and b > 0 else ("|" if b else "a")


@pytest.mark.parametrize(
    ("rule", "refused"),
    [
        (counted, []),
        (lambda read: counted(read).replace("a", "b"), []),  # what is guessed before the first b is free
        (lambda read: "|" if read.count("b") == 4 else counted(read), [5, 6, 7, 8, 9]),
        (lambda read: "b" if read.count("b") == 5 else counted(read), [5]),
        (lambda read: "b", range(1, 10)),
    ],
)
def test_a_word_is_accepted_if_all_guesses_from_the_first_b_on_are_right(rule, refused):
    code = tagged("counting_trial")
    ids = code["counting_words"](range(1, 10))
    assert ids[1].tolist() == [0, 1, 1, 2, 2, 0] + [-1] * 14
    assert code["accepted"](guesses(rule), ids).tolist() == [n not in refused for n in range(1, 10)]


def test_marks_of_a_text_are_counted_character_by_character():
    marks = tagged("units_trial")["marks_of"](list("It's 'so.'\n\n'No"))
    assert [values.tolist() for values in marks.values()] == [
        [1, 2, 0, 1, 0, 0, 1, 2, 0, 0, 0, 0, 0, 1, 2],  # letters of this word
        [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 0, 0, 1, 2, 3],  # characters of this line
        [0, 0, 0, 0, 0, 1, 1, 1, 1, 0, 0, 0, 1, 1, 1],  # inside quotation marks
    ]


def test_a_unit_is_picked_on_one_half_and_judged_on_the_other():
    best_follower = tagged("units_trial")["best_follower"]
    mark = torch.arange(20.0) % 5
    good, lucky = -mark, torch.cat([mark[:10], -mark[10:]])
    unit, found = best_follower(torch.stack([torch.zeros(20), good + 0.1 * torch.arange(20), lucky], dim=1), mark)
    assert unit == 2
    assert found == pytest.approx(-1)
    unit, found = best_follower(torch.stack([torch.ones(20), good], dim=1), mark)
    assert unit == 1
    assert found == pytest.approx(1)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("num_layers", [1, 2, 4])
def test_the_stack_equals_torch_from_zero_and_from_a_state(kind, num_layers):
    torch.manual_seed(num_layers)
    code = definitions("deep-rnn")
    deep = kind(5, 6, num_layers, batch_first=True)
    stack = code["Stacked"](code["layers_of"](deep))
    X = torch.randn(2, 9, 5)
    outputs, states = stack(X)
    assert_same((outputs, code["as_torch"](states)), deep(X))
    their_state = deep(X)[1]
    outputs, states = stack(X, states)
    assert_same((outputs, code["as_torch"](states)), deep(X, their_state))


def test_a_state_for_another_number_of_layers_is_named():
    stack = definitions("deep-rnn")["Stacked"]([nn.GRU(3, 3, batch_first=True)] * 2)
    with pytest.raises(ValueError, match="state must be a list of 2 states"):
        stack(torch.zeros(1, 2, 3), [torch.zeros(1, 1, 3)])


def through(layer, X):
    """Return a layer's outputs for X, and the gradient of their sum with respect to X."""
    X = X.clone().requires_grad_()
    outputs, _ = layer(X)
    return outputs.detach(), torch.autograd.grad(outputs.sum(), X)[0]


def test_a_way_past_a_layer_carries_the_signal_the_gradient_or_both():
    torch.manual_seed(0)
    code = definitions("deep-rnn")
    layer, X = nn.LSTM(4, 4, batch_first=True), torch.randn(2, 3, 4)
    plain, gradient = through(layer, X)
    for way, signal_added, gradient_added in [
        (code["Residual"](layer), X, 1),
        (code["Half"](layer, "signal only"), X, 0),
        (code["Half"](layer, "gradient only"), 0, 1),
    ]:
        assert_same(through(way, X), (plain + signal_added, gradient + gradient_added))


def test_the_rescaled_start_changes_the_candidate_of_the_upper_layers_alone():
    code = definitions("deep-rnn")
    torch.manual_seed(0)
    before = code["lstm_layers"](3, 5)
    torch.manual_seed(0)
    after = code["changed"](code["lstm_layers"](3, 5), "rescaled")
    factors = [[1, 1, 1, 1], [1, 1, 48**0.5, 1], [1, 1, 48**0.5, 1]]  # input, forget, candidate, output; 48 = (4√3)²
    for old, new, wanted in zip(before, after, factors, strict=True):
        for name, weights in old.state_dict().items():
            ratios = (new.state_dict()[name] / weights).view(4, -1)
            for block, factor in zip(ratios, wanted, strict=True):
                expected = factor if name == "weight_ih_l0" else 1
                torch.testing.assert_close(block, torch.full_like(block, expected))


class Times(nn.Module):
    """A layer that multiplies what it reads, and remembers nothing."""

    input_size = 64

    def __init__(self, factor):
        super().__init__()
        self.factor = factor

    def forward(self, X, state=None):
        return self.factor * X, None


def test_signal_and_gradient_are_measured_layer_by_layer():
    torch.manual_seed(0)
    code, layers = definitions("deep-rnn"), [Times(3.0), Times(0.1), Times(5.0)]
    torch.testing.assert_close(code["signal_by_layer"](layers), torch.tensor([3.0, 0.3, 1.5]), rtol=0.05, atol=0)
    gradients = code["gradient_by_layer"](layers, steps=4)
    assert gradients.shape == (3, 4)
    torch.testing.assert_close(gradients[:, 0], torch.tensor([1.5, 0.5, 5.0]), rtol=0.05, atol=0)
    assert (gradients[:, 1:] == 0).all()


def test_the_plateau_lies_at_the_entropy_of_the_letters_and_ends_below_it():
    code = definitions("deep-rnn")
    assert code["letter_entropy"](torch.tensor([0, 0, 3, 3])) == pytest.approx(math.log(2))
    assert code["letter_entropy"](torch.tensor([1, 1, 1])) == pytest.approx(0)
    losses = [2.0] * 30 + [1.0] * 30
    assert code["steps_on_plateau"](losses, 2.0) == 33  # three of the last ten are 1: a mean of 1.7
    assert code["steps_on_plateau"](losses[:30], 2.0) == 30


def test_a_probe_finds_what_is_in_the_states_and_nothing_else():
    torch.manual_seed(0)
    code = definitions("deep-rnn")
    labels, new = torch.randint(4, (500,)), torch.randint(4, (500,))
    directions = torch.randn(4, 6).double()
    found = code["probe"](1e-3 * directions[labels] + 7, labels, 1e-3 * directions[new] + 7, new)
    assert found == 1  # small differences on top of a large mean are differences, too
    assert code["probe"](torch.randn(500, 6).double(), labels, torch.randn(500, 6).double(), new) < 0.35


def test_a_memory_is_as_long_as_its_states_stay_alike():
    torch.manual_seed(0)
    states = torch.randn(500, 3).repeat_interleave(10, dim=0)  # alike after k steps: 1 - k / 10
    assert definitions("deep-rnn")["memory_length"](states) == 7
    assert definitions("deep-rnn")["memory_length"](torch.randn(500, 3)) == 1


@pytest.mark.parametrize("kind", KINDS)
def test_both_directions_equal_torch(kind):
    torch.manual_seed(0)
    code = definitions("bi-rnn")
    theirs = kind(5, 6, bidirectional=True, batch_first=True)
    ours = code["as_ours"](theirs)
    X = torch.randn(2, 9, 5)
    state = theirs(torch.randn(2, 4, 5))[1]
    assert_same(ours(X), theirs(X))
    assert_same(ours(X, state), theirs(X, state))


class Looks(nn.Module):
    """Logits (B, T, V) at each place that depend on the tokens at some offsets from it, and on no others."""

    def __init__(self, *offsets):
        super().__init__()
        self.offsets, self.scale = offsets, nn.Parameter(torch.rand(7))

    def forward(self, tokens, state=None):
        T = tokens.shape[1]
        seen = [torch.roll(tokens, -k, dims=1) for k in self.offsets]
        for values, k in zip(seen, self.offsets, strict=True):
            values[:, max(T - k, 0) if k > 0 else T :] = 0  # nothing comes round from the other end
            values[:, : -k if k < 0 else 0] = 0
        return torch.stack(seen).sum(dim=0)[..., None] * self.scale * 1e-9, state


@pytest.mark.parametrize("offsets", [(0,), (-2, -1, 0), (2,), (-7, 1), (-1, 1)])
def test_the_leak_test_finds_the_offsets_that_a_model_reads(offsets):
    code = definitions("bi-rnn")
    moves = code["leak_test"](Looks(*offsets), vocab_size=7)
    assert code["offsets_read"](moves) == list(offsets)
    expected = [[s - t in offsets for t in range(8)] for s in range(8)]
    assert moves.tolist() == expected


def test_the_leak_test_leaves_the_model_and_the_random_state_alone():
    code = definitions("bi-rnn")
    model = Looks(0).train()
    before = torch.get_rng_state()
    code["leak_test"](model, vocab_size=7)
    assert model.training
    assert model.scale.dtype == torch.float32
    assert torch.equal(torch.get_rng_state(), before)


def tables():
    code = definitions("bi-rnn")
    start, move, emit = (torch.rand(*shape, dtype=torch.float64).softmax(-1) for shape in [(3,), (3, 3), (3, 3)])
    code |= {"LOG_START": start.log(), "LOG_MOVE": move.log(), "LOG_EMIT": emit.log()}
    return code, start, move, emit


def test_the_messages_give_the_filter_and_the_smoother_of_every_row():
    torch.manual_seed(0)
    code, start, move, emit = tables()
    x = torch.randint(3, (4, 5))
    filtered, smoothed = code["beliefs"](x)
    for row in range(4):
        for t in range(5):
            for belief, heard in [(filtered, x[row, : t + 1]), (smoothed, x[row])]:
                expected = torch.zeros(3, dtype=torch.float64)
                for path in product(range(3), repeat=len(heard)):
                    p = start[path[0]] * torch.stack([emit[h, o] for h, o in zip(path, heard, strict=True)]).prod()
                    for a, b in pairwise(path):
                        p = p * move[a, b]
                    expected[path[t]] += p
                torch.testing.assert_close(belief[row, t], expected / expected.sum())


def test_two_words_are_written_as_one_sign_and_the_target_says_which():
    code = definitions("bi-rnn", NUM_SIGNS=2, NUM_WORDS=7)
    ids = torch.tensor([[0, 1, 2, 3, 4, 5, 6]])
    assert code["written"](ids).tolist() == [[0, 2, 2, 4, 4, 5, 6]]
    wanted = torch.arange(7.0).expand(1, 7, 7)
    logits, which = code["which_word"](lambda signs: (wanted, None), ids)
    assert logits.tolist() == [[1, 2], [1, 2], [3, 4], [3, 4]]
    assert which.tolist() == [0, 1, 0, 1]


def test_every_place_is_masked_in_one_of_the_seven_masks():
    code = definitions("bi-rnn")
    masks = code["every_seventh"](torch.zeros(23))
    assert masks.sum(dim=0).tolist() == [1] * 23
    assert masks[2].nonzero()[:, 0].tolist() == [2, 9, 16]


def test_counts_of_neighbours_are_blended_as_by_hand():
    fill = definitions("bi-rnn")["count_filler"]
    p = fill("abcabcabd", "abc", ["a", "b", "c", "d"], reach=1)
    base = torch.tensor([3.0, 3, 2, 1]) / 9  # with no neighbour, of 9 characters
    base = (9 * base + 4 / 4) / (9 + 4)  # 4 kinds, and before them every character is equally likely
    torch.testing.assert_close(p[0], base)  # the end of a page has no left neighbour
    expected = torch.tensor([0.0, 2, 0, 0]) + base  # between a and c, b was seen twice
    torch.testing.assert_close(p[1], expected / 3)
