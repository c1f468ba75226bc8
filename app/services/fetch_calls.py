"""One call as a step: a whole session, or a page of a sweep that hands the next page on."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, TypeVar

import msgspec

from app.domain.actions import ReportedAction
from app.domain.datasets import WHOLE_MARKET, Dataset
from app.domain.gaps import Span
from app.domain.pipelines import Part
from app.domain.quality import EVIDENCE, HeldRow
from app.domain.quotas import Outcome
from app.ports.providers import ListedTicker, ProviderError
from app.ports.stores import Fetched

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.ports.providers import ActionsReply, TickersReply
    from app.ports.steps import Step
    from app.services.desk import Desk

Row = TypeVar("Row", ListedTicker, ReportedAction)
# Past this many pages a cursor must be leading in circles.
MOST_PAGES = 1_000
STEP = "fetch"


class FetchCall(msgspec.Struct, frozen=True, kw_only=True):
    """What to ask which provider for; the arguments of a `fetch` step.

    `subject` is the session, the first date of a sweep, or the symbols (joined by commas) that are asked about; empty
    where there is nothing to choose. `on` is the market
    day of the plan. A sweep that began at `began` (market time) goes on from `cursor` with page `page`. With
    `force` a session is asked for also when it was answered already. `clean` says that no row of the sweep's
    earlier pages was held back.
    """

    provider: str
    dataset: Dataset
    subject: str
    on: date
    page: int = 1
    cursor: str | None = None
    force: bool = False
    began: datetime | None = None
    clean: bool = True

    @property
    def day(self) -> date:
        """Return the session, or the first date that is asked for; the market day where the subject is none."""
        try:
            return date.fromisoformat(self.subject.partition("..")[0])
        except ValueError:
            return self.on

    @property
    def is_about_market(self) -> bool:
        """Tell whether it concerns the whole market, not some instruments."""
        return self.dataset in WHOLE_MARKET

    @property
    def symbols(self) -> list[str]:
        """Return the symbols that are asked about; only where the subject is made of them."""
        return self.subject.split(",")

    def part(self, delay_s: float = 0.0) -> Part:
        """Return the step that makes this call; nobody looks at it for `delay_s` machine seconds."""
        args: dict[str, object] = msgspec.to_builtins(self)
        page = f":{self.page:04}" if self.page > 1 else ""
        # A run about instruments asks several providers about the same, and again when that has grown old.
        again = "" if self.is_about_market else f":{self.provider}:{self.began:%Y%m%dT%H%M%S}" if self.began else ""
        name = f"{self.dataset}:{self.subject or self.on}{again}{page}"
        return Part(step=STEP, part=name, args=args, delay_s=delay_s)

    def following(self, cursor: str | None, *, clean: bool = True) -> list[Part]:
        """Return the step of the next page, none after the last; raise ProviderError when it leads in circles."""
        if cursor is None:
            return []
        if cursor == self.cursor or self.page >= MOST_PAGES:
            message = f"{self.provider} leads in circles: page {self.page} of {self.dataset} has itself as the next."
            raise ProviderError(message, outcome=Outcome.MALFORMED)
        return [msgspec.structs.replace(self, page=self.page + 1, cursor=cursor, clean=self.clean and clean).part()]


def page_source(
    desk: Desk, step: Step, call: FetchCall, reply: TickersReply | ActionsReply, held: list[HeldRow]
) -> Fetched:
    """Say where a page's rows come from; the last page settles the sweep."""
    return Fetched(
        provider=call.provider,
        dataset=call.dataset,
        subject=f"{call.day}/{call.page}",
        payload=reply.payload,
        known_at=desk.clock.now(),
        step=step.key,
        held=[*held, *reply.unreadable],
        settles=Span(call.day, call.on + timedelta(days=1)) if reply.cursor is None else None,
    )


def once_each(rows: Sequence[Row], key: Callable[[Row], str]) -> tuple[list[Row], list[HeldRow]]:
    """Return each key's row once; rows that share a key and differ are all held."""
    by_key: dict[str, list[Row]] = {}
    for row in rows:
        same = by_key.setdefault(key(row), [])
        if row not in same:
            same.append(row)
    held = [
        HeldRow(
            symbol=row.symbol,
            session=None,
            rule="duplicate",
            evidence={"duplicate": EVIDENCE["duplicate"]},
            row=msgspec.to_builtins(row),
        )
        for same in by_key.values()
        for row in same
        if len(same) > 1
    ]
    return [same[0] for same in by_key.values() if len(same) == 1], held
