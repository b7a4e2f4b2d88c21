"""Words: counted in their contexts, and spelled when they were never seen."""
