"""What must be in place before a test worker or a notebook's kernel starts; the order of tests; the count of trials."""

import os

# The embedded sample: tests neither need the network nor depend on what is in the user's cache.
os.environ["MODERN_RNN_DATA"] = "sample"
# Two workers with two OpenMP threads each on two cores wait for one another, many times slower.
os.environ["OMP_NUM_THREADS"] = "1"
# A progress bar in a stored or compared output is debris.
os.environ["TQDM_DISABLE"] = "1"

# The notebooks that take longest begin first, in this order, so that both workers end at about the same time.
LONGEST = ["seq2seq", "solutions/seq2seq", "encoder-decoder", "solutions/encoder-decoder", "beam-search", "lstm"]
LONGEST += ["deep-rnn", "solutions/deep-rnn", "bi-rnn", "gru", "solutions/gru", "solutions/bi-rnn", "solutions/lstm"]


def pytest_collection_modifyitems(config, items):
    places = {config.rootpath / "notebooks" / f"{name}.ipynb": place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: places.get(item.path, len(places)))  # equal ones keep their order


def pytest_terminal_summary(terminalreporter, config):
    """Say how many trials `make torture` made; a test of many says so with record_property("trials", number)."""
    if config.option.markexpr == "torture":
        passed = terminalreporter.stats.get("passed", [])
        trials = sum(dict(report.user_properties).get("trials", 1) for report in passed)
        terminalreporter.write_line(f"{trials:,} trials held in {len(passed):,} tests")
