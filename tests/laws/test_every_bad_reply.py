"""The law of replies, over every dataset of every provider: a spoilt field changes one fact at most, or is refused.

A good reply is spoilt somewhere, at any depth: a value replaced by what no market ever was, a name changed or dropped,
a row doubled, a part turned into text. What is read then is sound, or the whole reply is refused as malformed.
"""

import copy
import json
import math
from datetime import UTC, date, datetime
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from app.domain import earnings, fundamentals, news, quality, quotes
from app.domain.datasets import Dataset
from app.domain.quotas import Outcome
from app.ports.providers import CompanyReply, EarningsReply, NewsReply, QuoteReply, SymbolBarsReply
from app.providers.client.http import RawReply
from app.providers.client.verdicts import RefusedError
from app.providers.registry import DECLARATIONS
from tests.providers.replies import AV, CASES, FH, NA, PO, Case, case, reply

NOW = datetime(2010, 5, 8, tzinfo=UTC)
CASE = st.sampled_from(CASES)
ODD: st.SearchStrategy[Any] = st.one_of(
    st.sampled_from([
        None, True, False, "", " ", "0", "-1.5", "NaN", "Infinity", "-inf", "None", "-", "1e400", "1e999999999",
        "\uff10", [], {}, [1], [None], -1, 0, -0.0, 1e308, -1e308, 10**30, 10**400, 2**63, 5e-324, "\x00", "A B",
        "x" * 60_000, "PG", "2010-05-06", "2010-05-06T20:15:00", "2010-05-06T20:15:00Z", "0001-01-01T00:00:00+14:00",
        "2999-01-01", "20100506T201500", 1273176000, 1273176000000, "javascript:alert(1)", "http://[", "<html>",
        "[Removed]",
    ]),
    st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**70), 2**70),
    st.text(max_size=5),
)  # fmt: skip
HOW = st.sampled_from(["set", "drop", "rename", "double", "text", "number", "wrap", "extra"])
SPOILS = st.lists(st.tuples(st.integers(0, 10_000), HOW, ODD), min_size=1, max_size=3)


def places(whole: Any, at: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place of a JSON value: the way to each part of it."""
    keys = list(whole) if isinstance(whole, dict) else list(range(len(whole))) if isinstance(whole, list) else []
    found = [(*at, key) for key in keys]
    return found + [place for key in keys for place in places(whole[key], (*at, key))]


def spoil(body: Any, where: int, how: str, value: Any) -> None:
    """Change one place of a body in place."""
    if not (found := places(body)):
        return
    *way, last = found[where % len(found)]
    part = body
    for key in way:
        part = part[key]
    if how == "drop":
        del part[last]
    elif how == "double" and isinstance(part, list):
        part.append(part[last])
    elif how == "rename" and isinstance(part, dict):
        part[str(value)[:50] or "renamed"] = part.pop(last)
    elif how == "text":
        part[last] = json.dumps(part[last])
    elif how == "number" and isinstance(part[last], str) and part[last].replace(".", "", 1).isdecimal():
        part[last] = float(part[last])
    elif how == "wrap":
        part[last] = [part[last]]
    elif how == "extra" and isinstance(part, dict):
        part["never_seen"] = value
    else:
        part[last] = value


def read(one: Case, raw: RawReply) -> Any:
    """Read a reply; None when it is refused."""
    try:
        return one.read(raw)
    except RefusedError:
        return None


def require_text(*texts: str | None) -> None:
    for text in texts:
        assert text is None or "\0" not in text


def require_sound(answer: Any, dataset: Dataset) -> None:
    """Whatever was read could be stored, or the domain's own checks say why it is held: they never fail."""
    for row in answer.unreadable:
        assert row.evidence[row.rule]
        assert msgspec.json.encode(row)
    if isinstance(answer, CompanyReply):
        assert set(answer.company.facts) <= set(fundamentals.SPECS[dataset])
        for value in answer.company.facts.values():
            assert isinstance(value, str) or math.isfinite(value)
            require_text(value if isinstance(value, str) else None)
        assert isinstance(fundamentals.faults(answer.company, dataset), dict)
    elif isinstance(answer, QuoteReply):
        require_quote(answer.quote)
    elif isinstance(answer, EarningsReply):
        for one in answer.earnings:
            assert quality.valid_symbol(one.symbol)
            assert one.fiscal_quarter in {1, 2, 3, 4}
            assert set(earnings.faults(one)) <= {"eps_estimate", "eps_actual", "revenue_estimate", "revenue_actual",
                                                 "fiscal_quarter"}  # fmt: skip
    elif isinstance(answer, NewsReply):
        for article in answer.articles:
            require_article(article)
    elif isinstance(answer, SymbolBarsReply):
        require_bars(answer)


def require_quote(quote: quotes.ReportedQuote | None) -> None:
    if quote is None:
        return
    assert quote.at.utcoffset() is not None
    prices = (quote.price, quote.open, quote.high, quote.low, quote.previous_close)
    assert all(price is None or (math.isfinite(price) and price > 0) for price in prices)
    assert quote.volume is None or math.isfinite(quote.volume)
    assert isinstance(quotes.faults(quote, NOW), dict)


def require_article(article: news.Article) -> None:
    assert article.published_at.tzinfo is UTC
    assert datetime(2010, 5, 4, tzinfo=UTC) <= article.published_at < datetime(2010, 5, 9, tzinfo=UTC)
    assert article.title.strip()
    assert article.url.casefold().startswith(("http://", "https://"))
    assert all(map(quality.valid_symbol, article.symbols))
    for one in article.sentiments:
        assert one.symbol is None or quality.valid_symbol(one.symbol)
        assert (one.score is not None and -1 <= one.score <= 1) or one.label
        require_text(one.label)
    require_text(article.ref, article.url, article.title, article.source, article.author, article.summary)
    assert isinstance(news.faults(news.tidy(article), NOW), dict)


def require_bars(answer: SymbolBarsReply) -> None:
    sessions = answer.bars.sessions.tolist()
    assert sessions == sorted(sessions)
    assert all(date(2010, 5, 6) <= session for session in sessions)
    kept, _ = quality.check(answer.bars)
    assert set(kept.symbols) <= {"PG"}
    assert ((kept.low > 0) & np.isfinite(kept.high)).all()


@given(one=CASE, spoils=SPOILS)
@example(one=case(FH, Dataset.FUNDAMENTALS), spoils=[(0, "set", {"peTTM": 1e308, "marketCapitalization": 1e308})])
@example(one=case(AV, Dataset.SYMBOL_BARS), spoils=[(7, "rename", "2010-13-45")])
@example(one=case(NA, Dataset.NEWS), spoils=[(2, "set", None)])
def test_a_spoilt_field_changes_one_fact_at_most(one: Case, spoils: list[tuple[int, str, Any]]) -> None:
    body = copy.deepcopy(one.body)
    # A part below which everything may change is refused, empty, or a fact of its own.
    for where, how, value in spoils:
        spoil(body, where, how, value)
    answer = read(one, reply(body))
    if answer is None:
        return
    require_sound(answer, one.question.dataset)
    facts = one.facts(answer)
    assert len([fact for fact in facts if fact not in one.expected]) <= len(spoils)


@given(one=CASE, at=st.integers(0, 100_000), byte=st.integers(0, 255), cut=st.booleans())
def test_spoilt_bytes_are_sound_or_refused(one: Case, at: int, byte: int, cut: bool) -> None:  # noqa: FBT001  drawn
    raw = json.dumps(one.body).encode()
    at %= len(raw)
    answer = read(one, reply(raw[:at] if cut else raw[:at] + bytes([byte]) + raw[at + 1 :]))
    assert not (cut and answer)
    if answer is not None:
        require_sound(answer, one.question.dataset)


@pytest.mark.parametrize("one", CASES, ids=lambda one: one.name)
class TestEveryDataset:
    def test_a_good_reply_gives_exactly_these_facts(self, one: Case) -> None:
        answer = one.read(reply(one.body))
        assert one.facts(answer) == one.expected
        assert answer.unreadable == []
        require_sound(answer, one.question.dataset)

    @pytest.mark.parametrize(("body", "status", "meaning"), [
        (b"", 200, Outcome.MALFORMED),
        (b"<!doctype html><title>Sign in</title>", 200, Outcome.MALFORMED),
        (b"<html>busy</html>", 503, Outcome.SERVER_ERROR),
        (b"slow down", 429, Outcome.RATE_LIMITED),
        (b"", 404, Outcome.NOT_FOUND),
        (b"", 401, Outcome.BAD_KEY),
        (b"", 403, Outcome.NOT_ENTITLED),
        (b"", 302, Outcome.MALFORMED),
        (b"{" + b'"a":{' * 50_000, 200, Outcome.MALFORMED),
        (b'{"a": NaN}', 200, Outcome.MALFORMED),
        (b"[[]]", 200, Outcome.MALFORMED),
        (b"[1]", 200, Outcome.MALFORMED),
        (b'"text"', 200, Outcome.MALFORMED),
        (b"null", 200, Outcome.MALFORMED),
        (b'{"never_seen": 1}', 200, Outcome.MALFORMED),
        (b"{}", 500, Outcome.SERVER_ERROR),
    ])  # fmt: skip
    def test_what_is_no_answer_has_one_meaning(self, one: Case, body: bytes, status: int, meaning: Outcome) -> None:
        with pytest.raises(RefusedError) as caught:
            one.read(reply(body, status))
        assert caught.value.verdict.outcome is meaning

    def test_extra_fields_and_another_order_of_fields_change_nothing(self, one: Case) -> None:
        def turned(part: Any) -> Any:
            if isinstance(part, dict):
                rows = {name: turned(value) for name, value in reversed(part.items())}
                return rows if any(isinstance(v, dict) for v in part.values()) else rows | {"never_seen": [{"a": None}]}
            return [turned(value) for value in part] if isinstance(part, list) else part

        assert one.read_facts(reply(turned(one.body))) == one.expected

    def test_it_is_declared(self, one: Case) -> None:
        assert one.question.dataset in one.declaration.abilities


def test_every_dataset_of_every_provider_has_a_case() -> None:
    held = {(one.declaration.name, one.question.dataset) for one in CASES}
    assert held == {(one.name, dataset) for one in DECLARATIONS for dataset in one.abilities}


WORDS: list[tuple[Any, int, str, Outcome]] = [
    (AV, 200, "our standard API rate limit is {n} requests per day. Please subscribe to any of the premium plans",
     Outcome.RATE_LIMITED),
    (AV, 200, "please spread out your requests more sparingly ({n} requests per second), or choose a premium plan",
     Outcome.BURST),
    (AV, 200, "ENTITLEMENT={n} is a premium parameter of this endpoint", Outcome.NOT_ENTITLED),
    (AV, 200, "the parameter apikey ({n}) is invalid or missing", Outcome.BAD_KEY),
    (FH, 200, "API limit reached. Please try again later. Remaining Limit: {n}", Outcome.RATE_LIMITED),
    (FH, 403, "You don't have access to this resource. ({n})", Outcome.NOT_ENTITLED),
    (FH, 401, "Invalid API key {n}", Outcome.BAD_KEY),
    (PO, 200, "You've exceeded the maximum requests per minute ({n}), please wait or upgrade", Outcome.RATE_LIMITED),
    (PO, 403, "You are not entitled to this data {n}. Please upgrade your plan", Outcome.NOT_ENTITLED),
    (PO, 403, "Attempted to request today's data before end of day {n}", Outcome.NOT_YET_FINAL),
    (PO, 401, "Unknown API Key {n}", Outcome.BAD_KEY),
    (NA, 429, "rateLimited You have made {n} requests", Outcome.RATE_LIMITED),
    (NA, 200, "apiKeyInvalid Your API key {n}", Outcome.BAD_KEY),
    (NA, 426, "upgradeRequired This needs plan {n}", Outcome.NOT_ENTITLED),
]  # fmt: skip


@given(
    which=st.sampled_from(WORDS),
    n=st.integers(0, 10**9),
    loud=st.booleans(),
    extra=st.dictionaries(
        st.sampled_from(["request_id", "docs", "count", "ts"]), st.one_of(st.none(), st.integers(), st.text(max_size=9))
    ),
)
def test_a_refusal_means_the_same_whatever_its_numbers_and_its_case(
    which: tuple[Any, int, str, Outcome],
    n: int,
    loud: bool,  # noqa: FBT001  drawn
    extra: dict[str, Any],
) -> None:
    declaration, status, words, meaning = which
    said = words.format(n=n)
    said = said.upper() if loud else said
    code, _, message = said.partition(" ")
    body = {"alpha_vantage": {"Information": said}, "finnhub": {"error": said},
            "polygon": {"status": "ERROR", "error": said},
            "newsapi": {"status": "error", "code": code, "message": message}}[declaration.name]  # fmt: skip
    for one in (one for one in CASES if one.declaration is declaration):
        with pytest.raises(RefusedError) as caught:
            one.read(reply(extra | body, status))
        assert caught.value.verdict.outcome is meaning
