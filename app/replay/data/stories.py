"""Articles written by rule out of the bars and actions of a data set: what moved most, what split, what paid.

Nothing in them is invented: each sentence is a figure of the data, and each says that the replay wrote it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING
from zlib import crc32

import msgspec
import numpy as np

from app.replay import market_day

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import date

    from app.replay.data.market_data import MarketData

SOURCE = "Groat replay"
WIRE = "Groat replay wire"
MOST_MOVERS = 10
WIDEST = 10
SHARE_OF_MOVERS = 8  # one in so many tickers of a day is worth a story, at most ten up and ten down
TOLD_TWICE = 4  # one story in so many is told a second time, under another address
LABEL = "Written by rule out of the replay market's data; prices are as traded."


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """One article. `ref` names it, `number` is its number in 31 bits, `at` is when it is published (aware UTC)."""

    ref: str
    title: str
    text: str
    at: datetime
    source: str
    tickers: tuple[str, ...]

    @property
    def number(self) -> int:
        """Return a number that stays the same from run to run."""
        return crc32(self.ref.encode()) & 0x7FFFFFFF

    @property
    def path(self) -> str:
        """Return where the article can be read."""
        return f"/news/{self.ref}"


class Stories:
    """Every story of a data set, oldest first; they are written when the first is asked for."""

    def __init__(self, data: MarketData) -> None:
        self._data = data
        self._names = {listing.ticker: listing.name for listing in data.listings if listing.name}

    @cached_property
    def all(self) -> list[Story]:
        """Return the stories, oldest first."""
        told = [*self._of_movers(), *self._of_actions()]
        again = [retold(story) for story in told if story.number % TOLD_TWICE == 0]
        return sorted([*told, *again], key=lambda story: (story.at, story.ref))

    @cached_property
    def _by_ref(self) -> dict[str, Story]:
        return {story.ref: story for story in self.all}

    def published(self, now: datetime, since: datetime | None = None, until: datetime | None = None) -> list[Story]:
        """Return the stories from one moment to another, both included, as far as they are out; the newest first."""
        last = now if until is None else min(now, until)
        return [story for story in reversed(self.all) if story.at <= last and (since is None or story.at >= since)]

    def read(self, ref: str, now: datetime) -> Story | None:
        """Return one story; None when there is none, or not yet."""
        story = self._by_ref.get(ref)
        return story if story is not None and story.at <= now else None

    def named(self, ticker: str) -> str:
        """Return the company's name with its ticker, as far as the data know one."""
        name = self._names.get(ticker)
        return f"{name} ({ticker})" if name else ticker

    def _of_movers(self) -> Iterator[Story]:
        bars = self._data.bars
        ratios = {
            (bars.number(split.ticker), np.datetime64(split.on)): split.new / split.old for split in self._data.splits
        }
        last = np.full(len(bars.tickers), np.nan)
        for place, session in enumerate(bars.sessions):
            rows = np.arange(bars.day_start[place], bars.day_start[place + 1])
            numbers = bars.symbol[rows]
            before = last[numbers] / [ratios.get((number, session), 1.0) for number in numbers.tolist()]
            change = bars.close[rows] / before - 1
            order = np.flatnonzero(np.isfinite(change) & (change != 0))
            order = order[np.argsort(change[order], kind="stable")]
            count = min(MOST_MOVERS, len(order) // SHARE_OF_MOVERS or len(order) // 2)
            picked = [*order[:count], *order[len(order) - count :][::-1]]
            wide = np.argsort(bars.low[rows] / bars.high[rows], kind="stable")[: min(WIDEST, count)]
            picked += [index for index in wide if index not in picked and np.isfinite(change[index])]
            for rank, index in enumerate(picked):
                yield self._of_mover(int(rows[index]), session.astype(object), float(change[index]), rank)
            last[numbers] = bars.close[rows]

    def _of_mover(self, row: int, day: date, change: float, rank: int) -> Story:
        bars = self._data.bars
        ticker = bars.tickers[bars.symbol[row]]
        falls = change < 0
        low, high, volume = float(bars.low[row]), float(bars.high[row]), int(bars.volume[row])
        extreme = f"low of the day {low:.2f}" if falls else f"high of the day {high:.2f}"
        moved = f"{'down' if falls else 'up'} {abs(change) * 100:.1f} %"
        title = f"{self.named(ticker)} closes at {bars.close[row]:.2f}, {moved}; {extreme}"
        text = (
            f"{self.named(ticker)} closed at {bars.close[row]:.2f} dollars on {day}, {moved} from the close before. "
            f"It opened at {bars.open[row]:.2f} and traded between {low:.2f} and {high:.2f}, {volume:,} shares in all. "
            f"{LABEL}"
        )
        at = market_day.at(day, market_day.CLOSE).astimezone(UTC) + timedelta(minutes=3 + rank)
        return Story(ref=f"{day}-{slug(ticker)}-close", title=title, text=text, at=at, source=SOURCE, tickers=(ticker,))

    def _of_actions(self) -> Iterator[Story]:
        for split in self._data.splits:
            words = f"splits {split.new} for {split.old}"
            yield self._of_action(split.ticker, split.on, "split", words, "The price is that much lower from today on.")
        for paid in self._data.dividends:
            words = f"trades without its dividend of {paid.cash:g} dollars"
            yield self._of_action(
                paid.ticker, paid.ex_date, "dividend", words, "It is paid to those who held the share before."
            )

    def _of_action(self, ticker: str, day: date, kind: str, words: str, more: str) -> Story:
        at = market_day.at(day, market_day.OPEN).astimezone(UTC)
        text = f"{self.named(ticker)} {words} from {day} on. {more} {LABEL}"
        title = f"{self.named(ticker)} {words}"
        return Story(
            ref=f"{day}-{slug(ticker)}-{kind}", title=title, text=text, at=at, source=SOURCE, tickers=(ticker,)
        )


def retold(story: Story) -> Story:
    """Return the same story as another desk would send it two minutes later: another address, the same title."""
    return msgspec.structs.replace(story, ref=f"{story.ref}-wire", at=story.at + timedelta(minutes=2), source=WIRE)


def slug(ticker: str) -> str:
    """Return a ticker as it may stand in an address."""
    return ticker.replace(".", "-")
