import pytest

from bench.findings import at_least, at_most, finding
from bench.pairs import alternate


def test_contenders_take_turns_at_going_first() -> None:
    order: list[str] = []

    def contender(name: str, rate: float) -> float:
        order.append(name)
        return rate

    contenders = {"a": lambda: contender("a", 10.0), "b": lambda: contender("b", 4.0)}
    rates = alternate(contenders, 5, say=lambda _line: None)
    assert order == ["a", "b", "b", "a", "a", "b", "b", "a", "a", "b"]
    assert rates.ratio("a", "b", "a over b").samples == (2.5,) * 5


def test_fewer_than_five_pairs_are_refused() -> None:
    with pytest.raises(ValueError, match="4 rounds are too few"):
        alternate({"a": lambda: 1.0}, 4, say=lambda _line: None)


def test_the_median_decides_whether_a_goal_is_met() -> None:
    assert finding("faster", [1.0, 9.0, 9.0], "x", at_least(8)).is_met
    assert not finding("slower", [1.0, 9.0, 1.0], "x", at_least(8)).is_met
    assert finding("smaller", [90.0], "MB", at_most(120)).is_met
    assert "MISSED" in finding("bigger", [130.0], "MB", at_most(120)).line()


def test_a_finding_needs_a_sample() -> None:
    with pytest.raises(ValueError, match="nothing was measured"):
        finding("empty", [], "x")
