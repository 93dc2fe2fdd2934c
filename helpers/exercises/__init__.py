"""Checks for the exercises, one module a section; `check`, `returned` and `messages` hold what they share.

In a notebook: `from helpers.exercises import gru as exercises`, then `exercises.check_half_life(answer)`. A check says
'not solved yet' for the stub, and names the case that an answer gets wrong.
"""
