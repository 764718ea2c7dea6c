"""How long guessers wait."""

from datetime import timedelta

import pytest

from app.services.login_backoff import ACCOUNT_TRIES, ADDRESS_TRIES, pause_after


@pytest.mark.parametrize(
    ("failures", "tries", "seconds"),
    [
        (1, ACCOUNT_TRIES, None),
        (4, ACCOUNT_TRIES, None),
        (5, ACCOUNT_TRIES, 30),
        (6, ACCOUNT_TRIES, 60),
        (9, ACCOUNT_TRIES, 480),
        (10, ACCOUNT_TRIES, 900),
        (11, ACCOUNT_TRIES, 900),
        (10**9, ACCOUNT_TRIES, 900),
        (99, ADDRESS_TRIES, None),
        (100, ADDRESS_TRIES, 30),
    ],
)
def test_the_pause_starts_after_some_tries_and_doubles_up_to_a_quarter_of_an_hour(
    failures: int, tries: int, seconds: int | None
) -> None:
    expected = None if seconds is None else timedelta(seconds=seconds)

    assert pause_after(failures, tries) == expected
