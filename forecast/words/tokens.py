"""Where a word ends and the next one begins, told byte by byte from the bytes so far alone.

A word is a run of letters, of digits or of marks, with one space before it if there is one; a tag
like <unk> is one word, and so is an apostrophe with the letters after it. What else lies between
words, more spaces or newlines, is a word of its own. That a word is over is known when the first
byte of the next one comes.
"""

from forecast.compiled import compiled
from forecast.words.contexts import CAPITAL, CONTROL, DIGIT, LETTER, LINE, SPACE, kind_of_byte

# forms of what is spelled so far: nothing; a space; letters; digits; marks; one mark that letters
# may follow; a tag that is closed; more spaces; newlines
NO_WORD, SPACED, LETTERS, DIGITS, MARKS, MARKED, CLOSED, SPACES, LINES = range(9)
FORMS = 9
APOSTROPHE, OPEN, CLOSE = 39, 60, 62


@compiled
def form_begun(y):
    """The form of a word that begins with byte y."""
    kind = kind_of_byte(y)
    if kind in (LETTER, CAPITAL):
        return LETTERS
    if kind == DIGIT:
        return DIGITS
    if kind == SPACE:
        return SPACED
    if kind in (LINE, CONTROL):
        return LINES
    return MARKED if y in (APOSTROPHE, OPEN) else MARKS


@compiled
def form_after(form, y):
    """The form of a word after one more byte; ``NO_WORD`` if the byte begins the next word."""
    begun = form_begun(y)
    if form == SPACED:
        return SPACES if begun == SPACED else begun
    if form == MARKED:
        return MARKED if begun == LETTERS else CLOSED if y == CLOSE else NO_WORD
    if form == SPACES:
        return SPACES if begun == SPACED else NO_WORD
    if form == MARKS:
        return MARKS if begun in (MARKS, MARKED) else NO_WORD
    return form if form in (LETTERS, DIGITS, LINES) and form == begun else NO_WORD
