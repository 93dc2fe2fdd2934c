"""Many trials of what must never fail, run by `make torture`.

Those of the network and the cache stand in test_faults.py, those of interrupted cells in test_interrupts.py.
"""

import os
import random
import signal
import time

import pytest
import torch
from oracles import assert_same, brute_force, lists, plain_beam_search, table
from test_checkpoint import assert_same_end, finish, new_run
from test_metrics import sacre
from test_translator import SENTENCES, translator

from helpers import files
from helpers.beam_search import beam_search
from helpers.metrics import corpus_bleu
from helpers.translator import Translator

pytestmark = pytest.mark.torture


@pytest.mark.parametrize("seed", range(20))
def test_beam_search_finds_what_brute_force_and_a_beam_on_lists_find(seed, record_property):
    """25 random models each: as wide as all prefixes the beam must find the best there is, else what lists find."""
    rng = random.Random(seed)
    for trial in range(25):
        kind, N, V = rng.choice(["smooth", "peaked", "holes"]), rng.randint(1, 4), rng.randint(2, 4)
        model = table(kind, N, V, seed=1000 * seed + trial)
        limits = {"eos": rng.choice([None, *range(V)]), "max_steps": rng.randint(1, 5)}
        alpha, num_best, narrow = rng.choice([0.0, 0.3, 0.75, 1.0, 2.0]), rng.randint(1, 3), rng.randint(1, 6)
        wide = V ** limits["max_steps"]
        for beam_size, expected in [
            (wide, lambda p: brute_force(p, model.V, **limits, alpha=alpha, num_best=num_best)),  # noqa: B023
            (narrow, lambda p: plain_beam_search(p, narrow, **limits, alpha=alpha, num_best=num_best)),  # noqa: B023
        ]:
            most = min(num_best, beam_size)
            options = {"beam_size": beam_size, "alpha": alpha, "num_best": most, **limits}
            found = lists(beam_search(model, model.state, model.start, **options))
            assert_same(found, [expected(model.next(i))[:most] for i in range(N)])
    record_property("trials", 25)


@pytest.mark.parametrize("seed", range(20))
def test_bleu_is_sacrebleus(seed, record_property):
    """100 random corpora each, with one to three references a sentence, and something predicted."""
    rng = random.Random(seed)
    for _ in range(100):
        letters, n = "abcdef"[: rng.randint(1, 6)], rng.randint(1, 8)
        text = [[" ".join(rng.choices(letters, k=rng.randint(1, 12))) for _ in range(4)] for _ in range(n)]
        predictions, references = [row[0] for row in text], [row[1 : rng.randint(2, 4)] for row in text]
        theirs = sacre(predictions, references).score
        assert corpus_bleu(predictions, references).score == pytest.approx(theirs, abs=1e-9)
    record_property("trials", 100)


def test_no_flipped_bit_of_a_translators_file_is_accepted(tmp_path, record_property):
    path = tmp_path / "translator.pt"
    translator().save(path)
    intact = path.read_bytes()
    for place in random.Random(0).sample(range(len(intact)), 60):
        damaged = bytearray(intact)
        damaged[place] ^= 1 << place % 8
        path.write_bytes(damaged)
        with pytest.raises(files.DamagedFile, match=r"translator\.pt"):
            Translator.load(path)
    path.write_bytes(intact)
    assert Translator.load(path).translate(SENTENCES) == translator().translate(SENTENCES)
    record_property("trials", 60)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="a process is copied with fork")
@pytest.mark.parametrize("seed", range(8))
def test_training_killed_at_any_time_ends_as_if_it_had_not_been(seed, tmp_path, record_property):
    """The process is ended from outside, wherever it may be: in a step, in a save, between two runs."""
    began = time.perf_counter()
    expected = new_run()
    expected_history = finish(expected, tmp_path / "expected.pt", checkpoint_every=1)
    seconds = time.perf_counter() - began
    rng = random.Random(seed)
    for trial in range(8):
        path = tmp_path / f"{trial}.pt"
        child = os.fork()
        if child == 0:
            try:
                finish(new_run(), path, checkpoint_every=1)
            finally:
                os._exit(0)
        time.sleep(rng.uniform(0, seconds))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        resumed = new_run(seed=99 if path.exists() else 0)
        assert_same_end(resumed, finish(resumed, path, checkpoint_every=1), expected, expected_history)
        left = [file.name for file in tmp_path.iterdir() if file.name.startswith(f"{trial}.pt")]
        assert len([name for name in left if name.endswith(".unfinished")]) <= 1
    assert torch.get_num_threads() == 1
    record_property("trials", 8)
