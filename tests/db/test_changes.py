"""Kept answers end exactly when what they were made from changes, or when nobody can tell any more."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING

import pytest

from app import cache
from app.cache import HotAnswers
from app.db.changes import ChangeListener
from app.ports.answers import HotAnswer
from app.settings import DatabaseSettings
from tests.waiting import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.db.market import Market

pytestmark = pytest.mark.anyio
NOW = datetime(2010, 4, 26, 12, tzinfo=UTC)


def made(body: bytes = b"x", expires_at: datetime | None = None, **versions: int) -> HotAnswer:
    return HotAnswer(
        body=body, etag=b'"e"', headers=[], whole=[], template="/x", versions=versions, expires_at=expires_at
    )


def proven(max_bytes: int = 1_000_000, **versions: int) -> HotAnswers:
    answers = HotAnswers(max_bytes)
    answers.proven(versions)
    return answers


def test_an_answer_is_kept_until_one_of_its_datasets_changes() -> None:
    answers = proven(bars_daily=1, instruments=1)
    answers.put("q", "raw", made(bars_daily=1))
    answers.changed("instruments", 2)
    assert answers.get("q", NOW) is answers.get_shortcut("raw", NOW) is not None
    answers.changed("bars_daily", 2)
    assert answers.get("q", NOW) is None
    assert answers.get_shortcut("raw", NOW) is None
    assert answers.size == 0


def test_an_answer_from_before_a_change_is_not_kept() -> None:
    """The read began, the change committed and was heard of, and only then the read ended."""
    answers = proven(bars_daily=1)
    answers.changed("bars_daily", 2)
    answers.put("q", "raw", made(bars_daily=1))
    assert answers.get("q", NOW) is None
    answers.put("q", "raw", made(bars_daily=2))
    assert answers.get("q", NOW) is not None


def test_an_answer_newer_than_the_news_is_kept_until_the_news_after_it() -> None:
    answers = proven(bars_daily=1)
    answers.put("q", "raw", made(bars_daily=2))
    assert answers.get("q", NOW) is not None
    answers.changed("bars_daily", 2)
    assert answers.get("q", NOW) is None


def test_without_proof_nothing_is_given_or_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(cache, "monotonic", lambda: now[0])
    answers = proven(bars_daily=1)
    answers.put("q", "raw", made(bars_daily=1))
    now[0] += cache.PROOF_S
    assert answers.get("q", NOW) is None
    assert answers.get_shortcut("raw", NOW) is None
    assert answers.versions() is None
    answers.put("r", "raw", made(bars_daily=1))
    assert "r" not in answers.answers


def test_an_answer_about_today_ends_with_the_day() -> None:
    answers = proven(bars_daily=1)
    answers.put("q", "raw", made(expires_at=NOW, bars_daily=1))
    assert answers.get("q", NOW - timedelta(microseconds=1)) is not None
    assert answers.get("q", NOW) is None
    assert answers.size == 0


def test_the_size_is_bounded_and_the_longest_unused_goes_first() -> None:
    answers = proven(max_bytes=8 * cache.OVERHEAD_BYTES, a=1)
    for number in range(4):
        answers.put(number, f"raw{number}", made(b"x" * cache.OVERHEAD_BYTES, a=1))
    assert answers.get(0, NOW) is not None
    answers.put(4, "raw4", made(b"x" * cache.OVERHEAD_BYTES, a=1))
    assert [number for number in range(5) if answers.get(number, NOW)] == [0, 2, 3, 4]
    answers.put(5, "raw5", made(b"x" * 2 * cache.OVERHEAD_BYTES, a=1))
    assert answers.get(5, NOW) is None, "a quarter of the cache is the most for one answer"
    assert answers.size <= answers.max_bytes


def test_ways_to_ask_are_bounded() -> None:
    answers = proven(a=1)
    answers.put("q", "raw", made(a=1))
    for number in range(3 * cache.SHORTCUTS_MAX):
        answers.add_shortcut(number, "q")
    assert len(answers.shortcuts) <= cache.SHORTCUTS_MAX
    answers.add_shortcut("new", "not kept")
    assert "new" not in answers.shortcuts


def test_a_cache_of_no_size_keeps_nothing() -> None:
    answers = proven(max_bytes=0, a=1)
    answers.put("q", "raw", made(a=1))
    assert answers.get("q", NOW) is None
    assert answers.versions() is None


def heard(answers: HotAnswers, version: int) -> bool:
    return answers.known.get("bars_daily") == version


@asynccontextmanager
async def listening(url: str) -> AsyncIterator[HotAnswers]:
    answers = HotAnswers(1_000_000)
    task = asyncio.create_task(ChangeListener(DatabaseSettings(url=url), answers, name="test").run())
    try:
        await until(answers.is_alive)
        yield answers
    finally:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    assert not answers.is_alive()


@pytest.mark.stack
async def test_a_commit_is_heard_of_at_once(database_url: str, market: Market) -> None:
    async with listening(database_url) as answers:
        for version in range(1, 4):
            with market.connection.transaction():
                market.move("bars_daily")
                await asyncio.sleep(0.05)
                assert answers.known.get("bars_daily", 0) == version - 1, "not before the commit"
            await until(partial(heard, answers, version))


@pytest.mark.stack
async def test_a_change_that_nobody_told_of_is_found_by_the_heartbeat(database_url: str, market: Market) -> None:
    async with listening(database_url) as answers:
        market.connection.execute("INSERT INTO watermarks VALUES ('bars_daily', 7, now())")
        await until(lambda: answers.known == {"bars_daily": 7})
        market.connection.execute("DELETE FROM watermarks")
        await until(lambda: answers.known == {})


@pytest.mark.stack
async def test_a_broken_line_empties_the_cache_and_is_mended(database_url: str, market: Market) -> None:
    async with listening(database_url) as answers:
        answers.put("q", "raw", made(bars_daily=0))
        assert answers.get("q", NOW) is not None
        market.connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'groat-test-changes'"
        )
        await until(lambda: not answers.answers)
        market.move("bars_daily")
        await until(answers.is_alive)
        assert answers.known == {"bars_daily": 1}


@pytest.mark.stack
async def test_news_that_cannot_be_read_stands_for_any(database_url: str, market: Market) -> None:
    async with listening(database_url) as answers:
        answers.put("q", "raw", made(bars_daily=0))
        market.connection.execute("NOTIFY groat_changes, 'what?'")
        await until(lambda: not answers.answers)
        await until(answers.is_alive)
