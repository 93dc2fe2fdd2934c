"""What encoder and decoder promise each other, with halves that can be followed by hand."""

import pytest
import torch
from torch.nn import functional as F

from helpers.encoder_decoder import Decoder, Encoder, EncoderDecoder

V = 7


@pytest.mark.parametrize(
    ("kind", "call", "message"),
    [
        (Encoder, lambda half: half(1, 2), r"Half must define forward\(src, src_len\)"),
        (Decoder, lambda half: half(1, 2), r"Half must define forward\(tokens, state\)"),
        (Decoder, lambda half: half.init_state(1), r"Half must define init_state\(encoded\)"),
        (Decoder, lambda half: half.reorder(1, 2), r"Half must define reorder\(state, index\)"),
    ],
)
def test_a_half_without_a_method_says_which_one_is_missing(kind, call, message):
    half = type("Half", (kind,), {})()
    with pytest.raises(NotImplementedError, match=message):
        call(half)


def test_an_encoder_decoder_hands_what_was_read_to_what_writes():
    """An encoder that adds up, a decoder that counts on from the sum: all that passes between them is visible."""

    class Sum(Encoder):
        def forward(self, tokens, lengths):
            return tokens.cumsum(1).gather(1, lengths[:, None] - 1)[:, 0]

    class CountOn(Decoder):
        def init_state(self, encoded):
            return 10 * encoded

        def forward(self, tokens, state):
            totals = state[:, None] + tokens.cumsum(1)
            return F.one_hot(totals % V, V) * 9.0, totals[:, -1]

    model = EncoderDecoder(Sum(), CountOn())
    sources, lengths, inputs = (
        torch.tensor([[1, 2, 99], [3, 1, 1]]),
        torch.tensor([2, 3]),
        torch.tensor([[1, 2], [0, 5]]),
    )
    assert model.begin(sources, lengths).tolist() == [30, 50]
    logits, state = model(sources, lengths, inputs)
    assert logits.argmax(-1).tolist() == [[31 % V, 33 % V], [50 % V, 55 % V]]
    assert state.tolist() == [33, 55]
    log_probs, state = model.decoder.step(inputs[:, 0], model.begin(sources, lengths))
    torch.testing.assert_close(log_probs, logits[:, 0].log_softmax(-1))
    assert state.tolist() == [31, 50]
