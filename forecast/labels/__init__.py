"""Labels: which of two, told by the words of a message."""
