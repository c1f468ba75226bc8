"""Runs that go from company to company: round after round, nothing twice, and nobody held up by one provider."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest

from app.db.engine import Database
from app.domain.datasets import Dataset
from app.domain.errors import LaterError
from app.domain.fundamentals import CompanyFacts
from app.domain.pipelines import Part, StepReport
from app.domain.quotas import Allowance, CallResult, Outcome, Permit, Window
from app.ports.providers import Ability, CompanyReply, ProviderError
from app.services.desk import Desk, Following
from app.services.fetch_run import fetch_part
from app.services.plan_fetches import PlanRequest, plan_state
from app.services.plan_runs import Drain, plan_round, plan_run
from app.settings import DatabaseSettings
from tests.fakes.clocks import ManualClock
from tests.fakes.fetching import PAYLOAD, FakeStep, ScriptedProvider, desk

pytestmark = [pytest.mark.anyio, pytest.mark.stack]

NOW = datetime(2010, 5, 6, 20, tzinfo=UTC)
SYMBOLS = [f"S{number}" for number in range(8)]
DRAIN = Drain(datasets=(Dataset.FUNDAMENTALS,), until=NOW + timedelta(hours=6))


class Teller(ScriptedProvider):
    """Tells fundamentals, five calls a minute."""

    name = "finnhub"

    def __init__(self) -> None:
        super().__init__()
        windows = (Window(max_calls=5, span_s=60),)
        self.allowance = Allowance(id="teller", provider=self.name, windows=windows, hold_us=1)
        self.abilities = {Dataset.FUNDAMENTALS: Ability(dataset=Dataset.FUNDAMENTALS, subjects=1)}


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    database = Database(DatabaseSettings(url=database_url), name="test")
    await database.open()
    async with database.connection() as unit:
        await unit.execute(
            "INSERT INTO instruments (symbol, provider, known_at, changed_at) SELECT s, 'x', now(), now() "
            "FROM unnest(%s::text[]) s",
            [SYMBOLS],
        )
    yield database
    await database.close()


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock(NOW)


@pytest.fixture
def teller() -> Teller:
    return Teller()


@pytest.fixture
async def office(database: Database, clock: ManualClock, teller: Teller) -> Desk:
    office = desk(database, clock, teller)
    await office.ledger.declare(teller.allowance)  # type: ignore[attr-defined]  # the real ledger has it
    return office


async def run_of(database: Database, name: str) -> int:
    async with database.connection() as unit:
        await unit.execute(
            "INSERT INTO pipelines (name, spec, next_due) VALUES ('companies', '{}', now()) ON CONFLICT DO NOTHING"
        )
        cursor = await unit.execute(
            "INSERT INTO pipeline_runs (pipeline, win) VALUES ('companies', %s) RETURNING id", [name]
        )
        row = await cursor.fetchone()
    assert row is not None
    return int(str(row[0]))


def step(database: Database, run: int, args: dict[str, object] | None = None, attempt: int = 1) -> FakeStep:
    found = FakeStep(database, args)
    found.run_id, found.pipeline, found.attempt = run, "companies", attempt
    return found


def calls(found: FakeStep) -> list[Part]:
    return [part for part in found.parts if "drain" not in part.args]


async def begin(database: Database, found: FakeStep) -> None:
    """Put the parts where a run that is under way has them."""
    async with database.connection() as unit:
        for part in found.parts:
            await unit.execute(
                "INSERT INTO pipeline_steps (run_id, step, part, state, args) "
                "VALUES (%s, 'fetch', %s, 'ready', %s::text::jsonb)",
                [found.run_id, part.part, msgspec.json.encode(part.args).decode()],
            )


def told(symbol: str) -> CompanyReply:
    facts = CompanyFacts(symbol=symbol, facts={"market_cap": 1e9})
    return CompanyReply(company=facts, unreadable=[], payload=PAYLOAD)


async def test_a_round_plans_calls_and_the_next_round(office: Desk, database: Database) -> None:
    first = step(database, await run_of(database, "a"))
    await plan_round(office, first, DRAIN)
    assert sorted(str(part.args["subject"]) for part in calls(first)) == SYMBOLS
    assert [part.delay_s for part in calls(first)] == [0.0] * 5 + [60.0] * 3
    [following] = [part for part in first.parts if "drain" in part.args]
    assert (following.part, following.delay_s) == ("round:0002", 600.0)
    assert first.report is not None
    assert (first.report.done, first.report.left) == (8, 0)
    # The next round sees what is under way.
    await begin(database, first)
    second = step(database, first.run_id, following.args)
    await fetch_part(office, second)
    assert calls(second) == []
    assert second.report is not None
    assert second.report.left == 8
    assert "an open run asks already" in second.report.notes[0]


async def test_a_round_with_nothing_to_do_waits_until_something_is_due(
    office: Desk, database: Database, clock: ManualClock, teller: Teller
) -> None:
    run = await run_of(database, "a")
    first = step(database, run)
    await plan_round(office, first, DRAIN)
    for part in calls(first):
        teller.answers = [told(str(part.args["subject"]))]
        await fetch_part(office, step(database, run, part.args))
    clock.advance(timedelta(minutes=10))
    second = step(database, run)
    await plan_round(office, second, msgspec.structs.replace(DRAIN, until=NOW + timedelta(days=2)))
    [following] = second.parts
    # A day after the answers; but a step is looked at within the hour.
    assert following.delay_s == 3_500
    third = step(database, run)
    await plan_round(office, third, DRAIN)
    assert third.parts == []


async def test_a_later_run_takes_over(office: Desk, database: Database) -> None:
    older, newer = await run_of(database, "a"), await run_of(database, "b")
    late = step(database, older, {"drain": msgspec.to_builtins(DRAIN)})
    await fetch_part(office, late)
    assert late.report == StepReport(skipped={"a later run has taken over": 1})
    assert not late.parts
    now = step(database, newer)
    await plan_round(office, now, DRAIN)
    assert len(calls(now)) == 8


async def test_a_run_stops_planning_when_the_next_tick_is_due(
    office: Desk, database: Database, clock: ManualClock
) -> None:
    clock.advance(timedelta(hours=6))
    over = step(database, await run_of(database, "a"), {"drain": msgspec.to_builtins(DRAIN)})
    await fetch_part(office, over)
    assert over.report == StepReport(skipped={"the next run goes on": 1})


async def test_plans_are_made_one_after_the_other(office: Desk, database: Database) -> None:
    run = await run_of(database, "a")
    async with office.planning.turn() as is_ours:
        assert is_ours
        with pytest.raises(LaterError):
            await plan_run(office, step(database, run), PlanRequest())
        with pytest.raises(LaterError):
            await plan_round(office, step(database, run), DRAIN)
    await plan_run(office, step(database, run), PlanRequest())


def args_of(**more: Any) -> dict[str, object]:
    began = NOW.isoformat()
    return {
        "provider": "finnhub", "dataset": "fundamentals", "subject": "S1", "on": "2010-05-06", "began": began, **more
    }  # fmt: skip


async def test_what_another_run_has_asked_meanwhile_is_not_asked_again(
    office: Desk, database: Database, clock: ManualClock, teller: Teller
) -> None:
    clock.advance(timedelta(seconds=1))
    teller.answers = [told("S1")]
    await fetch_part(office, step(database, 1, args_of()))
    again = step(database, 1, args_of())
    await fetch_part(office, again)
    assert again.report == StepReport(skipped={"asked meanwhile": 1}, left=1)
    assert len(teller.asked) == 1


async def test_a_call_that_has_to_wait_long_is_left_to_a_later_plan(
    office: Desk, database: Database, teller: Teller
) -> None:
    teller.answers = [LaterError("no slot", wait_s=90_000), LaterError("no slot", wait_s=60)]
    left = step(database, 1, args_of())
    await fetch_part(office, left)
    assert left.report == StepReport(skipped={"no slot soon": 1}, left=1, notes=("no slot",))
    with pytest.raises(LaterError):
        await fetch_part(office, step(database, 1, args_of()))


async def fail(office: Desk, teller: Teller, count: int) -> None:
    for _ in range(count):
        permit = await office.ledger.reserve(teller.allowance, "test")
        assert isinstance(permit, Permit)
        await office.ledger.settle(permit, CallResult(outcome=Outcome.UNREACHABLE))


async def test_a_company_that_fails_alone_waits_and_a_provider_that_fails_is_no_companys_fault(
    office: Desk, database: Database, teller: Teller
) -> None:
    broken = ProviderError("broken", outcome=Outcome.MALFORMED)
    teller.answers = [broken, broken, broken]
    for attempt in (1, 2):
        with pytest.raises(ProviderError):
            await fetch_part(office, step(database, 1, args_of(), attempt))
    last = step(database, 1, args_of(), 3)
    await fetch_part(office, last)
    assert last.report == StepReport(skipped={"malformed": 1}, left=1, notes=("broken",))
    state = await plan_state(office, PlanRequest(datasets=frozenset({Dataset.FUNDAMENTALS})))
    [found] = state.answers.values()
    assert dict(zip(state.universe.symbols, found.misses.tolist(), strict=True))["S1"] == 1
    await fail(office, teller, 5)
    spared = step(database, 1, args_of(subject="S2"))
    await fetch_part(office, spared)
    assert spared.report == StepReport(skipped={"the provider fails": 1}, left=1)
    assert len(teller.asked) == 3
    plan_step = step(database, await run_of(database, "a"))
    await plan_round(office, plan_step, DRAIN)
    assert calls(plan_step) == []
    assert plan_step.report is not None
    assert any("its last 5 calls failed (unreachable)" in note for note in plan_step.report.notes)


async def test_one_refused_company_does_not_close_the_dataset(office: Desk, database: Database, teller: Teller) -> None:
    refused = ProviderError("premium", outcome=Outcome.NOT_ENTITLED)
    teller.answers = [told("S1"), refused]
    await fetch_part(office, step(database, 1, args_of()))
    await fetch_part(office, step(database, 1, args_of(subject="S2")))
    assert await office.coverage.refusals(teller.allowance) == []
    async with database.connection() as unit:
        await unit.execute("DELETE FROM asks")
    teller.answers = [refused]
    await fetch_part(office, step(database, 1, args_of(subject="S2")))
    [learnt] = await office.coverage.refusals(teller.allowance)
    assert (learnt.dataset, learnt.reason) == (Dataset.FUNDAMENTALS, "premium")


async def test_a_replay_that_flies_is_asked_no_faster_than_the_machine_goes(database: Database, teller: Teller) -> None:
    flying = ManualClock(NOW, speed=5_760.0)
    teller.allowance = Allowance(id="fast", provider="finnhub", windows=(Window(max_calls=30, span_s=60),), hold_us=1)
    office = msgspec.structs.replace(desk(database, flying, teller), following=Following(calls_per_s=2))
    await office.ledger.declare(teller.allowance)  # type: ignore[attr-defined]  # the real ledger has it
    found = step(database, await run_of(database, "a"))
    await plan_round(office, found, DRAIN)
    assert [round(part.delay_s) for part in calls(found)] == [0, 0, 1, 1, 2, 2, 3, 3]
