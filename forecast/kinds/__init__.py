"""What a run of each kind does: numbers of a CSV, words or bytes of a text, labels of messages."""
