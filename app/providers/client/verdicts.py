"""What a reply means, whatever its HTTP status claims."""

from __future__ import annotations

import re
from collections.abc import Sequence  # noqa: TC003  msgspec reads annotations at run time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import NoReturn, TypeVar

import msgspec

from app.domain.quotas import Outcome
from app.providers.client.http import RawReply  # noqa: TC001  msgspec reads annotations at run time

SHOWN = 300
SHORTEST_WAIT_S = 1.0
LONGEST_WAIT_S = 86_400.0
STATUSES = {
    401: Outcome.BAD_KEY,
    402: Outcome.NOT_ENTITLED,
    403: Outcome.NOT_ENTITLED,
    404: Outcome.NOT_FOUND,
    426: Outcome.NOT_ENTITLED,
    429: Outcome.RATE_LIMITED,
}
# What only a provider itself can mean; on a web page it is a proxy's word, from which nothing is learnt.
NOT_A_PAGES = frozenset({Outcome.NOT_ENTITLED, Outcome.NOT_FOUND})
Wire = TypeVar("Wire")


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """The meaning of a reply, and the provider's own words for it.

    `out_of_range` refuses only the asked date; `wait_s` is how long the provider asked us to stay away (quota
    clock; None: it did not say).
    """

    outcome: Outcome
    words: str = ""
    out_of_range: bool = False
    wait_s: float | None = None


class RefusedError(Exception):
    """A reply is not what was asked for; its verdict says why."""

    def __init__(self, verdict: Verdict) -> None:
        """Carry the verdict."""
        super().__init__(verdict.words)
        self.verdict = verdict


def refuse(words: str) -> NoReturn:
    """Raise RefusedError for a reply that cannot be what it claims (``malformed``)."""
    raise RefusedError(Verdict(outcome=Outcome.MALFORMED, words=words)) from None


def refusal(verdict: Verdict, reply: RawReply) -> RefusedError:
    """Return the error of a verdict, with the time that the reply asks us to stay away."""
    wait_s = asked_wait_s(reply)
    return RefusedError(verdict if wait_s is None else msgspec.structs.replace(verdict, wait_s=wait_s))


def decoded(body: bytes | msgspec.Raw, kind: type[Wire]) -> Wire:
    """Decode JSON strictly; raise RefusedError (``malformed``) with the place that does not fit."""
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as e:
        refuse(f"the body does not have the documented form: {e}")
    except RecursionError:
        refuse("the body is nested too deeply")


def body_of(reply: RawReply, kind: type[Wire]) -> Wire:
    """Decode a reply whose status is to be believed where its body cannot be; raise RefusedError for either."""
    try:
        return decoded(reply.body, kind)
    except RefusedError as e:
        verdict = by_status(reply.status, f"{shown(reply.body)} ({e})")
        raise (refusal(verdict, reply) if verdict else e) from None


def by_words(words: str, meanings: Sequence[tuple[str, Verdict]]) -> Verdict | None:
    """Judge by the first pattern (lower case, plain apostrophes) that a provider's words hold; None for none."""
    said = words.casefold().replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    found = next((meaning for pattern, meaning in meanings if re.search(pattern, said)), None)
    return msgspec.structs.replace(found, words=words) if found else None


def not_json(reply: RawReply, meanings: Sequence[tuple[str, Verdict]] = ()) -> Verdict | None:
    """Judge a reply that is no JSON at all: a proxy's error page, an empty body, or words without a form."""
    start = reply.body[:64].lstrip()
    if start[:1] in {b"{", b"["} and "html" not in reply.content_type:
        return None
    said, is_page = shown(reply.body), start[:1] == b"<"
    verdict = None if start[:1] in {b"{", b"[", b"<"} else by_words(said, meanings)
    verdict = verdict or by_status(reply.status, said)
    if verdict is not None and not (is_page and verdict.outcome in NOT_A_PAGES):
        return verdict
    words = f"not JSON (status {reply.status}, {reply.content_type or 'no content type'}): {said}"
    return Verdict(outcome=Outcome.MALFORMED, words=words)


def by_status(status: int, words: str) -> Verdict | None:
    """Judge by the HTTP status alone; None for 2xx."""
    if status in STATUSES:
        return Verdict(outcome=STATUSES[status], words=words)
    if status >= 500:  # noqa: PLR2004  HTTP's own limit
        return Verdict(outcome=Outcome.SERVER_ERROR, words=words)
    if 300 <= status < 400:  # noqa: PLR2004  the same
        return Verdict(outcome=Outcome.MALFORMED, words=f"a redirect ({status}), which is never followed")
    if 400 <= status < 500:  # noqa: PLR2004  the same
        return Verdict(outcome=Outcome.BAD_REQUEST, words=words)
    return None


def shown(body: bytes) -> str:
    """Return the start of a body as one printable line."""
    text = body[:SHOWN].decode("utf-8", "replace")
    return "".join(c if c.isprintable() else " " for c in text).strip()


def asked_wait_s(reply: RawReply) -> float | None:
    """Read Retry-After, in seconds or as a date by the provider's own clock; from one second to a day.

    None when it is absent or cannot be read.
    """
    text = reply.headers.get("retry-after", "").strip()
    if text.isdecimal():
        return clamped_s(float(text))
    until, now = http_date(text), http_date(reply.headers.get("date", ""))
    return clamped_s((until - now).total_seconds()) if until and now else None


def clamped_s(wait_s: float) -> float:
    """Return a wait that is neither in vain nor without end."""
    return min(max(wait_s, SHORTEST_WAIT_S), LONGEST_WAIT_S)


def http_date(text: str) -> datetime | None:
    """Read a header's date; None when it is none."""
    try:
        found = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
