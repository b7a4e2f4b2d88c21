"""Every learner keeps every law; and each law can be broken."""

import pytest

from forecast.checks import LAWS, LEARNERS


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("learner", LEARNERS)
def test_law(learner: str, law: str) -> None:
    LAWS[law](LEARNERS[learner])
