"""Settings that must be in place before a test worker or a notebook kernel starts."""

import os

# The embedded sample: tests neither need the network nor depend on what is in the user's cache.
os.environ["MODERN_RNN_DATA"] = "sample"
# Two workers with two OpenMP threads each on two cores wait for one another, many times slower.
os.environ["OMP_NUM_THREADS"] = "1"
# A progress bar in a stored or compared output is debris.
os.environ["TQDM_DISABLE"] = "1"
