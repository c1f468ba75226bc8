"""What is read of a reply's headers: how long to stay away, by seconds or by the provider's own clock."""

import pytest

from app.providers.client.http import RawReply
from app.providers.client.verdicts import asked_wait_s

NOON = "Thu, 06 May 2010 12:00:00 GMT"


def reply(**headers: str) -> RawReply:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    return RawReply(status=429, content_type="", body=b"", duration_ms=1.0, headers=names)


@pytest.mark.parametrize(
    ("retry_after", "wait_s"),
    [
        ("7", 7),
        (" 7 ", 7),
        ("0", 1),
        ("99999999999", 86_400),
        ("Thu, 06 May 2010 12:00:30 GMT", 30),
        ("Thu, 06 May 2010 11:00:00 GMT", 1),
        ("Fri, 06 May 2011 12:00:00 GMT", 86_400),
        ("Thu, 06 May 2010 12:00:30", 30),
        ("", None),
        ("soon", None),
        ("-1", None),
        ("1.5", None),
        ("Thu, 06 May 99999999999 12:00:00 GMT", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(retry_after: str, wait_s: float | None) -> None:
    assert asked_wait_s(reply(retry_after=retry_after, date=NOON)) == wait_s


def test_a_date_means_nothing_without_the_providers_own_clock() -> None:
    assert asked_wait_s(reply(retry_after=NOON)) is None
    assert asked_wait_s(reply(retry_after=NOON, date="today")) is None
    assert asked_wait_s(reply()) is None
