"""The models, against the book's, torch's layers and loops written out."""

import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers import models
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


def language_model(layer=nn.GRU, **options) -> models.LanguageModel:
    embed_size = options.get("embed_size")
    return models.LanguageModel(layer(embed_size or V, H, batch_first=True), V, H, **options)


def tokens() -> torch.Tensor:
    return torch.randint(V, (B, T))


def assert_same_state(first, second) -> None:
    first, second = ([s] if isinstance(s, torch.Tensor) else s for s in (first, second))
    for a, b in zip(first, second, strict=True):
        torch.testing.assert_close(a, b)


# --- LanguageModel ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("layer", "options"), LAYERS)
def test_logits_and_state_are_those_of_the_book_with_the_same_weights(layer, options):
    """The book puts time first, and flattens time and batch together."""
    width = H * (2 if options.get("bidirectional") else 1)
    ours = models.LanguageModel(layer(V, H, batch_first=True, **options), V, width)
    theirs = d2l.RNNModel(layer(V, H, **options), V)
    theirs.rnn.load_state_dict(ours.layer.state_dict())
    theirs.linear.load_state_dict(ours.output.state_dict())
    X = tokens()
    logits, state = ours(X)
    expected, expected_state = theirs(X, theirs.begin_state("cpu", B))
    assert logits.shape == (B, T, V)
    torch.testing.assert_close(logits, expected.reshape(T, B, V).transpose(0, 1))
    assert_same_state(state, expected_state)


@pytest.mark.parametrize("layer", [nn.GRU, nn.LSTM])
def test_two_halves_with_the_state_carried_equal_the_whole(layer):
    model, X = language_model(layer), tokens()
    logits, state = model(X)
    first, halfway = model(X[:, :2])
    second, end = model(X[:, 2:], halfway)
    torch.testing.assert_close(torch.cat([first, second], dim=1), logits)
    assert_same_state(end, state)


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
    assert_same_state(state, final)


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
        (torch.zeros(4, dtype=torch.int64), r"got torch.int64 of shape \(4,\)"),
        (torch.zeros(2, 3, V, dtype=torch.int64), r"of shape \(2, 3, 7\)"),
        (torch.zeros(2, 3), "got torch.float32"),
    ],
)
@pytest.mark.parametrize("embed_size", [None, 4])
def test_tokens_of_a_wrong_kind_are_an_error_that_says_what_came(bad, message, embed_size):
    with pytest.raises(ValueError, match=message):
        language_model(embed_size=embed_size)(bad)


@pytest.mark.parametrize("embed_size", [None, 4])
@pytest.mark.parametrize("bad", [-1, V])
def test_a_token_outside_the_vocabulary_is_an_error(bad, embed_size):
    with pytest.raises((RuntimeError, IndexError)):
        language_model(embed_size=embed_size)(torch.tensor([[0, bad]]))


def test_a_layer_of_the_wrong_width_is_an_error_with_both_numbers():
    model = models.LanguageModel(nn.GRU(V + 2, H, batch_first=True), V, H)
    with pytest.raises(RuntimeError, match=r"9.*7"):
        model(tokens())


# --- generate --------------------------------------------------------------------------------------------------------

VOCAB = Vocab("abcdef")  # with <unk>: V tokens
PROMPT = "bad"


def lively(seed: int, layer=nn.GRU) -> models.LanguageModel:
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
        assert models.generate(model, VOCAB, PROMPT, 20) == "".join(VOCAB.decode(ids))


@pytest.mark.parametrize("layer", [nn.GRU, nn.LSTM])
def test_greedy_text_is_that_of_the_book(layer):
    for seed in range(6):
        ours, theirs = lively(seed, layer), d2l.RNNModel(layer(V, H), V)
        theirs.rnn.load_state_dict(ours.layer.state_dict())
        theirs.linear.load_state_dict(ours.output.state_dict())
        expected = d2l.predict_ch8(PROMPT, 20, theirs, d2l.Vocab(list("abcdef")), "cpu")
        assert models.generate(ours, VOCAB, PROMPT, 20) == expected


@pytest.mark.parametrize("num_tokens", [0, 1, 5])
def test_the_text_is_the_prompt_and_as_many_characters_as_asked_for(num_tokens):
    model = language_model()
    model.output.bias.data[VOCAB.unk] = -1e9  # '<unk>' is five characters
    written = models.generate(model, VOCAB, PROMPT, num_tokens, temperature=1.0)
    assert written.startswith(PROMPT)
    assert len(written) == len(PROMPT) + num_tokens


def test_sampling_is_reproducible_from_the_seed():
    model, texts = language_model(), []
    for seed in (1, 1, 2):
        torch.manual_seed(seed)
        texts.append(models.generate(model, VOCAB, PROMPT, 30, temperature=1.0))
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.0])
def test_sampling_follows_the_softmax_at_the_temperature(temperature):
    """A model without memory, p(a) = 0.6, p(b) = 0.3, p(c) = 0.1: the frequencies follow p^(1 / temperature)."""
    vocab, p, n = Vocab("aaabbc"), [1e-30, 0.6, 0.3, 0.1], 700
    model = models.LanguageModel(nn.RNN(4, 1, batch_first=True), 4, 1)
    with torch.no_grad():
        model.output.weight.zero_()
        model.output.bias.copy_(torch.tensor(p).log())
    written = models.generate(model, vocab, "a", n, temperature)[1:]
    weights = [q ** (1 / temperature) for q in p]
    for token, weight in zip(vocab.tokens[1:], weights[1:], strict=True):
        share = weight / sum(weights)
        assert abs(written.count(token) / n - share) < 4 * math.sqrt(share * (1 - share) / n)


@pytest.mark.parametrize(
    ("prompt", "num_tokens", "temperature", "message"),
    [
        ("", 5, 0.0, "prompt is empty"),
        ("bXd", 5, 0.0, "not in the vocabulary: 'X'"),
        ("bad", -1, 0.0, "num_tokens is -1"),
        ("bad", 5, -0.5, "temperature is -0.5"),
    ],
)
def test_an_impossible_request_is_an_error_that_says_why(prompt, num_tokens, temperature, message):
    with pytest.raises(ValueError, match=message):
        models.generate(language_model(), VOCAB, prompt, num_tokens, temperature)


@pytest.mark.parametrize("training", [True, False])
def test_generating_switches_dropout_off_and_leaves_the_mode_as_it_was(training):
    model, seen = language_model(), []
    model.register_forward_hook(lambda module, *_: seen.append((module.training, torch.is_grad_enabled())))
    model.train(training)
    models.generate(model, VOCAB, PROMPT, 3)
    assert set(seen) == {(False, False)}
    assert model.training is model.layer.training is training


def test_the_mode_is_restored_after_an_error():
    model = language_model().train()
    model.layer.register_forward_pre_hook(lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        models.generate(model, VOCAB, PROMPT, 3)
    assert model.training


# --- the promises of Encoder and Decoder -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "call", "message"),
    [
        (models.Encoder, lambda half: half(1, 2), r"Half must define forward\(tokens, lengths\)"),
        (models.Decoder, lambda half: half(1, 2), r"Half must define forward\(tokens, state\)"),
        (models.Decoder, lambda half: half.init_state(1), r"Half must define init_state\(encoded\)"),
        (models.Decoder, lambda half: half.reorder(1, 2), r"Half must define reorder\(state, index\)"),
    ],
)
def test_a_half_without_a_method_says_which_one_is_missing(kind, call, message):
    half = type("Half", (kind,), {})()
    with pytest.raises(NotImplementedError, match=message):
        call(half)


def test_an_encoder_decoder_hands_what_was_read_to_what_writes():
    """An encoder that adds up, a decoder that counts on from the sum: all that passes between them is visible."""

    class Sum(models.Encoder):
        def forward(self, tokens, lengths):
            return tokens.cumsum(1).gather(1, lengths[:, None] - 1)[:, 0]

    class CountOn(models.Decoder):
        def init_state(self, encoded):
            return 10 * encoded

        def forward(self, tokens, state):
            totals = state[:, None] + tokens.cumsum(1)
            return F.one_hot(totals % V, V) * 9.0, totals[:, -1]

    model = models.EncoderDecoder(Sum(), CountOn())
    sources, lengths, inputs = (
        torch.tensor([[1, 2, 99], [3, 1, 1]]),
        torch.tensor([2, 3]),
        torch.tensor([[1, 2], [0, 5]]),
    )
    assert model.start(sources, lengths).tolist() == [30, 50]
    logits, state = model(sources, lengths, inputs)
    assert logits.argmax(-1).tolist() == [[31 % V, 33 % V], [50 % V, 55 % V]]
    assert state.tolist() == [33, 55]
    log_probs, state = model.decoder.step(inputs[:, 0], model.start(sources, lengths))
    torch.testing.assert_close(log_probs, logits[:, 0].log_softmax(-1))
    assert state.tolist() == [31, 50]


# --- Seq2SeqEncoder and Seq2SeqDecoder -------------------------------------------------------------------------------

E = 4
CELLS = [(nn.GRU, 1), (nn.GRU, 2), (nn.LSTM, 1), (nn.LSTM, 2)]
LENGTHS = torch.tensor([4, 1, 6])  # one of them as long as the tensor is wide


def encoder(cell=nn.GRU, num_layers=1, **options) -> models.Seq2SeqEncoder:
    return models.Seq2SeqEncoder(V, E, H, num_layers, cell=cell, **options)


def decoder(cell=nn.GRU, num_layers=1, **options) -> models.Seq2SeqDecoder:
    return models.Seq2SeqDecoder(V, E, H, num_layers, cell=cell, **options)


def parts(state) -> list[torch.Tensor]:
    """Return all tensors of a state, however nested."""
    return [state] if isinstance(state, torch.Tensor) else [part for item in state for part in parts(item)]


def states(cell, num_layers: int, rows: int = B):
    """Return what an encoder might hand over: random numbers."""
    state = tuple(torch.randn(num_layers, rows, H) for _ in range(2))
    return None, state if cell is nn.LSTM else state[0]


@pytest.mark.parametrize(("cell", "num_layers"), CELLS)
def test_an_encoder_reads_each_source_as_torch_reads_it_alone(cell, num_layers):
    model, X = encoder(cell, num_layers), tokens()
    outputs, state = model(X, LENGTHS)
    assert outputs.shape == (B, T, H)
    for i, n in enumerate(LENGTHS.tolist()):
        alone, final = model.layer(model.embedding(X[i, :n])[None])
        torch.testing.assert_close(outputs[i, :n], alone[0], rtol=0, atol=1e-6)
        assert (outputs[i, n:] == 0).all()
        for part, expected in zip(parts(state), parts(final), strict=True):
            torch.testing.assert_close(part[:, i], expected[:, 0], rtol=0, atol=1e-6)


@pytest.mark.parametrize(("cell", "num_layers"), CELLS)
def test_what_stands_at_padding_changes_nothing_and_learns_nothing(cell, num_layers):
    """Token 0 stands at padding and nowhere else; the gradient of its embedding must be zero."""
    model = encoder(cell, num_layers)
    real = torch.arange(T) < LENGTHS[:, None]
    X = torch.randint(1, V, (B, T))
    outputs, state = model(X.masked_fill(~real, 0), LENGTHS)
    others, other_state = model(torch.where(real, X, torch.randint(V, (B, T))), LENGTHS)
    wide, wide_state = model(F.pad(X, (0, 3), value=2), LENGTHS)
    assert wide.shape == (B, T + 3, H)
    for part, other, wider in zip(
        *map(parts, ((outputs, state), (others, other_state), (wide, wide_state))), strict=True
    ):
        torch.testing.assert_close(other, part, rtol=0, atol=1e-6)
        torch.testing.assert_close(wider[:, :T] if part is outputs else wider, part, rtol=0, atol=1e-6)
    sum(part.square().sum() for part in parts((outputs, state))).backward()
    gradient = model.embedding.weight.grad
    assert (gradient[0] == 0).all()
    assert (gradient[1:] != 0).any()


@pytest.mark.parametrize(("cell", "num_layers"), CELLS)
def test_sources_of_one_length_are_read_without_packing_and_come_out_the_same(cell, num_layers, monkeypatch):
    model, X = encoder(cell, num_layers), tokens()
    packings, pack = [], models.pack_padded_sequence
    monkeypatch.setattr(models, "pack_padded_sequence", lambda *args, **kw: packings.append(1) or pack(*args, **kw))
    direct = model(X, torch.tensor([T] * B))
    assert not packings
    packed = model(torch.cat([X, X[:1]]), torch.tensor([T] * B + [T - 1]))
    assert packings
    for ours, theirs in zip(parts(direct), parts(packed), strict=True):
        rows = theirs[:B] if theirs.shape[0] == B + 1 else theirs[:, :B]
        torch.testing.assert_close(ours, rows, rtol=0, atol=1e-6)


def write_out(model: models.Seq2SeqDecoder, X, context, state):
    """Torch's layer, one token at a time, with the context beside each embedding."""
    logits = []
    for t in range(X.shape[1]):
        pair = torch.cat([model.embedding.weight[X[:, t]], context], dim=1)
        output, state = model.layer(pair[:, None], state)
        logits.append(model.output(output[:, 0]))
    return torch.stack(logits, 1), state


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize(("cell", "num_layers"), CELLS)
def test_a_decoder_reads_the_same_context_beside_every_token(cell, num_layers, tied):
    model, X, encoded = decoder(cell, num_layers, tied=tied), tokens(), states(cell, num_layers)
    start = model.init_state(encoded)
    hidden = encoded[1][0] if cell is nn.LSTM else encoded[1]
    assert torch.equal(start[0], hidden[-1])
    logits, (context, state) = model(X, start)
    expected, final = write_out(model, X, hidden[-1], encoded[1])
    assert logits.shape == (B, T, V)
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-6)
    assert_same_state(state, final)
    assert torch.equal(context, hidden[-1])


@pytest.mark.parametrize(("cell", "num_layers"), CELLS)
def test_writing_token_by_token_is_reading_the_target_at_once(cell, num_layers):
    model, X, encoded = decoder(cell, num_layers, tied=True), tokens(), states(cell, num_layers)
    whole, final = model(X, model.init_state(encoded))
    state = model.init_state(encoded)
    for t in range(T):
        log_probs, state = model.step(X[:, t], state)
        torch.testing.assert_close(log_probs, whole[:, t].log_softmax(-1), rtol=0, atol=1e-6)
        assert torch.equal(state[0], final[0])
    for part, expected in zip(parts(state), parts(final), strict=True):
        torch.testing.assert_close(part, expected, rtol=0, atol=1e-6)


class BookDecoder(d2l.Decoder):
    """The book's Seq2SeqDecoder as its section prints it (the package lacks it). Time comes first inside."""

    def __init__(self, num_layers):
        super().__init__()
        self.embedding = nn.Embedding(V, E)
        self.rnn = nn.GRU(E + H, H, num_layers)
        self.dense = nn.Linear(H, V)

    def init_state(self, enc_outputs, *args):
        return enc_outputs[1]

    def forward(self, X, state):
        X = self.embedding(X).permute(1, 0, 2)
        context = state[-1].repeat(X.shape[0], 1, 1)
        output, state = self.rnn(torch.cat((X, context), 2), state)
        return self.dense(output).permute(1, 0, 2), state


@pytest.mark.parametrize("num_layers", [1, 2])
def test_a_translator_computes_what_the_books_does(num_layers):
    """Same weights, no padding, the whole target at once."""
    ours = models.EncoderDecoder(encoder(nn.GRU, num_layers), decoder(nn.GRU, num_layers))
    theirs = d2l.EncoderDecoder(d2l.Seq2SeqEncoder(V, E, H, num_layers), BookDecoder(num_layers))
    for mine, book in ((ours.encoder, theirs.encoder), (ours.decoder, theirs.decoder)):
        book.embedding.load_state_dict(mine.embedding.state_dict())
        book.rnn.load_state_dict(mine.layer.state_dict())
    theirs.decoder.dense.load_state_dict(ours.decoder.output.state_dict())
    X, Y = tokens(), tokens()
    logits, (_, state) = ours(X, torch.tensor([T] * B), Y)
    expected, expected_state = theirs(X, Y)
    torch.testing.assert_close(logits, expected)
    assert_same_state(state, expected_state)


@pytest.mark.parametrize("cell", [nn.GRU, nn.LSTM])
def test_dropout_acts_on_embeddings_and_outputs_in_training_only(cell):
    """Everything is hidden at probability 1: embeddings that are zero, and outputs of the bias alone."""
    halves = encoder(cell, dropout=1.0), decoder(cell, dropout=1.0)
    zeros = torch.zeros(B, T, E)
    torch.testing.assert_close(halves[0](tokens(), torch.tensor([T] * B))[0], halves[0].layer(zeros)[0])
    logits, _ = halves[1](tokens(), halves[1].init_state(states(cell, 1)))
    torch.testing.assert_close(logits, halves[1].output.bias.expand(B, T, V))
    for half in halves:
        half.eval()
    X, encoded = tokens(), states(cell, 1)
    torch.testing.assert_close(halves[0](X, torch.tensor([T] * B))[0], halves[0].layer(halves[0].embedding(X))[0])
    logits, _ = halves[1](X, halves[1].init_state(encoded))
    expected, _ = write_out(halves[1], X, parts(encoded[1])[0][-1], encoded[1])
    torch.testing.assert_close(logits, expected)


@pytest.mark.parametrize("num_layers", [1, 2])
def test_dropout_between_layers_is_torchs_own(num_layers):
    for half in (encoder(num_layers=num_layers, dropout=0.5), decoder(num_layers=num_layers, dropout=0.5)):
        assert half.layer.dropout == (0.5 if num_layers > 1 else 0.0)


def test_tied_weights_are_one_tensor_that_learns_from_both_sides():
    model = decoder(tied=True)
    assert model.output[1].weight is model.embedding.weight
    own = models.count_parameters(model) - models.count_parameters(model.layer) - V * E
    assert own == H * E + E + V
    context_free = model.output(torch.randn(B, H)).sum()
    context_free.backward()
    assert (model.embedding.weight.grad != 0).any()  # though no token was embedded
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    optimizer.step()
    assert torch.equal(model.output[1].weight, model.embedding.weight)


def test_tied_weights_start_so_that_logits_are_of_size_1():
    """Each is a sum over E = 64 numbers of size 1, times weights of size 1/8."""
    model = models.Seq2SeqDecoder(2000, 64, H, tied=True)
    scores = torch.randn(64) @ model.embedding.weight.T
    assert 0.7 < scores.std() < 1.4


@pytest.mark.parametrize(("cell", "num_layers"), CELLS)
@pytest.mark.parametrize("index", [[2, 0, 1], [1, 1, 0, 0, 2], [1], []])
def test_reordering_picks_the_same_rows_of_all_parts_of_the_state(cell, num_layers, index):
    model, index = decoder(cell, num_layers), torch.tensor(index, dtype=torch.long)
    state = model.init_state(states(cell, num_layers))
    context, hidden = model.reorder(state, index)
    assert isinstance(hidden, tuple) is (cell is nn.LSTM)
    assert torch.equal(context, torch.stack([state[0][i] for i in index]) if len(index) else context[:0])
    for part, old in zip(parts(hidden), parts(state[1]), strict=True):
        assert part.shape == (num_layers, len(index), H)
        assert all(torch.equal(part[:, place], old[:, i]) for place, i in enumerate(index))


@pytest.mark.parametrize("layer", [nn.GRU, nn.LSTM])
def test_reordering_a_language_models_state_is_reading_its_rows_in_that_order(layer):
    model, X, index = language_model(layer), tokens(), torch.tensor([2, 0, 0, 1])
    assert_same_state(model.reorder(model(X)[1], index), model(X[index])[1])
    assert model.reorder(None, index) is None


@pytest.mark.parametrize("cell", [nn.GRU, nn.LSTM])
@pytest.mark.parametrize(
    ("layers", "hidden", "message"),
    [(2, H, "has 2 layers of 5 hidden units, the decoder 1 of 5; choose the same"), (1, H + 1, "has 1 layers of 6")],
)
def test_a_state_that_does_not_fit_the_decoder_is_an_error_with_all_numbers(cell, layers, hidden, message):
    other = models.Seq2SeqEncoder(V, E, hidden, layers, cell=cell)
    with pytest.raises(ValueError, match=message):
        models.EncoderDecoder(other, decoder(cell)).start(tokens(), torch.tensor([T] * B))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"tokens": torch.zeros(B, T)}, r"ids of shape \(batch, steps\); got torch.float32 of shape \(3, 6\)"),
        ({"tokens": torch.zeros(B, dtype=torch.long)}, r"got torch.int64 of shape \(3,\)"),
        ({"lengths": torch.tensor([1, 2])}, r"lengths must have the shape \(3,\), one for each source; got \(2,\)"),
        ({"lengths": torch.tensor([[1], [2], [3]])}, r"got \(3, 1\)"),
        (
            {"lengths": torch.tensor([1, 0, 3])},
            "lengths run from 0 to 3; they must be from 1 to 6.*still has its <eos>",
        ),
        ({"lengths": torch.tensor([1, 2, T + 1])}, "lengths run from 1 to 7; they must be from 1 to 6"),
    ],
)
def test_sources_of_a_wrong_kind_are_an_error_that_says_what_came(changed, message):
    with pytest.raises(ValueError, match=message):
        encoder()(**{"tokens": tokens(), "lengths": LENGTHS} | changed)


# --- count_parameters ------------------------------------------------------------------------------------------------


def test_a_gru_has_three_times_the_parameters_of_its_candidate():
    """torch's layer has two biases in each of the three."""
    assert models.count_parameters(nn.GRU(V, H)) == 3 * (V * H + H * H + 2 * H)


def test_frozen_parameters_are_not_counted():
    layer = nn.Linear(3, 4)
    assert models.count_parameters(layer) == 16
    layer.bias.requires_grad_(False)
    assert models.count_parameters(layer) == 12
