"""Recurrent encoder and decoder, against the book's, torch's layers and loops written out."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from helpers import seq2seq
from helpers.book import d2l
from helpers.encoder_decoder import EncoderDecoder
from helpers.language_model import count_parameters

V, E, H, B, T = 7, 4, 5, 3, 6


@pytest.fixture(autouse=True)
def _seed():
    torch.manual_seed(0)


def tokens() -> torch.Tensor:
    return torch.randint(V, (B, T))


RECURRENT = [(nn.GRU, 1), (nn.GRU, 2), (nn.LSTM, 1), (nn.LSTM, 2)]
LENGTHS = torch.tensor([4, 1, 6])  # one of them as long as the tensor is wide


def encoder(recurrent=nn.GRU, num_layers=1, **options) -> seq2seq.Seq2SeqEncoder:
    return seq2seq.Seq2SeqEncoder(V, E, H, num_layers, recurrent=recurrent, **options)


def decoder(recurrent=nn.GRU, num_layers=1, **options) -> seq2seq.Seq2SeqDecoder:
    return seq2seq.Seq2SeqDecoder(V, E, H, num_layers, recurrent=recurrent, **options)


def parts(state) -> list[torch.Tensor]:
    """Return all tensors of a state, however nested."""
    return [state] if isinstance(state, torch.Tensor) else [part for item in state for part in parts(item)]


def states(recurrent, num_layers: int, rows: int = B):
    """Return what an encoder might hand over: random numbers."""
    state = tuple(torch.randn(num_layers, rows, H) for _ in range(2))
    return None, state if recurrent is nn.LSTM else state[0]


@pytest.mark.parametrize(("recurrent", "num_layers"), RECURRENT)
def test_an_encoder_reads_each_source_as_torch_reads_it_alone(recurrent, num_layers):
    model, X = encoder(recurrent, num_layers), tokens()
    outputs, state = model(X, LENGTHS)
    assert outputs.shape == (B, T, H)
    for i, n in enumerate(LENGTHS.tolist()):
        alone, final = model.layer(model.embedding(X[i, :n])[None])
        torch.testing.assert_close(outputs[i, :n], alone[0], rtol=0, atol=1e-6)
        assert (outputs[i, n:] == 0).all()
        for part, expected in zip(parts(state), parts(final), strict=True):
            torch.testing.assert_close(part[:, i], expected[:, 0], rtol=0, atol=1e-6)


@pytest.mark.parametrize(("recurrent", "num_layers"), RECURRENT)
@pytest.mark.parametrize("lengths", [LENGTHS, torch.tensor([T, T, T])])
def test_of_two_directions_the_state_holds_what_each_knows_at_its_own_end(recurrent, num_layers, lengths):
    model, X = seq2seq.Seq2SeqEncoder(V, E, 8, num_layers, recurrent=recurrent, bidirectional=True), tokens()
    outputs, state = model(X, lengths)
    for i, n in enumerate(lengths.tolist()):
        alone, final = model.layer(model.embedding(X[i, :n])[None])
        torch.testing.assert_close(outputs[i, :n], alone[0], rtol=0, atol=1e-6)
        for part, expected in zip(parts(state), parts(final), strict=True):
            assert part.shape == (num_layers, B, 8)
            for layer in range(num_layers):
                forward, backward = expected[2 * layer, 0], expected[2 * layer + 1, 0]
                torch.testing.assert_close(part[layer, i], torch.cat([forward, backward]), rtol=0, atol=1e-6)
    hidden = parts(state)[0]
    last = torch.stack([torch.cat([outputs[i, n - 1, :4], outputs[i, 0, 4:]]) for i, n in enumerate(lengths.tolist())])
    torch.testing.assert_close(hidden[-1], last, rtol=0, atol=1e-6)
    writer = seq2seq.Seq2SeqDecoder(V, E, 8, num_layers, recurrent=recurrent)
    assert writer(X, writer.init_state((outputs, state)))[0].shape == (B, T, V)


def test_an_odd_number_of_units_cannot_be_shared_by_two_directions():
    with pytest.raises(ValueError, match="num_hiddens is 5; to be shared by two directions it must be even"):
        encoder(bidirectional=True)


@pytest.mark.parametrize(("recurrent", "num_layers"), RECURRENT)
def test_what_stands_at_padding_changes_nothing_and_learns_nothing(recurrent, num_layers):
    """Token 0 stands at padding and nowhere else; the gradient of its embedding must be zero."""
    model = encoder(recurrent, num_layers)
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


@pytest.mark.parametrize(("recurrent", "num_layers"), RECURRENT)
def test_sources_of_one_length_are_read_without_packing_and_come_out_the_same(recurrent, num_layers, monkeypatch):
    model, X = encoder(recurrent, num_layers), tokens()
    packings, pack = [], seq2seq.pack_padded_sequence
    monkeypatch.setattr(seq2seq, "pack_padded_sequence", lambda *args, **kw: packings.append(1) or pack(*args, **kw))
    direct = model(X, torch.tensor([T] * B))
    assert not packings
    packed = model(torch.cat([X, X[:1]]), torch.tensor([T] * B + [T - 1]))
    assert packings
    for ours, theirs in zip(parts(direct), parts(packed), strict=True):
        rows = theirs[:B] if theirs.shape[0] == B + 1 else theirs[:, :B]
        torch.testing.assert_close(ours, rows, rtol=0, atol=1e-6)


def write_out(model: seq2seq.Seq2SeqDecoder, X, context, state):
    """Torch's layer, one token at a time, with the context beside each embedding."""
    logits = []
    for t in range(X.shape[1]):
        pair = torch.cat([model.embedding.weight[X[:, t]], context], dim=1)
        output, state = model.layer(pair[:, None], state)
        logits.append(model.output(output[:, 0]))
    return torch.stack(logits, 1), state


@pytest.mark.parametrize("tied", [False, True])
@pytest.mark.parametrize(("recurrent", "num_layers"), RECURRENT)
def test_a_decoder_reads_the_same_context_beside_every_token(recurrent, num_layers, tied):
    model, X, encoded = decoder(recurrent, num_layers, tied=tied), tokens(), states(recurrent, num_layers)
    start = model.init_state(encoded)
    hidden = encoded[1][0] if recurrent is nn.LSTM else encoded[1]
    assert torch.equal(start[0], hidden[-1])
    logits, (context, state) = model(X, start)
    expected, final = write_out(model, X, hidden[-1], encoded[1])
    assert logits.shape == (B, T, V)
    torch.testing.assert_close(logits, expected, rtol=0, atol=1e-6)
    torch.testing.assert_close(state, final)
    assert torch.equal(context, hidden[-1])


@pytest.mark.parametrize(("recurrent", "num_layers"), RECURRENT)
def test_writing_token_by_token_is_reading_the_target_at_once(recurrent, num_layers):
    model, X, encoded = decoder(recurrent, num_layers, tied=True), tokens(), states(recurrent, num_layers)
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
    ours = EncoderDecoder(encoder(nn.GRU, num_layers), decoder(nn.GRU, num_layers))
    theirs = d2l.EncoderDecoder(d2l.Seq2SeqEncoder(V, E, H, num_layers), BookDecoder(num_layers))
    for mine, book in ((ours.encoder, theirs.encoder), (ours.decoder, theirs.decoder)):
        book.embedding.load_state_dict(mine.embedding.state_dict())
        book.rnn.load_state_dict(mine.layer.state_dict())
    theirs.decoder.dense.load_state_dict(ours.decoder.output.state_dict())
    X, Y = tokens(), tokens()
    logits, (_, state) = ours(X, torch.tensor([T] * B), Y)
    expected, expected_state = theirs(X, Y)
    torch.testing.assert_close(logits, expected)
    torch.testing.assert_close(state, expected_state)


@pytest.mark.parametrize("recurrent", [nn.GRU, nn.LSTM])
def test_dropout_acts_on_embeddings_and_outputs_in_training_only(recurrent):
    """Everything is hidden at probability 1: embeddings that are zero, and outputs of the bias alone."""
    halves = encoder(recurrent, dropout=1.0), decoder(recurrent, dropout=1.0)
    zeros = torch.zeros(B, T, E)
    torch.testing.assert_close(halves[0](tokens(), torch.tensor([T] * B))[0], halves[0].layer(zeros)[0])
    logits, _ = halves[1](tokens(), halves[1].init_state(states(recurrent, 1)))
    torch.testing.assert_close(logits, halves[1].output.bias.expand(B, T, V))
    for half in halves:
        half.eval()
    X, encoded = tokens(), states(recurrent, 1)
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
    own = count_parameters(model) - count_parameters(model.layer) - V * E
    assert own == H * E + E + V
    context_free = model.output(torch.randn(B, H)).sum()
    context_free.backward()
    assert (model.embedding.weight.grad != 0).any()  # though no token was embedded
    optimizer = torch.optim.SGD(model.parameters(), 0.1)
    optimizer.step()
    assert torch.equal(model.output[1].weight, model.embedding.weight)


def test_tied_weights_start_so_that_logits_are_of_size_1():
    """Each is a sum over E = 64 numbers of size 1, times weights of size 1/8."""
    model = seq2seq.Seq2SeqDecoder(2000, 64, H, tied=True)
    scores = torch.randn(64) @ model.embedding.weight.T
    assert 0.7 < scores.std() < 1.4


@pytest.mark.parametrize(("recurrent", "num_layers"), RECURRENT)
@pytest.mark.parametrize("index", [[2, 0, 1], [1, 1, 0, 0, 2], [1], []])
def test_reordering_picks_the_same_rows_of_all_parts_of_the_state(recurrent, num_layers, index):
    model, index = decoder(recurrent, num_layers), torch.tensor(index, dtype=torch.long)
    state = model.init_state(states(recurrent, num_layers))
    context, hidden = model.reorder(state, index)
    assert isinstance(hidden, tuple) is (recurrent is nn.LSTM)
    assert torch.equal(context, torch.stack([state[0][i] for i in index]) if len(index) else context[:0])
    for part, old in zip(parts(hidden), parts(state[1]), strict=True):
        assert part.shape == (num_layers, len(index), H)
        assert all(torch.equal(part[:, place], old[:, i]) for place, i in enumerate(index))


@pytest.mark.parametrize("recurrent", [nn.GRU, nn.LSTM])
@pytest.mark.parametrize(
    ("layers", "hidden", "message"),
    [(2, H, "has 2 layers of 5 hidden units, the decoder 1 of 5; choose the same"), (1, H + 1, "has 1 layers of 6")],
)
def test_a_state_that_does_not_fit_the_decoder_is_an_error_with_all_numbers(recurrent, layers, hidden, message):
    other = seq2seq.Seq2SeqEncoder(V, E, hidden, layers, recurrent=recurrent)
    with pytest.raises(ValueError, match=message):
        EncoderDecoder(other, decoder(recurrent)).begin(tokens(), torch.tensor([T] * B))


def test_an_encoder_decoder_can_be_searched_itself():
    model = EncoderDecoder(encoder(), decoder())
    state, index, first = model.begin(tokens(), LENGTHS), torch.tensor([2, 0]), tokens()[:, 0]
    assert torch.equal(model.step(first, state)[0], model.decoder.step(first, state)[0])
    assert torch.equal(model.reorder(state, index)[0], state[0][index])


@pytest.mark.parametrize(("reads", "writes"), [(nn.GRU, nn.LSTM), (nn.LSTM, nn.GRU)])
def test_an_lstm_and_a_gru_do_not_fit_together(reads, writes):
    with pytest.raises(ValueError, match=f"the encoder hands over .*, the decoder's {writes.__name__} needs"):
        EncoderDecoder(encoder(reads), decoder(writes)).begin(tokens(), LENGTHS)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"src": torch.zeros(B, T)}, "src must be a tensor .*got a tensor of torch.float32"),
        ({"src": torch.zeros(B, dtype=torch.long)}, r"src must have the shape \(B, S\); got the shape \(3,\)"),
        ({"src": torch.full((B, T), V)}, r"src\[0, 0\] is 7; it must be from 0 to 6"),
        ({"src_len": torch.tensor([1, 2])}, r"src_len must have the shape \(3,\).*got the shape \(2,\)"),
        ({"src_len": torch.tensor([[1], [2], [3]])}, r"got the shape \(3, 1\)"),
        ({"src_len": torch.tensor([1.0, 2.5, 3.0])}, "src_len must be a tensor .*got a tensor of torch.float32"),
        ({"src_len": torch.tensor([1, 0, 3])}, r"src_len\[1\] is 0; it must be from 1 to 6"),
        ({"src_len": torch.tensor([1, 2, T + 1])}, r"src_len\[2\] is 7; it must be from 1 to 6"),
    ],
)
def test_sources_of_a_wrong_kind_are_an_error_that_says_what_came(changed, message):
    with pytest.raises((TypeError, ValueError), match=message):
        encoder()(**{"src": tokens(), "src_len": LENGTHS} | changed)
