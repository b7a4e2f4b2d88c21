"""What a word looks like: one of 256 classes, told by its spelling alone.

Short words are a class of their own. Of longer ones the last two letters tell most of what a word
does in a sentence, and whether it has a capital.
"""

from forecast.compiled import compiled

CLASSES = 256
NO_CLASS = 0  # of what came before the first word; a few words share it
SHORT = 3  # letters


@compiled
def small(byte):
    """A letter as a small one."""
    return byte + 32 if 65 <= byte <= 90 else byte


@compiled
def shape(y):
    """The class of a word, bytes y, from 0 to 255.

    Letters: a capital or none, and all of a short word, else the last two letters. Digits: how
    many. All else: all of it.
    """
    first = 1 if len(y) > 1 and y[0] == 32 else 0
    letters = len(y) - first
    head = small(int(y[first]))
    mixed = 7
    if 48 <= head <= 57:
        mixed = 100 + letters
    else:
        lettered = 97 <= head <= 122
        if lettered and head != y[first]:
            mixed = 8
        for j in range(max(first, len(y) - 2) if lettered and letters > SHORT else first, len(y)):
            mixed = mixed * 257 + small(int(y[j]))
    mixed *= -7046029254386353131
    return (mixed >> 40) & (CLASSES - 1)
