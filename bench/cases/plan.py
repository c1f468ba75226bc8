"""The plan: 36,000 items put in order, the state it is made from, and a month of virtual days."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
import psycopg

from app.bootstrap import House
from app.domain.datasets import Dataset
from app.domain.fetch_plan import PlanState, make_plan
from app.domain.gaps import Gaps
from app.domain.plan_queues import item_calls, open_queues
from app.domain.plan_scenario import Scenario
from app.domain.plan_simulation import Simulation
from app.domain.plan_simulation import run as run_simulation
from app.domain.plan_wants import Answers
from app.settings import load
from bench.findings import Finding, at_most, finding
from tests.fakes.planning import ALL, NOW, sessions_from, state, universe, weekdays_before

if TYPE_CHECKING:
    from collections.abc import Callable

    from bench.lab import Lab

# Five datasets, and NewsAPI's own word on one of them: 36,000 items.
COMPANIES: Final = 6_000
PLANNED_MS: Final = 50
STATE_MS: Final = 100
MONTH_S: Final = 60
TICKS: Final = 40
INSTRUMENTS: Final = 10_000
DATASETS: Final = ("news", "fundamentals", "profiles", "quotes", "symbol_bars", "earnings")
FILL: Final = (
    """
    INSERT INTO instruments (symbol, type, provider, known_at, changed_at)
    SELECT 'S' || i, 'CS', 'synthetic', now(), now() FROM generate_series(1, %(instruments)s) i
    """,
    """
    INSERT INTO sessions (mic, session, open_at, close_at)
    SELECT 'XNYS', current_date - n, now() - n * interval '1 day', now() - n * interval '1 day' + interval '6 hours'
    FROM generate_series(1, 25) n
    """,
    """
    INSERT INTO settled SELECT 'bars_daily', 0, datemultirange(daterange(current_date - 25, current_date))
    """,
    """
    INSERT INTO bars_daily
    SELECT i.id, s.session, 1, 1, 1, 1, 1, NULL, NULL, 'synthetic', 1, now() FROM sessions s, instruments i
    """,
    """
    INSERT INTO asks SELECT d, i.id, 'finnhub', now() - i.id * interval '1 minute', 0, now()
    FROM instruments i, unnest(%(datasets)s::text[]) d
    """,
)


def run(lab: Lab) -> list[Finding]:
    """Time the plan of a round, the whole plan with its reasons, its state from PostgreSQL, and the simulator."""
    made = busy_state()
    simulation = Simulation(made, Scenario(days=30, round=timedelta(minutes=30)), sessions_from(NOW.date(), 32))
    lab.say("simulating a month")
    begun = time.process_time()
    run_simulation(simulation)
    month_s = time.process_time() - begun
    lab.say(f"reading the state of {INSTRUMENTS:,} instruments")
    url = lab.database("plan")
    fill(url)
    return [
        finding(
            "a round's plan over 36,000 items: p50",
            timed(lambda: round_of(made), lab.rounds),
            "ms",
            at_most(PLANNED_MS),
        ),
        finding("the plan of an hour with every reason", timed(lambda: make_plan(made), lab.rounds), "ms"),
        finding("30 days of 6,000 companies, processor time", [month_s], "s", at_most(MONTH_S)),
        finding("  virtual calls", [float(sum(len(each.sent_us) for each in simulation.providers.values()))], ""),
        finding(
            f"tiers and ages of {INSTRUMENTS:,} x {len(DATASETS)}, read",
            asyncio.run(read(url, lab.rounds)),
            "ms",
            at_most(STATE_MS),
        ),
    ]


def busy_state() -> PlanState:
    """Return a market in its second week: everybody was asked about some time in the last two days."""
    chance = np.random.default_rng(7)
    now_us = round(NOW.timestamp() * 1e6)
    answers = {}
    for dataset in (Dataset.NEWS, Dataset.FUNDAMENTALS, Dataset.PROFILES):
        for provider in ("finnhub", "newsapi" if dataset is Dataset.NEWS else "alpha_vantage"):
            found = Answers.none(COMPANIES)
            found.asked_us[:] = now_us - chance.integers(0, 2 * 86_400_000_000, COMPANIES)
            answers[dataset, provider] = found
    missing = Gaps(missing=weekdays_before(NOW.date(), 3))
    return state(*ALL, gaps=missing, universe=universe(50, 450, COMPANIES - 500), answers=answers)


def round_of(made: PlanState) -> None:
    """Give out the calls of a round."""
    item_calls(made, open_queues(made, []))


def timed(work: Callable[[], object], rounds: int) -> list[float]:
    """Return the processor time in ms of each tick, the median of a round: what neighbours do not change."""
    found = []
    for _ in range(rounds):
        ticks = []
        for _ in range(TICKS):
            begun = time.process_time()
            work()
            ticks.append((time.process_time() - begun) * 1000)
        found.append(float(np.median(ticks)))
    return found


def fill(url: str) -> None:
    """Store instruments, bars of a month, and when each was asked about."""
    with psycopg.connect(url, autocommit=True) as connection:
        for statement in FILL:
            connection.execute(statement.encode(), {"instruments": INSTRUMENTS, "datasets": list(DATASETS)})
        connection.execute("VACUUM ANALYZE")


async def read(url: str, rounds: int) -> list[float]:
    """Time the planner's reads of the instruments, a watchlist of fifty among them."""
    settings = load({"DATABASE_URL": url, "GROAT_ENV_FILE": ""})
    watchlist = [f"S{number}" for number in range(1, 51)]
    datasets = {Dataset(name) for name in DATASETS}
    async with House(settings, name="bench") as house:
        planning = house.desk.planning
        followed = await planning.followed(datasets, watchlist, datetime.now(UTC).date())
        assert len(followed.universe) == INSTRUMENTS
        assert len(followed.answers) == len(DATASETS)
        return [await milliseconds(house, watchlist, datetime.now(UTC).date()) for _ in range(rounds * 4)]


async def milliseconds(house: House, watchlist: list[str], today: date) -> float:
    """Time one read."""
    begun = time.perf_counter()
    await house.desk.planning.followed({Dataset(name) for name in DATASETS}, watchlist, today)
    return (time.perf_counter() - begun) * 1000
