"""Gaps are the calendar minus the answers, nothing more and nothing less."""

from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from app.domain.gaps import Reach, Span, covers, find_gaps, merge, settled_by
from app.domain.sessions import Session

START = date(2010, 1, 1)
DAYS = st.integers(0, 60).map(lambda n: START + timedelta(days=n))
SPANS = st.lists(st.tuples(DAYS, DAYS).map(lambda pair: Span(*pair)), max_size=8)
CALENDAR = st.sets(DAYS)


def session(day: date) -> Session:
    open_at = datetime(day.year, day.month, day.day, 14, 30, tzinfo=UTC)
    return Session(mic="XNYS", session=day, open_at=open_at, close_at=open_at + timedelta(hours=6.5))


def dates(spans: tuple[Span, ...] | list[Span]) -> set[date]:
    return {s.start + timedelta(days=i) for s in spans for i in range(max(0, (s.end - s.start).days))}


@given(SPANS)
def test_merging_keeps_the_dates_and_leaves_no_touching_spans(spans: list[Span]) -> None:
    merged = merge(spans)
    assert dates(merged) == dates(spans)
    assert all(left.end < right.start for left, right in pairwise(merged))
    assert merge(reversed(merged)) == merged == merge([*merged, *spans])


@given(SPANS, DAYS)
def test_covering_is_membership(spans: list[Span], day: date) -> None:
    assert covers(merge(spans), day) == (day in dates(spans))


NOWS = st.datetimes(datetime(2010, 1, 1), datetime(2010, 3, 5), timezones=st.just(UTC))  # noqa: DTZ001  given its zone there
REACHES = st.builds(Reach, first=DAYS, final_delay=st.integers(0, 40).map(lambda hours: timedelta(hours=hours)))


@given(CALENDAR, SPANS, REACHES, NOWS)
def test_gaps_are_the_naive_anti_join(calendar: set[date], settled: list[Span], reach: Reach, now: datetime) -> None:
    sessions = [session(day) for day in calendar]
    gaps = find_gaps(sessions, merge(settled), reach, now)
    opened = {s.session: s for s in sessions if s.open_at <= now}
    open_gaps = set(opened) - dates(settled)
    assert set(gaps.missing) == {
        day for day in open_gaps if day >= reach.first and opened[day].close_at + reach.final_delay <= now
    }
    assert list(gaps.missing) == sorted(gaps.missing, reverse=True)
    # Everything that has opened is settled, missing, not final, or out of reach: nothing is forgotten or counted twice.
    parts = [
        set(gaps.missing),
        {day for day, _ in gaps.not_final},
        set(gaps.out_of_reach),
        set(opened) & dates(settled),
    ]
    assert sum(map(len, parts)) == len(opened)
    assert set.union(*parts) == set(opened)
    assert all(until > now for _, until in gaps.not_final)


@given(st.lists(DAYS, min_size=2, unique=True), st.randoms())
def test_settling_each_session_in_any_order_leaves_no_gap_and_one_span(days: list[date], chance: object) -> None:
    calendar = sorted(days)
    spans = [settled_by(day, following) for day, following in zip(calendar, [*calendar[1:], None], strict=True)]
    chance.shuffle(spans)  # type: ignore[attr-defined]  # a random.Random
    settled: tuple[Span, ...] = ()
    for span in spans:
        settled = merge([*settled, span, span])
    assert settled == (Span(calendar[0], calendar[-1] + timedelta(days=1)),)
    now = datetime(2011, 1, 1, tzinfo=UTC)
    assert find_gaps([session(day) for day in days], settled, Reach(first=START), now).missing == ()
