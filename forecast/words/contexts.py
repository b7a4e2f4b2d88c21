"""What is known when the next byte is asked for: the contexts of a text.

The last bytes, in orders and with gaps; the word so far, with the words before it; how the text is
formed; what came after the last byte of late; what the last match says. Each is one number, a hash.
A word is a run of letters and digits, and capitals count as small letters; all else is a word of
one byte.
"""

from forecast.compiled import compiled
from forecast.words.rows import hashed

# ints of a text: the last eight bytes, the word so far and the three before it, the lengths of the
# word and of the last one, its first letter, the kinds of the last 16 bytes, the last three
# letters of the word so far and of the last word, the last word of five letters or more
LAST, WORD, WORD_1, WORD_2, WORD_3, LENGTH, LENGTH_1, INITIAL, KINDS, ENDING, ENDING_1 = range(11)
LONG = 11
TEXT_INTS = 12
# ints of what followed: for each byte the last four that came after it, then for each two bytes,
# then for a hash of each word the last word that came after it, and for one of each two words
AFTER_TWO = 256
AFTER_WORD = AFTER_TWO + 65536
FOLLOWED_INTS = AFTER_WORD + 65536

# Contexts by number. The first are those of which a light learner makes do.
(ORDER_1, ORDER_2, ORDER_3, ORDER_4, ORDER_6, WORD_0, WORDS_2, MATCHED) = range(8)
(ORDER_5, WORDS_3, SKIP_WORD, SKIP_2_WORDS, WORD_BYTE, SAME_ENDING) = range(8, 14)
(GAP_1, GAP_2, MIDDLE, MATCHED_BYTE, FOLLOWED_1, FOLLOWED_2, FOLLOWED_MIXED) = range(14, 21)
(FORM, FORM_LONG, FORM_BYTE, SHAPE, WORD_INITIAL, AFTER_LONG) = range(21, 27)
(WORDS_4, FOLLOWED_WORD, FOLLOWED_WORDS, FOLLOWED_PAIR, WORD_GAP) = range(27, 32)
CONTEXTS = 32

# kinds of bytes; letters and digits make words
LETTER, DIGIT, SPACE, LINE, STOP, PAUSE, OTHER, CONTROL, CAPITAL = range(1, 10)


@compiled
def kind_of_byte(y):
    """Letter, digit, space or another mark."""
    if 97 <= y <= 122 or y >= 128:
        return LETTER
    if 65 <= y <= 90:
        return CAPITAL
    if 48 <= y <= 57:
        return DIGIT
    if y == 32:
        return SPACE
    if y == 10:
        return LINE
    if y < 32 or y == 127:
        return CONTROL
    if y in (33, 46, 63):
        return STOP
    return PAUSE if y in (44, 58, 59) else OTHER


@compiled
def followed_learn(text, followed, y):
    """Remember what came after the last byte, and after the last two."""
    one, two = text[LAST] & 0xFF, AFTER_TWO + (text[LAST] & 0xFFFF)
    followed[one] = ((followed[one] << 8) | y) & 0xFFFFFFFF
    followed[two] = ((followed[two] << 8) | y) & 0xFFFFFFFF
    if text[LENGTH] > 0 and kind_of_byte(y) not in (LETTER, DIGIT, CAPITAL):
        followed[after_word(text[WORD_1])] = text[WORD]
        followed[after_word(hashed(text[WORD_1], text[WORD_2]))] = text[WORD]


@compiled
def after_word(word):
    """Where the word that followed a word is kept."""
    return AFTER_WORD + (word & 0xFFFF)


@compiled
def text_go_on(text, y):
    """The text goes on by a byte."""
    text[LAST] = (text[LAST] << 8) | y
    kind = kind_of_byte(y)
    text[KINDS] = (text[KINDS] << 4) | kind
    if kind in (LETTER, DIGIT, CAPITAL):
        small = y + 32 if kind == CAPITAL else y
        if text[LENGTH] == 0:
            text[INITIAL] = small
            text[WORD] = 0
        text[WORD] = hashed(text[WORD] + 1, small)
        text[LENGTH] += 1
        text[ENDING] = ((text[ENDING] << 8) | small) & 0xFFFFFF
        return
    if text[LENGTH] > 0:
        text[WORD_3] = text[WORD_2]
        text[WORD_2] = text[WORD_1]
        text[WORD_1] = text[WORD]
        text[LENGTH_1] = text[LENGTH]
        if text[LENGTH] > 4:
            text[LONG] = text[WORD]
        text[ENDING_1] = text[ENDING]
        text[LENGTH] = 0
        text[ENDING] = 0
    text[WORD] = 0 if kind == SPACE else hashed(12345, y)


@compiled
def text_contexts(text, followed, expected, matched, h):
    """Write the context of each number to h [CONTEXTS].

    ``expected`` is the byte that the last match says, or -1, and ``matched`` its length.
    """
    last = text[LAST]
    one = last & 0xFF
    word, first, second, third = text[WORD], text[WORD_1], text[WORD_2], text[WORD_3]
    h[ORDER_1] = one
    h[ORDER_2] = last & 0xFFFF
    h[ORDER_3] = last & 0xFFFFFF
    h[ORDER_4] = last & 0xFFFFFFFF
    h[ORDER_5] = last & 0xFFFFFFFFFF
    h[ORDER_6] = last & 0xFFFFFFFFFFFF
    h[WORD_0] = hashed(word, one + 1)
    h[WORDS_2] = hashed(word, first)
    h[WORDS_3] = hashed(h[WORDS_2], second)
    h[SKIP_WORD] = hashed(word, second + 77)
    h[SKIP_2_WORDS] = hashed(word, third + 99)
    h[WORD_BYTE] = hashed(first, one)
    h[SAME_ENDING] = hashed(word, text[ENDING_1])
    h[GAP_1] = last & 0xFFFF00
    h[GAP_2] = last & 0xFFFF0000
    h[MIDDLE] = last & 0xFF00FF
    h[MATCHED] = hashed(expected + 1, min(matched, 16) + max(min((matched - 16) // 8, 15), 0))
    h[MATCHED_BYTE] = hashed(hashed(expected + 1, min(matched, 15)), one)
    after_one, after_two = followed[one], followed[AFTER_TWO + (last & 0xFFFF)]
    h[FOLLOWED_1] = hashed(after_one & 0xFFFF, one)
    h[FOLLOWED_2] = hashed(after_two & 0xFFFF, one)
    h[FOLLOWED_MIXED] = hashed(after_two & 0xFF, last & 0xFFFF)
    h[FORM] = text[KINDS] & 0xFFFFFFFF
    h[FORM_LONG] = hashed(text[KINDS] & 0xFFFFFFFFFFFF, word)
    h[FORM_BYTE] = hashed(text[KINDS] & 0xFFFFFF, one)
    h[AFTER_LONG] = hashed(word, text[LONG] + 55)
    h[WORDS_4] = hashed(h[WORDS_3], third)
    h[FOLLOWED_WORD] = hashed(word, followed[after_word(first)])
    h[FOLLOWED_WORDS] = hashed(word, followed[after_word(hashed(first, second))])
    h[FOLLOWED_PAIR] = hashed(after_one & 0xFF, last & 0xFFFF)
    h[WORD_GAP] = hashed(word, last & 0xFF00)
    h[SHAPE] = hashed(hashed(text[LENGTH], text[LENGTH_1]), one)
    h[WORD_INITIAL] = hashed(word, text[INITIAL])
    for k in range(CONTEXTS):
        h[k] = hashed(h[k], k + 1)
