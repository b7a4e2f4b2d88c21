"""How frequent words are, of late and ever: what stands below all contexts.

Four memories of all words, from the last sixteen to the last eight thousand, each fading at every
word (Kuhn and De Mori, 1990); and a count of the contexts that were surprised by a word, which says
better than its frequency how likely it is where it was never seen (Kneser and Ney, 1995).
"""

import math

from forecast.compiled import compiled

CACHES = 4
SLOWEST = 8192.0  # words; each memory is eight times shorter than the one before
BLOCK = 64  # words that have one bound: the first to be seen lie together, and the most frequent

# ints: words known, the clock (known words that came), what was counted in all; then for each
# block when it was last lifted and the largest count; then for each word when it last came, how
# many contexts it surprised, and its class
KNOWN, CLOCK, COUNTED = range(3)
HEAD = 3
LIFTED, MOST = range(2)
BLOCK_INTS = 2
CAME, SURPRISED, CLASS = range(3)
WORD_INTS = 3
# floats: the mass of each memory; of each block the largest counts; of each word the counts


def blocks_for(vocabulary: int) -> int:
    """Blocks of so many words."""
    return (vocabulary + BLOCK - 1) // BLOCK


def recent_ints(vocabulary: int) -> int:
    """Ints of what is recent, of so many words."""
    return HEAD + BLOCK_INTS * blocks_for(vocabulary) + WORD_INTS * vocabulary


def recent_floats(vocabulary: int) -> int:
    """Floats of what is recent, of so many words."""
    return CACHES * (1 + blocks_for(vocabulary) + vocabulary)


@compiled
def fade(steps, faded):
    """(1 - rate_k)^steps of each memory, written to ``faded`` [CACHES], the shortest first."""
    # each is the eighth power of the next longer one: one exponential serves all
    x = math.exp(-steps / SLOWEST)
    for k in range(CACHES - 1, -1, -1):
        faded[k] = x
        x *= x
        x *= x
        x *= x


@compiled
def word_at(i, blocks, w):
    """Where the ints of a word are."""
    return HEAD + BLOCK_INTS * blocks + WORD_INTS * w


@compiled
def class_of(i, blocks, w):
    """The class of a known word."""
    return i[word_at(i, blocks, w) + CLASS]


@compiled
def contexts_surprised(i, blocks, w):
    """p(w) = contexts that w surprised / contexts that any word did."""
    return i[word_at(i, blocks, w) + SURPRISED] / i[COUNTED]


@compiled
def recent_shares(f, i, blocks, w, shares):
    """Share of word w in what each memory still holds, written to ``shares`` [CACHES].

    p_k(w) = c_k(w) (1 - rate_k)^(now - last) / mass_k
    """
    fade(i[CLOCK] - i[word_at(i, blocks, w) + CAME], shares)
    at = CACHES * (1 + blocks + w)
    for k in range(CACHES):
        shares[k] *= f[at + k] / f[k]


@compiled
def recent_came(f, i, blocks, w, faded):
    """All words fade, and w came: c <- 1 + (1 - rate) c;  ``faded`` [CACHES] is only written."""
    i[CLOCK] += 1
    fade(1, faded)
    for k in range(CACHES):
        f[k] = 1.0 + faded[k] * f[k]
    word, block = word_at(i, blocks, w), HEAD + BLOCK_INTS * (w // BLOCK)
    fade(i[CLOCK] - i[word + CAME], faded)
    at = CACHES * (1 + blocks + w)
    for k in range(CACHES):
        f[at + k] = 1.0 + faded[k] * f[at + k]
    i[word + CAME] = i[CLOCK]
    # no word of a block holds more than its largest ever did, faded
    fade(i[CLOCK] - i[block + LIFTED], faded)
    of_block = CACHES * (1 + w // BLOCK)
    for k in range(CACHES):
        f[of_block + k] = max(faded[k] * f[of_block + k], f[at + k])
    i[block + LIFTED] = i[CLOCK]


@compiled
def recent_surprised(i, blocks, w):
    """Every context was surprised by w."""
    word, block = word_at(i, blocks, w), HEAD + BLOCK_INTS * (w // BLOCK)
    i[word + SURPRISED] += 1
    i[COUNTED] += 1
    i[block + MOST] = max(i[block + MOST], i[word + SURPRISED])


@compiled
def block_shares(f, i, block, shares):
    """A bound on the shares of every word of a block; returns that of contexts surprised."""
    at = HEAD + BLOCK_INTS * block
    fade(i[CLOCK] - i[at + LIFTED], shares)
    for k in range(CACHES):
        shares[k] *= f[CACHES * (1 + block) + k] / f[k]
    return i[at + MOST] / i[COUNTED]
