"""Other libraries' models as learners of ours, and our learners as theirs."""
