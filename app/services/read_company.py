"""Read what is told of a company: each fact by the provider that is asked first, and how one fact changed."""

from __future__ import annotations

from datetime import datetime  # noqa: TC003  msgspec reads annotations at run time
from typing import TYPE_CHECKING

import msgspec

from app.domain.errors import InvalidRequestError, UnknownSubjectError
from app.domain.fundamentals import SPECS, FactSpec, Unit
from app.ports.fact_reads import CompanyQuery, FactValue, HistoryQuery
from app.services.read_bars import nobody_knows

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from app.domain.datasets import Dataset
    from app.ports.fact_reads import CompanyReads, ToldFacts


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One fact: its name, what it is, its unit, its value, who says so, and since when that reply is known."""

    name: str
    title: str
    unit: Unit
    value: float | str
    provider: str
    known_at: datetime


class CompanyRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a user asked for, settled. `preference` names the providers, the preferred one first."""

    symbol: str
    dataset: Dataset
    as_of: datetime | None
    provider: str | None
    preference: tuple[str, ...]


class Company(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of a company; `providers` are those who tell anything, the preferred one first.

    `renamed`, where `symbol` is a former one, tells which one its instrument has.
    """

    symbol: str
    as_of: datetime | None
    providers: list[str]
    facts: list[Fact]
    renamed: dict[str, str] | msgspec.UnsetType = msgspec.UNSET


class FactHistory(msgspec.Struct, frozen=True, kw_only=True):
    """The values of one fact over time, the latest first; `renamed` as in Company."""

    symbol: str
    name: str
    title: str
    unit: Unit
    as_of: datetime | None
    values: list[FactValue]
    renamed: dict[str, str] | msgspec.UnsetType = msgspec.UNSET


async def read_company(store: CompanyReads, request: CompanyRequest) -> tuple[Company, str]:
    """Return what is told of a company, and the watermark; raise UnknownSubjectError when nobody has the symbol.

    Each fact is the preferred provider's among those who say it. A company of which nothing is stored has no facts.
    """
    query = CompanyQuery(symbol=request.symbol, dataset=request.dataset, as_of=request.as_of)
    answer = await store.told(query)
    if answer.told is None:
        raise UnknownSubjectError(nobody_knows([request.symbol]))
    told = [each for each in answer.told if request.provider in {None, each.provider}]
    ordered = by_preference(told, request.preference)
    company = Company(
        symbol=request.symbol,
        as_of=request.as_of,
        providers=[each.provider for each in ordered],
        facts=merged(ordered, request.dataset),
        renamed=answer.renamed or msgspec.UNSET,
    )
    return company, answer.watermark


def by_preference(told: Iterable[ToldFacts], preference: Sequence[str]) -> list[ToldFacts]:
    """Order what is told by who is preferred; who is not asked any more comes last, by name."""
    ranks = {name: rank for rank, name in enumerate(preference)}
    return sorted(told, key=lambda each: (ranks.get(each.provider, len(ranks)), each.provider))


def merged(told: Sequence[ToldFacts], dataset: Dataset) -> list[Fact]:
    """Return each fact that anybody tells, in the order of the dataset's names, by the first who tells it."""
    facts = []
    for name, spec in SPECS[dataset].items():
        teller = next((each for each in told if name in each.facts), None)
        if teller is not None:
            facts.append(
                Fact(
                    name=name,
                    title=spec.title,
                    unit=spec.unit,
                    value=teller.facts[name],
                    provider=teller.provider,
                    known_at=teller.known_at,
                )
            )
    return facts


async def read_history(store: CompanyReads, query: HistoryQuery) -> tuple[FactHistory, bool, str]:
    """Return up to `limit` values of a fact, whether there are more, and the watermark.

    Raises InvalidRequestError for a fact that no dataset has, UnknownSubjectError when nobody has the symbol.
    """
    spec = spec_of(query.fact)
    answer = await store.history(msgspec.structs.replace(query, limit=query.limit + 1))
    if answer.values is None:
        raise UnknownSubjectError(nobody_knows([query.symbol]))
    history = FactHistory(
        symbol=query.symbol,
        name=query.fact,
        title=spec.title,
        unit=spec.unit,
        as_of=query.as_of,
        values=answer.values[: query.limit],
        renamed=answer.renamed or msgspec.UNSET,
    )
    return history, len(answer.values) > query.limit, answer.watermark


def spec_of(fact: str) -> FactSpec:
    """Return a fact's meaning; raise InvalidRequestError when no dataset has one of that name."""
    for specs in SPECS.values():
        if fact in specs:
            return specs[fact]
    message = "No fact has that name: the profile and the fundamentals of an instrument list them."
    raise InvalidRequestError(message)
