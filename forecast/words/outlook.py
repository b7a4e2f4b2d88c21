"""What may come next as a whole: each known word, the likeliest of them, and all that are new."""

import numpy as np

from forecast.compiled import compiled
from forecast.words.by_chance import WEIGHT, blended, by_chance, new_by_chance
from forecast.words.likeliest import followed, in_order, likeliest_words
from forecast.words.parts import CACHE, PARTS, REPEAT
from forecast.words.recent import CACHES, KNOWN
from forecast.words.repeats import repeated
from forecast.words.vocabulary import LONGEST, word_read
from forecast.words.wordwise import (
    BLOCKS,
    FORM,
    chance_of,
    grams_of,
    in_hand,
    known_probability,
    rate_of,
    recent_of,
    repeats_of,
    shares_of,
    survey,
    vocabulary_of,
)


@compiled
def words_rate(f, i):
    """Effective rate: how much the last that came weighs in what is believed."""
    nodes, spots, weights = in_hand()
    survey(f, i, nodes, spots, weights)
    return rate_of(f, i, nodes, spots, weights, np.empty(CACHES))


@compiled
def words_weights(f, i, weights):
    """Write how much each part weighs before the next word, [PARTS]."""
    nodes, spots, own = in_hand()
    survey(f, i, nodes, spots, own)
    for k in range(PARTS):
        weights[k] = own[k]


@compiled
def words_new(f, i, ways):
    """Write the probability that a new word comes to ways [2]: as the model has it, by chance."""
    nodes, spots, weights = in_hand()
    chance = chance_of(f, i)
    ways[0] = (1.0 - chance[WEIGHT]) * survey(f, i, nodes, spots, weights)
    ways[1] = chance[WEIGHT] * new_by_chance(chance, i[FORM])


@compiled
def _known(f, i, new, nodes, spots, weights, w, p, y):
    """Probability of a known word; p [PARTS] and y [40] are written."""
    n = word_read(vocabulary_of(i), w, y)
    model = (1.0 - new) * known_probability(f, i, nodes, spots, weights, w, p)
    return blended(chance_of(f, i)[WEIGHT], model, by_chance(y, n, i[FORM]))


@compiled
def words_probabilities(f, i, p):
    """Probability of each known word, written to p [known]."""
    nodes, spots, weights = in_hand()
    new = survey(f, i, nodes, spots, weights)
    each, y = np.empty(PARTS), np.empty(LONGEST, np.uint8)
    for w in range(len(p)):
        p[w] = _known(f, i, new, nodes, spots, weights, w, each, y)


@compiled
def words_top(f, i, x, ids, ps):
    """The likeliest words and their probabilities, most likely first; exact."""
    nodes, spots, weights = in_hand()
    new, p = survey(f, i, nodes, spots, weights), np.empty(PARTS)
    grams, recent, y = grams_of(i), recent_of(i), np.empty(LONGEST, np.uint8)
    extra = np.zeros(recent[KNOWN])
    ground = followed(grams, nodes, spots, weights, extra)
    word = repeated(repeats_of(i))
    if spots[REPEAT] >= 0:
        extra[word] += weights[REPEAT]
    v = chance_of(f, i)[WEIGHT]
    odds = v / ((1.0 - v) * (1.0 - new)) if new < 1.0 else 0.0
    shares, words, memories = shares_of(f, i), vocabulary_of(i), weights[CACHE:]
    likeliest_words(
        shares, recent, i[BLOCKS], memories, ground, extra, words, i[FORM], odds, y, ids, ps
    )
    for place in range(len(ids)):
        if ids[place] >= 0:
            ps[place] = _known(f, i, new, nodes, spots, weights, ids[place], p, y)
    in_order(ids, ps)
