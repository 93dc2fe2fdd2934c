"""The language model, against the book's, torch's layers and loops written out."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers import language_model as module
from helpers.book import d2l
from helpers.text import Vocab

V, H, B, T = 7, 5, 3, 6
LAYERS = [
    (nn.GRU, {}),
    (nn.LSTM, {}),
    (nn.GRU, {"num_layers": 2}),
    (nn.LSTM, {"bidirectional": True}),
]


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def language_model(layer=nn.GRU, **options) -> module.LanguageModel:
    embed_size = options.get("embed_size")
    return module.LanguageModel(layer(embed_size or V, H, batch_first=True), V, H, **options)


def tokens() -> torch.Tensor:
    return torch.randint(V, (B, T))


# --- LanguageModel ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("layer", "options"), LAYERS)
def test_logits_and_state_are_those_of_the_book_with_the_same_weights(layer, options):
    """The book puts time first, and flattens time and batch together."""
    width = H * (2 if options.get("bidirectional") else 1)
    ours = module.LanguageModel(layer(V, H, batch_first=True, **options), V, width)
    theirs = d2l.RNNModel(layer(V, H, **options), V)
    theirs.rnn.load_state_dict(ours.layer.state_dict())
    theirs.linear.load_state_dict(ours.output.state_dict())
    X = tokens()
    logits, state = ours(X)
    expected, expected_state = theirs(X, theirs.begin_state("cpu", B))
    assert logits.shape == (B, T, V)
    torch.testing.assert_close(logits, expected.reshape(T, B, V).transpose(0, 1))
    torch.testing.assert_close(state, expected_state)


@pytest.mark.parametrize("layer", [nn.GRU, nn.LSTM])
def test_two_halves_with_the_state_carried_equal_the_whole(layer):
    model, X = language_model(layer), tokens()
    logits, state = model(X)
    first, halfway = model(X[:, :2])
    second, end = model(X[:, 2:], halfway)
    torch.testing.assert_close(torch.cat([first, second], dim=1), logits)
    torch.testing.assert_close(end, state)


def test_the_state_matters():
    model, X = language_model(), tokens()
    _, state = model(X)
    assert not torch.allclose(model(X)[0], model(X, state)[0])


def test_steps_give_the_log_probabilities_of_the_whole():
    model, X = language_model(), tokens()
    expected, final = model(X)
    state = None
    for t in range(T):
        log_probs, state = model.step(X[:, t], state)
        torch.testing.assert_close(log_probs, F.log_softmax(expected[:, t], dim=-1))
    assert log_probs.shape == (B, V)
    torch.testing.assert_close(state, final)


def test_an_identity_embedding_is_one_hot():
    one_hot, embedded = language_model(), language_model(embed_size=V)
    weights = one_hot.state_dict() | {"embedding.weight": torch.eye(V)}
    embedded.load_state_dict(weights)
    X = tokens()
    torch.testing.assert_close(embedded(X)[0], one_hot(X)[0])


def test_an_embedding_sets_the_width_of_the_layers_input():
    model = language_model(embed_size=4)
    assert model.embedding.weight.shape == (V, 4)
    assert model(tokens())[0].shape == (B, T, V)


def test_dropout_acts_on_the_outputs_in_training_only():
    model, X = language_model(dropout=0.5), tokens()
    hidden, _ = model.layer(F.one_hot(X, V).float())
    assert not torch.allclose(model(X)[0], model.output(hidden))
    model.eval()
    torch.testing.assert_close(model(X)[0], model.output(hidden))


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (torch.zeros(4, dtype=torch.int64), r"shape \(B, T\); got the shape \(4,\)"),
        (torch.zeros(2, 3, V, dtype=torch.int64), r"got the shape \(2, 3, 7\)"),
        (torch.zeros(2, 0, dtype=torch.int64), r"tokens is empty: its shape \(B, T\) is \(2, 0\)"),
        (torch.zeros(2, 3, dtype=torch.bool), "got a tensor of torch.bool"),
        ([[0, 1]], "got a list"),
        (torch.zeros(2, 3), "got a tensor of torch.float32"),
    ],
)
@pytest.mark.parametrize("embed_size", [None, 4])
def test_tokens_of_a_wrong_kind_are_an_error_that_says_what_came(bad, message, embed_size):
    with pytest.raises((TypeError, ValueError), match=message):
        language_model(embed_size=embed_size)(bad)


@pytest.mark.parametrize("embed_size", [None, 4])
@pytest.mark.parametrize("bad", [-1, V])
def test_a_token_outside_the_vocabulary_is_an_error(bad, embed_size):
    with pytest.raises(ValueError, match=rf"tokens\[0, 1\] is {bad}; it must be from 0 to 6"):
        language_model(embed_size=embed_size)(torch.tensor([[0, bad]]))


@pytest.mark.parametrize("dtype", [torch.uint8, torch.int32])
def test_ids_of_any_whole_type_are_taken(dtype):
    model, X = language_model(), tokens()
    torch.testing.assert_close(model(X.to(dtype))[0], model(X)[0])


@pytest.mark.parametrize("embed_size", [None, 4])
def test_a_model_in_double_precision_computes_in_it(embed_size):
    logits, _ = language_model(embed_size=embed_size).double()(tokens())
    assert logits.dtype == torch.float64


def test_a_layer_that_puts_time_first_is_refused():
    with pytest.raises(ValueError, match=r"this GRU puts time first.*batch_first=True"):
        module.LanguageModel(nn.GRU(V, H), V, H)


def test_a_layer_of_the_wrong_width_is_an_error_with_both_numbers():
    model = module.LanguageModel(nn.GRU(V + 2, H, batch_first=True), V, H)
    with pytest.raises(RuntimeError, match=r"9.*7"):
        model(tokens())


# --- generate --------------------------------------------------------------------------------------------------------

VOCAB = Vocab("abcdef")  # with <unk>: V tokens
PROMPT = "bad"


def lively(seed: int, layer=nn.GRU) -> module.LanguageModel:
    """A model with weights large enough that its greedy text does not always repeat one letter."""
    torch.manual_seed(seed)
    model = language_model(layer)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(6)
    return model


def test_greedy_text_equals_rereading_everything_for_each_character():
    for seed in range(6):
        model, ids = lively(seed), VOCAB.encode(PROMPT)
        for _ in range(20):
            ids.append(int(model(torch.tensor([ids]))[0][0, -1].argmax()))
        assert module.generate(model, VOCAB, PROMPT, 20) == "".join(VOCAB.decode(ids))


@pytest.mark.parametrize("layer", [nn.GRU, nn.LSTM])
def test_greedy_text_is_that_of_the_book(layer):
    for seed in range(6):
        ours, theirs = lively(seed, layer), d2l.RNNModel(layer(V, H), V)
        theirs.rnn.load_state_dict(ours.layer.state_dict())
        theirs.linear.load_state_dict(ours.output.state_dict())
        expected = d2l.predict_ch8(PROMPT, 20, theirs, d2l.Vocab(list("abcdef")), "cpu")
        assert module.generate(ours, VOCAB, PROMPT, 20) == expected


@pytest.mark.parametrize("num_steps", [0, 1, 5])
def test_the_text_is_the_prompt_and_as_many_characters_as_asked_for(num_steps):
    model = language_model()
    model.output.bias.data[VOCAB.unk] = -1e9  # '<unk>' is five characters
    written = module.generate(model, VOCAB, PROMPT, num_steps, temperature=1.0)
    assert written.startswith(PROMPT)
    assert len(written) == len(PROMPT) + num_steps


def test_sampling_is_reproducible_from_the_seed():
    model, texts = language_model(), []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        texts.append(module.generate(model, VOCAB, PROMPT, 30, temperature=1.0))
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_sampling_follows_the_softmax_at_the_temperature(temperature):
    """A model without memory, p(a) = 0.6, p(b) = 0.3, p(c) = 0.1: the frequencies follow p^(1 / temperature)."""
    vocab, p, n = Vocab("aaabbc"), [1e-30, 0.6, 0.3, 0.1], 700
    model = module.LanguageModel(nn.RNN(4, 1, batch_first=True), 4, 1)
    with torch.no_grad():
        model.output.weight.zero_()
        model.output.bias.copy_(torch.tensor(p).log())
    written = module.generate(model, vocab, "a", n, temperature)[1:]
    weights = [q ** (1 / temperature) for q in p]
    for token, weight in zip(vocab.tokens[1:], weights[1:], strict=True):
        share = weight / sum(weights)
        assert abs(written.count(token) / n - share) < 4 * math.sqrt(share * (1 - share) / n)


@pytest.mark.parametrize(
    ("prompt", "num_steps", "temperature", "message"),
    [
        ("", 5, 0.0, "prompt is empty"),
        ("bXd", 5, 0.0, "not in the vocabulary: 'X'"),
        ("bad", -1, 0.0, "num_steps is -1"),
        ("bad", 1.5, 0.0, "num_steps must be a whole number; got 1.5"),
        ("bad", 5, -0.5, "temperature is -0.5"),
    ],
)
def test_an_impossible_request_is_an_error_that_says_why(prompt, num_steps, temperature, message):
    with pytest.raises((TypeError, ValueError), match=message):
        module.generate(language_model(), VOCAB, prompt, num_steps, temperature)


@pytest.mark.parametrize("training", [True, False])
def test_generating_switches_dropout_off_and_leaves_the_mode_as_it_was(training):
    model, seen = language_model(), []
    model.register_forward_hook(lambda module, *_: seen.append((module.training, torch.is_grad_enabled())))
    model.train(training)
    module.generate(model, VOCAB, PROMPT, 3)
    assert set(seen) == {(False, False)}
    assert model.training is model.layer.training is training


def test_the_mode_is_restored_after_an_error():
    model = language_model().train()
    model.layer.register_forward_pre_hook(lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        module.generate(model, VOCAB, PROMPT, 3)
    assert model.training


@pytest.mark.parametrize("layer", [nn.GRU, nn.LSTM])
def test_reordering_a_language_models_state_is_reading_its_rows_in_that_order(layer):
    model, X, index = language_model(layer), tokens(), torch.tensor([2, 0, 0, 1])
    torch.testing.assert_close(model.reorder(model(X)[1], index), model(X[index])[1])
    assert model.reorder(None, index) is None


@pytest.mark.parametrize("kind", [list, tuple])
def test_states_in_lists_and_pairs_inside_them_are_reordered(kind):
    """A stack of layers written by hand may return a list of states, each of them a pair."""
    index, part = torch.tensor([2, 0]), torch.arange(6.0).view(1, 3, 2)
    state = module.reorder_state(kind([part, (part, part + 1)]), index)
    assert type(state) is kind
    assert type(state[1]) is tuple
    for ours in (state[0], state[1][0], state[1][1] - 1):
        assert ours.tolist() == [[[4.0, 5.0], [0.0, 1.0]]]


# --- count_parameters ------------------------------------------------------------------------------------------------


def test_a_gru_has_three_times_the_parameters_of_its_candidate():
    """torch's layer has two biases in each of the three."""
    assert module.count_parameters(nn.GRU(V, H)) == 3 * (V * H + H * H + 2 * H)


def test_frozen_parameters_are_not_counted():
    layer = nn.Linear(3, 4)
    assert module.count_parameters(layer) == 16
    layer.bias.requires_grad_(False)
    assert module.count_parameters(layer) == 12
