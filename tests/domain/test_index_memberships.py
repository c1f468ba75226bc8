"""Members of an index as somebody could have told them on a day."""

from __future__ import annotations

from datetime import date

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from app.domain.index_memberships import Alias, IndexHistory, Membership, TickerChange, aliases, known_by

JOINED, CHANGED, LEFT = date(2013, 12, 23), date(2022, 6, 9), date(2024, 3, 18)
META = Membership(index="sp500", symbol="META", name="Meta Platforms", joined_on=JOINED)
FB = TickerChange(
    on=CHANGED, old_symbol="FB", new_symbol="META", old_name="Facebook, Inc.", new_name="Meta Platforms, Inc."
)
HISTORY = IndexHistory(source="test", memberships=[META], changes=[FB])


def test_nothing_of_later_is_told() -> None:
    assert known_by(HISTORY, date(2013, 12, 22)) == []
    (before,) = known_by(HISTORY, date(2022, 6, 8))
    assert (before.symbol, before.name) == ("FB", "Facebook, Inc.")
    assert known_by(HISTORY, CHANGED) == [META]
    gone = msgspec.structs.replace(HISTORY, memberships=[msgspec.structs.replace(META, left_on=LEFT)])
    assert known_by(gone, date(2024, 3, 17))[0].left_on is None
    assert known_by(gone, LEFT)[0].left_on == LEFT


def test_another_company_that_had_the_ticker_before_keeps_it() -> None:
    earlier = Membership(
        index="sp500", symbol="META", name="Metaphor", joined_on=date(1990, 1, 1), left_on=date(1999, 1, 1)
    )
    told = known_by(msgspec.structs.replace(HISTORY, memberships=[earlier, META]), date(2020, 1, 1))
    assert sorted(member.symbol for member in told) == ["FB", "META"]


def test_a_member_had_each_ticker_while_it_had_it() -> None:
    assert aliases(META, [FB], date(2026, 1, 1)) == [Alias("META", CHANGED, None), Alias("FB", JOINED, CHANGED)]
    before = known_by(HISTORY, date(2020, 1, 1))[0]
    assert aliases(before, [FB], date(2020, 1, 1)) == [Alias("FB", JOINED, None)]
    left = msgspec.structs.replace(META, left_on=date(2020, 1, 1))
    assert aliases(left, [FB], date(2026, 1, 1)) == [Alias("FB", JOINED, date(2020, 1, 1))]


days = st.dates(date(2000, 1, 1), date(2030, 1, 1))
members = st.builds(
    Membership,
    index=st.just("sp500"),
    symbol=st.sampled_from(["A", "B", "C"]),
    name=st.just("Name"),
    joined_on=days,
    left_on=st.none(),
)
changes = st.builds(
    TickerChange,
    on=days,
    old_symbol=st.sampled_from(["X", "Y"]),
    new_symbol=st.sampled_from(["A", "B"]),
    old_name=st.just("Old"),
    new_name=st.just("New"),
)


@given(st.lists(members, max_size=6), st.lists(changes, max_size=4), days, days)
def test_what_happens_later_changes_nothing_that_was_told(
    known: list[Membership], later: list[TickerChange], day: date, cut: date
) -> None:
    """Cut the source at a day: what it tells of that day, or an earlier one, is the same."""
    asked = min(day, cut)
    whole = IndexHistory(source="test", memberships=known, changes=[])
    past = [member for member in known if member.joined_on <= cut]
    assert known_by(whole, asked) == known_by(msgspec.structs.replace(whole, memberships=past), asked)
    for member in known_by(msgspec.structs.replace(whole, changes=later), asked):
        assert member.joined_on <= asked
        assert member.left_on is None or member.left_on <= asked
        spans = aliases(member, later, asked)
        assert spans[-1].first == member.joined_on
        assert all(span.until is None or span.first < span.until for span in spans)
