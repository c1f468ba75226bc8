"""The cron table: what is owed after gaps, folds, outages and clocks that were set back."""

from datetime import UTC, datetime, timedelta
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.domain.pipelines import PipelineError, PipelineSpec, StepSpec
from app.services.tick_schedule import check_cron, forward, latest, tick

CatchUp = Literal["latest", "all"]


def spec(cron: str, *, tz: str = "America/New_York", catch_up: CatchUp = "latest") -> PipelineSpec:
    steps = (StepSpec(name="a", summary=""),)
    return PipelineSpec(name="p", summary="", cron=cron, tz=tz, catch_up=catch_up, steps=steps)


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("cron", "since", "until", "expected"),
    [
        ("30 2 * * *", "2026-03-07T12:00", "2026-03-09T12:00", ["2026-03-08T07:00", "2026-03-09T06:30"]),
        ("30 1 * * *", "2026-10-31T12:00", "2026-11-02T12:00", ["2026-11-01T05:30", "2026-11-02T06:30"]),
        ("30 17 * * 1-5", "2010-05-06T12:00", "2010-05-10T20:00", ["2010-05-06T21:30", "2010-05-07T21:30"]),
        ("*/30 * * * *", "2026-11-01T05:15", "2026-11-01T06:29", ["2026-11-01T05:30", "2026-11-01T06:00"]),
        ("0 0 29 2 *", "2026-01-01T00:00", "2029-01-01T00:00", ["2028-02-29T05:00"]),
    ],
    ids=["gap", "fold", "weekdays", "fold, each half hour", "leap day"],
)  # fmt: skip
def test_cron_table(cron: str, since: str, until: str, expected: list[str]) -> None:
    declared = spec(cron)
    found = []
    for time in forward(declared, utc(since)):
        if time > utc(until):
            break
        found.append(time)
    assert found == [utc(each) for each in expected]


def test_starting_inside_the_repeated_hour_does_not_fire_it_again() -> None:
    assert next(forward(spec("30 1 * * *"), utc("2026-11-01T06:10"))) == utc("2026-11-02T06:30")


def test_the_first_registration_runs_at_once_and_then_by_cron() -> None:
    now = utc("2010-04-26T14:00:13")
    assert tick(spec("30 17 * * 1-5"), now, now).windows == (now,)
    assert tick(spec("30 17 * * 1-5"), now, now).next_due == utc("2010-04-26T21:30")


def test_an_outage_owes_the_latest_window_only() -> None:
    owed = tick(spec("0 * * * *"), utc("2026-01-01T05:00"), utc("2026-01-03T07:20"))
    assert owed.windows == (utc("2026-01-03T07:00"),)
    assert owed.next_due == utc("2026-01-03T08:00")


def test_an_outage_owes_each_window_when_declared_so() -> None:
    owed = tick(spec("0 * * * *", catch_up="all"), utc("2026-01-01T05:00"), utc("2026-01-01T08:20"))
    assert owed.windows == tuple(utc(f"2026-01-01T0{hour}:00") for hour in (5, 6, 7, 8))
    assert owed.next_due == utc("2026-01-01T09:00")


def test_many_missed_windows_come_a_hundred_at_a_time_and_none_is_left_out() -> None:
    declared, now = spec("* * * * *", catch_up="all"), utc("2026-01-01T10:00")
    next_due = utc("2026-01-01T05:00")
    found: list[datetime] = []
    while next_due <= now:
        owed = tick(declared, next_due, now)
        assert len(owed.windows) <= 100
        found += owed.windows
        next_due = owed.next_due
    assert found == [utc("2026-01-01T05:00") + timedelta(minutes=n) for n in range(301)]


def test_a_clock_set_back_brings_the_promise_forward_and_starts_nothing() -> None:
    owed = tick(spec("0 17 * * *"), utc("2026-06-01T21:00"), utc("2010-05-06T12:00"))
    assert owed.windows == ()
    assert owed.next_due == utc("2010-05-06T21:00")


@pytest.mark.parametrize("cron", ["@daily", "* * * * * *", "61 * * * *", "", "0 0 30 2 *"])
def test_a_cron_that_cannot_be_read_is_refused(cron: str) -> None:
    with pytest.raises(PipelineError, match=r"p has the cron"):
        check_cron(spec(cron))


def test_an_unknown_zone_is_refused() -> None:
    with pytest.raises(PipelineError, match="Mars"):
        check_cron(spec("0 0 * * *", tz="Mars/Olympus"))


CATCH_UPS: st.SearchStrategy[CatchUp] = st.sampled_from(("latest", "all"))
CRONS = st.sampled_from(
    ["* * * * *", "*/7 * * * *", "30 1 * * *", "30 2 * * *", "0 17 * * 1-5", "0 0 1 * *", "5 4 * * SUN#1"]
)
MOMENTS = st.datetimes(datetime(2009, 1, 1), datetime(2027, 1, 1)).map(lambda naive: naive.replace(tzinfo=UTC))  # noqa: DTZ001  Hypothesis wants naive bounds


@given(CRONS, MOMENTS, st.timedeltas(timedelta(0), timedelta(days=3)), CATCH_UPS)
def test_every_tick_starts_no_window_twice_and_promises_the_future(
    cron: str, next_due: datetime, late: timedelta, catch_up: CatchUp
) -> None:
    declared, now = spec(cron, catch_up=catch_up), next_due + late
    owed = tick(declared, next_due, now)
    assert owed.windows
    assert list(owed.windows) == sorted(set(owed.windows))
    assert all(next_due <= window <= now for window in owed.windows)
    assert owed.next_due > owed.windows[-1]
    if catch_up == "latest":
        assert len(owed.windows) == 1
        assert owed.next_due > now


@given(CRONS, MOMENTS, st.timedeltas(timedelta(0), timedelta(days=2)))
def test_the_latest_is_the_last_of_all(cron: str, since: datetime, late: timedelta) -> None:
    declared, until = spec(cron), since + late
    every = [since]
    for time in forward(declared, since):
        if time > until:
            break
        every.append(time)
    assert latest(declared, since, until) == every[-1]
