"""Stories: every figure is in the data, nothing is told before it happened, some are told twice."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest

from app.replay import market_day
from app.replay.data import catalogue
from app.replay.data.stories import LABEL, Stories


@pytest.mark.parametrize("dataset", ["sp500", "splits"])
def test_no_story_is_out_before_what_it_tells(dataset: str) -> None:
    stories = catalogue.stories(dataset).all
    assert len({story.ref for story in stories}) == len(stories)
    assert [story.at for story in stories] == sorted(story.at for story in stories)
    for story in stories:
        day = datetime.fromisoformat(story.ref[:10]).date()
        hour = market_day.CLOSE if "-close" in story.ref else market_day.OPEN
        assert timedelta(0) <= story.at - market_day.at(day, hour) < timedelta(hours=2)
        assert LABEL in story.text


def test_every_close_is_that_of_its_bar() -> None:
    data = catalogue.load("sp500")
    for story in catalogue.stories("sp500").all:
        if "-close" not in story.ref:
            continue
        (row,) = data.bars.of_ticker(story.tickers[0], *[np.datetime64(story.ref[:10]).astype(object)] * 2)
        assert f"closes at {data.bars.close[row]:.2f}, " in story.title


def test_a_split_is_no_fall() -> None:
    falls = [story for story in catalogue.stories("splits").all if story.ref == "2005-02-28-AAPL-close"]
    assert all("down 5" not in story.title for story in falls)
    split = [story.title for story in catalogue.stories("splits").all if story.ref == "2005-02-28-AAPL-split"]
    assert split == ["Apple Inc. (AAPL) splits 2 for 1"]


def test_some_stories_come_a_second_time_elsewhere() -> None:
    stories = {story.ref: story for story in catalogue.stories("sp500").all}
    again = [story for ref, story in stories.items() if ref.endswith("-wire")]
    assert 0.1 < len(again) / len(stories) < 0.3
    for story in again:
        first = stories[story.ref.removesuffix("-wire")]
        assert (story.title, story.at - first.at) == (first.title, timedelta(minutes=2))
        assert story.path != first.path


def test_the_same_data_tell_the_same_stories() -> None:
    assert Stories(catalogue.load("sp500")).all == catalogue.stories("sp500").all


def test_a_story_can_be_read_once_it_is_out() -> None:
    stories = catalogue.stories("sp500")
    story = next(story for story in stories.all if story.ref == "2010-05-06-PG-close")
    assert stories.read(story.ref, story.at) == story
    assert stories.read(story.ref, story.at - timedelta(seconds=1)) is None
    assert stories.read("nothing", datetime(2010, 5, 7, tzinfo=UTC)) is None
