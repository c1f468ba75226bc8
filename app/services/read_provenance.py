"""Read where one stored value comes from, and what it superseded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import msgspec

from app.domain.datasets import Dataset
from app.domain.errors import InvalidRequestError, UnknownSubjectError
from app.ports.fact_reads import Origin  # noqa: TC001  msgspec reads annotations at run time
from app.services.read_bars import nobody_knows
from app.services.read_company import spec_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from app.ports.fact_reads import OriginQuery, OriginReads

BY_DAY: Final = ("symbol", "session")
BY_FACT: Final = ("symbol", "fact")
# What names one value of each dataset.
NAMED_BY: Final[Mapping[Dataset, tuple[str, ...]]] = {
    Dataset.BARS_DAILY: BY_DAY,
    Dataset.SYMBOL_BARS: BY_DAY,
    Dataset.SPLITS: BY_DAY,
    Dataset.DIVIDENDS: BY_DAY,
    Dataset.QUOTES: BY_DAY,
    Dataset.EARNINGS: BY_DAY,
    Dataset.PROFILES: BY_FACT,
    Dataset.FUNDAMENTALS: BY_FACT,
    Dataset.NEWS: ("article",),
}


class Origins(msgspec.Struct, frozen=True, kw_only=True):
    """Where a value comes from: what is known now first, then what it superseded. `more` says that there are others.

    `renamed`, where the symbol is a former one, tells which one its instrument has.
    """

    dataset: Dataset
    items: list[Origin]
    more: bool
    renamed: dict[str, str] | msgspec.UnsetType = msgspec.UNSET


async def read_provenance(store: OriginReads, query: OriginQuery) -> Origins:
    """Return up to `limit` origins; none when nothing of the kind is stored.

    Raises InvalidRequestError when the question does not name one value of its dataset, UnknownSubjectError when
    nobody has the symbol or the article.
    """
    check(query)
    answer = await store.origins(msgspec.structs.replace(query, limit=query.limit + 1))
    found = answer.origins
    if found is None:
        raise UnknownSubjectError(nobody_knows([query.symbol]) if query.symbol else "No article has that number.")
    return Origins(
        dataset=query.dataset,
        items=found[: query.limit],
        more=len(found) > query.limit,
        renamed=answer.renamed or msgspec.UNSET,
    )


def check(query: OriginQuery) -> None:
    """Raise InvalidRequestError when the question does not name one value of its dataset."""
    needed = NAMED_BY.get(query.dataset)
    if needed is None:
        message = f"The origins of {query.dataset} cannot be asked for here."
        raise InvalidRequestError(message)
    given = {"symbol": query.symbol, "session": query.day, "fact": query.fact, "article": query.article}
    if [name for name, value in given.items() if value is not None] != list(needed):
        names = " and ".join(f"`{name}`" for name in needed)
        message = f"A value of {query.dataset} is named by {names}, and by nothing else."
        raise InvalidRequestError(message)
    if query.fact is not None:
        spec_of(query.fact)
