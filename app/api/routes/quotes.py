"""Quotes: what up to 500 symbols cost, by their latest bar or by a provider's own quote."""

from datetime import datetime
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.openapi.spec import Example
from litestar.params import QueryParameter

from app.api.deps import READ, HouseDependency
from app.api.hot_reads import JSON, Asked, Made, answer_read
from app.api.parameters import AsOf
from app.domain import watermarks
from app.domain.market_days import known_as_of
from app.ports.reads import Quote, QuoteSource
from app.services.read_bars import split_symbols
from app.services.read_quotes import read_quotes

DATASETS: Final = ("bars_daily", "corporate_actions", "instruments", "quotes")
MAX_SYMBOLS: Final = 500

Symbols = Annotated[
    str,
    QueryParameter(
        name="symbols",
        description=f"Up to {MAX_SYMBOLS} symbols, separated by commas, in the order wanted. Case matters.",
        examples=[Example(value="AAPL,MSFT,XOM")],
        min_length=1,
        max_length=8_000,
    ),
]
Source = Annotated[
    QuoteSource,
    QueryParameter(
        description="The newer of the latest bar and the latest provider's quote (latest), or only one of them."
    ),
]


class QuoteQuery(msgspec.Struct, frozen=True, kw_only=True):
    """A settled question for quotes."""

    symbols: tuple[str, ...]
    source: QuoteSource
    as_of: datetime | None


class QuoteList(msgspec.Struct, frozen=True, kw_only=True):
    """Quotes in the order asked; `without_bars` has neither a bar nor a quote yet, `unknown` is nobody's symbol.

    `renamed`, where there are any, tells of former symbols which one their instrument has now.
    """

    watermark: str
    unknown: list[str]
    without_bars: list[str]
    quotes: list[Quote]
    renamed: dict[str, str] | msgspec.UnsetType = msgspec.UNSET


@get(
    "/quotes",
    **READ,
    operation_id="getQuotes",
    tags=["quotes"],
    summary="The latest price of many symbols",
    responses={200: ResponseSpec(data_container=QuoteList, description="The quotes.", generate_examples=False)},
)
async def quotes(
    request: Request[Any, Any, Any],
    house: HouseDependency,
    symbols: Symbols,
    source: Source = QuoteSource.LATEST,
    as_of: AsOf = None,
) -> Response[bytes]:
    """Return each symbol's latest price as traded, and its change from the close before it.

    It comes of the latest daily bar, or of a provider's quote when that is newer: `source`, `provider` and `at` say
    which, and of when. A bar's `previous_close` is restated when its session is the ex-date of a split. Symbols that
    nobody knows are listed in `unknown`; when none is known the answer is 404.
    """
    query = QuoteQuery(
        symbols=split_symbols(symbols, MAX_SYMBOLS),
        source=source,
        as_of=None if as_of is None else known_as_of(as_of, house.clock.now()),
    )

    async def make() -> Made:
        answer = await read_quotes(house.quotes, query.symbols, query.source, query.as_of)
        head = {
            "watermark": answer.watermark,
            "unknown": answer.unknown,
            "without_bars": [symbol for symbol, text in answer.found if not text],
            **({"renamed": answer.renamed} if answer.renamed else {}),
        }
        body = b'%s,"quotes":[%s]}' % (
            msgspec.json.encode(head)[:-1],
            b",".join([text for _, text in answer.found if text]),
        )
        return Made(body=body, versions=watermarks.versions(answer.watermark))

    return await answer_read(house, request, Asked(about=query, media_type=JSON, datasets=DATASETS), make)


ROUTES = [quotes]
