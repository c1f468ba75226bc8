"""The stored calendar: filled from the exchange's, left alone while it goes far enough ahead."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta

import pytest

from app.calendars import read_sessions
from app.db.engine import Database
from app.db.sessions import SessionStore
from app.domain.sessions import US_EQUITIES, Session
from app.services.refresh_sessions import refresh_sessions
from app.settings import DatabaseSettings

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

NOW = datetime(2010, 5, 6, 12, 0, tzinfo=UTC)


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(DatabaseSettings(url=database_url), name="test")
    await database.open()
    yield database
    await database.close()


async def test_the_exchanges_calendar_is_stored_with_its_early_closes(database: Database) -> None:
    store = SessionStore(database)
    report = await refresh_sessions(store, read_sessions, NOW)
    assert report.changed is not None
    assert report.changed > 9_000
    assert report.horizon is not None
    assert report.horizon > date(2026, 1, 1)
    week = await store.between(US_EQUITIES, date(2009, 11, 23), date(2009, 11, 27))
    # Thanksgiving is missing and the day after closes at 13:00 in New York.
    assert [session.session.day for session in week] == [23, 24, 25, 27]
    assert [session.close_at.hour for session in week] == [21, 21, 21, 18]

    async def never(mic: str, since: date) -> Sequence[Session]:
        raise AssertionError(mic, since)

    assert (await refresh_sessions(store, never, NOW)).changed is None
    late = datetime.combine(report.horizon, datetime.min.time(), UTC) - timedelta(days=59)
    assert (await refresh_sessions(store, read_sessions, late)).changed == 0
