"""Many series, each with a learner of its own: its state is a row of a matrix, walked on all cores."""
