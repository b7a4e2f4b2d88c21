"""Hypothesis draws the same examples everywhere, so that a change alone can make a test fail.

New examples are looked for on purpose: ``python -m pytest --hypothesis-profile exploring``.
"""

from hypothesis import settings

settings.register_profile("reproducible", derandomize=True, deadline=None)
settings.register_profile("exploring", deadline=None)
settings.load_profile("reproducible")
