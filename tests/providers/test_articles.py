"""What holds for the articles of every provider: the days that were asked for, and what may become a link."""

import copy
from typing import Any

import pytest

from app.domain.datasets import Dataset
from app.providers.client.verdicts import RefusedError
from tests.providers.replies import CASES, Case, reply

NEWS = [one for one in CASES if one.question.dataset is Dataset.NEWS]
# How each names an article's time, address and title.
NAMES = {
    "finnhub": ("datetime", "url", "headline"),
    "alpha_vantage": ("time_published", "url", "title"),
    "newsapi": ("publishedAt", "url", "title"),
    "polygon": ("published_utc", "article_url", "title"),
}
# Two days before and after what was asked for, each in the provider's own form.
OUTSIDE: dict[str, list[object]] = {
    "finnhub": [1272844800, 1273449600],
    "alpha_vantage": ["20100503T000000", "20100510T000000"],
    "newsapi": ["2010-05-03T00:00:00Z", "2010-05-10T00:00:00Z"],
    "polygon": ["2010-05-03T00:00:00Z", "2010-05-10T00:00:00Z"],
}


def rows_of(body: Any) -> list[dict[str, Any]]:
    """The articles of a body."""
    if isinstance(body, list):
        return body
    return next(rows for name in ("feed", "articles", "results") if (rows := body.get(name)) is not None)


def with_more(one: Case, **fields: object) -> Any:
    """Read a good page with one more article, which has these fields of its own."""
    body = copy.deepcopy(one.body)
    rows_of(body).append({**rows_of(body)[0], **fields})
    return one.read(reply(body))


@pytest.mark.parametrize("one", NEWS, ids=lambda one: one.name)
class TestEveryProvidersArticles:
    @pytest.mark.parametrize("which", [0, 1])
    def test_one_of_other_days_is_held(self, one: Case, which: int) -> None:
        name = one.declaration.name
        answer = with_more(one, **{NAMES[name][0]: OUTSIDE[name][which]})
        assert one.facts(answer) == one.expected
        assert [row.rule for row in answer.unreadable] == ["wrong_time"]

    @pytest.mark.parametrize("address", ["javascript:alert(1)", "data:text/html,x", "//host/x", "http://a b", "", None])
    def test_one_without_a_web_address_is_held(self, one: Case, address: object) -> None:
        answer = with_more(one, **{NAMES[one.declaration.name][1]: address})
        assert one.facts(answer) == one.expected
        assert [row.rule for row in answer.unreadable] == ["unreadable"]

    @pytest.mark.parametrize("title", ["", " \t", "N\x00l", "x" * 1001, None, 7, ["a"]])
    def test_one_without_a_title_is_held(self, one: Case, title: object) -> None:
        answer = with_more(one, **{NAMES[one.declaration.name][2]: title})
        assert one.facts(answer) == one.expected
        assert len(answer.unreadable) == 1

    def test_mostly_unsound_articles_are_another_format(self, one: Case) -> None:
        body = copy.deepcopy(one.body)
        rows = rows_of(body)
        rows += [{**rows[0], NAMES[one.declaration.name][2]: None}] * 3
        with pytest.raises(RefusedError):
            one.read(reply(body))
