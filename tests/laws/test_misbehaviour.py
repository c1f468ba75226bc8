"""Every misbehaviour by every provider: nothing bad is stored, no plan is overrun, and the step ends or says why not.

Real client, real providers, real ledger and stores; the replay market misbehaves once for each dataset, then behaves.
"""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings

from app.db.engine import Database
from app.domain.datasets import Dataset
from app.domain.errors import GiveUpError, LaterError
from app.domain.quotas import Outcome
from app.ports.providers import ProviderError
from app.providers.client.http import HttpClient
from app.providers.client.metered import Access
from app.providers.registry import DECLARATIONS, build
from app.replay.counter import digest
from app.replay.misbehaviour.rules import Kind
from app.services.desk import Desk
from app.services.fetch_run import fetch_part
from app.settings import DatabaseSettings
from tests.db.market import Market
from tests.fakes.clocks import ManualClock
from tests.fakes.fetching import FakeStep, desk, session
from tests.laws.replay_truth import lies, rows
from tests.stack.replay import ReplayHandle, running_replay

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

EVENING = datetime(2010, 5, 7, 0, 30, tzinfo=UTC)  # the bars of the crash day are final
SUBJECTS = {
    Dataset.BARS_DAILY: "2010-05-06",
    Dataset.SPLITS: "2010-05-01",
    Dataset.DIVIDENDS: "2010-05-01",
    Dataset.EARNINGS: "2010-05-01..2010-05-08",
    Dataset.INSTRUMENTS: "",
}
SPACE = timedelta(seconds=25)  # between two calls, so that no plan's minute is in the way
# Only the rows themselves are of a dataset: what is wrong around them is tried on one dataset in turn.
ABOUT_ROWS = {
    Kind.RENAMED_FIELD, Kind.NUMBER_AS_TEXT, Kind.NULL_ROWS, Kind.DUPLICATE_ROWS, Kind.REVERSED_ROWS,
    Kind.NEGATIVE_NUMBERS, Kind.NOT_A_NUMBER, Kind.ANOTHER_DAY, Kind.FOREIGN_NEXT_URL,
}  # fmt: skip
DEEP = settings.get_current_profile_name() == "deep"
LONG = timedelta(hours=26)  # the longest window, and its rest
MOST_ATTEMPTS = 4
NAMES = [declaration.name for declaration in DECLARATIONS]
CASES = [(name, kind) for name in NAMES for kind in Kind]
KEYS = {case: f"key-of-{case[0]}-{case[1].value}" for case in CASES}
LIMITED = {Outcome.RATE_LIMITED, Outcome.BURST}
BROKEN = {Outcome.MALFORMED, Outcome.UNREACHABLE}
ANYTHING_SOUND = {Outcome.OK, Outcome.MALFORMED, Outcome.NOT_FOUND}
CUT = (
    Kind.TRUNCATED_BODY,
    Kind.LENGTH_TOO_SHORT,
    Kind.LENGTH_TOO_LONG,
    Kind.NOT_HTTP,
    Kind.BROKEN_CHUNKS,
    Kind.HUGE_HEADER,
)
UNREADABLE = (
    Kind.HTML_200,
    Kind.WRONG_CONTENT_TYPE,
    Kind.EMPTY_BODY,
    Kind.REDIRECT,
    Kind.TRUNCATED_GZIP,
    Kind.GZIP_BOMB,
    Kind.UNASKED_COMPRESSION,
    Kind.DEEP_JSON,
)
EXPECTED: dict[Kind, set[Outcome]] = {
    Kind.RATE_LIMITED: LIMITED,
    Kind.RATE_LIMITED_SECONDS: LIMITED,
    Kind.RATE_LIMITED_DATE: LIMITED,
    Kind.ERROR_AS_OK: {*LIMITED, Outcome.SERVER_ERROR, Outcome.MALFORMED},
    Kind.SERVER_ERROR: {Outcome.SERVER_ERROR},
    Kind.HTML_503: {Outcome.SERVER_ERROR},
    Kind.RESET: {Outcome.UNREACHABLE},
    Kind.SILENT: {Outcome.UNREACHABLE},
    Kind.SLOW_BYTES: {Outcome.UNREACHABLE},
    Kind.ANOTHER_DAY: {*ANYTHING_SOUND, Outcome.NOT_ENTITLED},  # a week earlier, the plan may not reach so far back
    **dict.fromkeys(CUT, BROKEN),
    **{kind: {Outcome.MALFORMED} for kind in UNREADABLE},
}


class World:
    """One provider on the replay market, with a key, a clock and a database of its own."""

    def __init__(self, office: Desk, database: Database, clock: ManualClock, name: str, kind: Kind) -> None:
        self.office, self.database, self.clock, self.name, self.kind = office, database, clock, name, kind
        able = list(office.providers.get(name).abilities)
        turn = list(Kind).index(kind) % len(able)
        self.datasets = able if kind in ABOUT_ROWS or DEEP else able[turn : turn + 1]

    async def fetch(self, dataset: Dataset) -> str:
        """Run one fetch step to its end, as a worker would; return what it reported, or why it gave up."""
        subject = SUBJECTS.get(dataset, "PG")
        args = {"provider": self.name, "dataset": dataset, "subject": subject, "on": self.office.today().isoformat()}
        said: list[str] = []
        for attempt in range(1, MOST_ATTEMPTS + 1):
            step = FakeStep(self.database, args, f"{dataset}:{subject}:{self.clock.quota_us()}")
            step.attempt = attempt
            self.clock.advance(SPACE)
            try:
                await fetch_part(self.office, step)
            except LaterError as e:
                said.append(str(e))
                self.clock.advance(timedelta(seconds=min(e.wait_s, LONG.total_seconds())))
            except ProviderError as e:
                said.append(str(e))
            except GiveUpError as e:
                return f"gave up: {e}"
            else:
                assert step.report is not None
                return f"ended: {step.report}"
        return f"failed: {said[-1]}"


@pytest.fixture(scope="module")
def clock() -> ManualClock:
    return ManualClock(EVENING, clock_id="replay:misbehaviour")


@pytest.fixture(scope="module")
def replay(clock: ManualClock) -> Iterator[ReplayHandle]:
    with running_replay(clock=clock, keys=frozenset(KEYS.values())) as handle:
        yield handle


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(DatabaseSettings(url=database_url), name="test")
    await database.open()
    yield database
    await database.close()


@pytest.fixture
async def world(  # noqa: PLR0913,PLR0917  fixtures are named, not counted
    database_url: str, database: Database, replay: ReplayHandle, clock: ManualClock, name: str, kind: Kind
) -> AsyncIterator[World]:
    clock.advance(EVENING - clock.now())
    market = Market(database_url)
    market.instrument("PG", "Procter & Gamble Co")
    market.instrument("IBM", "International Bus. Machines")
    market.close()
    async with HttpClient(deadline_s=0.7 if kind in {Kind.SILENT, Kind.SLOW_BYTES} else 8.0) as http:
        access = {name: Access(url=replay.url, key=KEYS[name, kind], since=date(2009, 8, 21))}
        office = desk(database, clock)
        providers = build(http, office.ledger, clock, access)
        office = desk(database, clock, *providers.all())
        days = [date(2010, 4, 1) + timedelta(days=n) for n in range(50)]
        await office.sessions.put([session(day) for day in days if day.weekday() < 5], clock.now())
        for provider in providers.all():
            await office.ledger.declare(provider.allowance)  # type: ignore[attr-defined]  # the real ledger has it
        yield World(office, database, clock, name, kind)
    replay.behave()


@pytest.mark.parametrize(("name", "kind"), CASES)
async def test_misbehaviour_is_survived(world: World, replay: ReplayHandle, name: str, kind: Kind) -> None:
    ends: dict[Dataset, str] = {}
    for dataset in world.datasets:
        replay.misbehave(dialect=name, kind=kind.value, times=1)
        ends[dataset] = await world.fetch(dataset)
        hit = [count.hit for count in replay.behave()]
        assert hit == [1], f"{dataset} was never misled: {ends[dataset]}"
        world.clock.advance(LONG)
    assert not any(end.startswith("gave up") for end in ends.values()), ends
    assert await lies(world.database) == []
    await require_outcomes(world, kind)

    for dataset in world.datasets:
        end = await world.fetch(dataset)
        assert end.startswith("ended"), (dataset, end)
        world.clock.advance(SPACE)
    assert await lies(world.database) == []
    # The data have none; a year is needed for more than averages; a listing is no fact.
    empty = {Dataset.SPLITS, Dataset.EARNINGS, Dataset.INSTRUMENTS, Dataset.FUNDAMENTALS}
    assert set(world.datasets) <= empty or await anything_stored(world), ends
    require_no_overrun(replay, name, kind)


async def require_outcomes(world: World, kind: Kind) -> None:
    """Check what the ledger wrote down: the right class of failure, and no key in its words."""
    calls = await rows(world.database, "SELECT outcome, coalesce(error, '') FROM provider_calls ORDER BY id")
    outcomes = {Outcome(outcome) for outcome, _ in calls}
    assert outcomes & EXPECTED.get(kind, ANYTHING_SOUND), calls
    assert outcomes <= EXPECTED.get(kind, ANYTHING_SOUND) | {Outcome.OK}, calls
    assert not any(KEYS[world.name, kind] in error for _, error in calls)


async def anything_stored(world: World) -> list[Any]:
    """Return whether facts came in at all, once the provider behaved."""
    tables = ("bars_daily", "quotes", "company_facts", "articles", "corporate_actions")
    counts = [(await rows(world.database, f"SELECT count(*) FROM {table}"))[0][0] for table in tables]  # noqa: S608  our own names
    return [count for count in counts if count]


def require_no_overrun(replay: ReplayHandle, name: str, kind: Kind) -> None:
    """Check the replay's own count of this case's key."""
    audit = replay.audits()[name]
    windows = [window for window in audit.windows if window.key == digest(KEYS[name, kind])]
    assert windows
    assert all(0 < window.peak <= window.limit for window in windows), windows
