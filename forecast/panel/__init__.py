"""Many series, each with a learner whose state is a row of a matrix, walked on all cores."""
