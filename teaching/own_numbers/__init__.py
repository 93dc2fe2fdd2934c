"""The exercises in which each student has numbers of their own.

OWN          {(section, number of the exercise): Own}

Where no line stands, everybody gets the same exercise: its answer is a definition (a cell, an order of weights, a
padding), and another number in it would change the sizes alone, which the hidden cases vary already.
"""

from teaching.own_numbers import layers, translation

OWN = {
    **layers.GRU,
    **layers.LSTM,
    **layers.DEEP,
    **layers.BI,
    **translation.DATA,
    **translation.ENCODER,
    **translation.SEQ2SEQ,
    **translation.BEAM,
    **translation.AFTER,
}
