"""Query parameters that several routes take alike."""

from typing import Annotated

from litestar.openapi.spec import Example
from litestar.params import QueryParameter

from app.api import cursors

MAX_SYMBOLS = 100

Symbols = Annotated[
    str | None,
    QueryParameter(
        description=f"Up to {MAX_SYMBOLS} symbols, separated by commas; none for the whole market. Case matters.",
        examples=[Example(value="AAPL,MSFT")],
        min_length=1,
        max_length=2_000,
    ),
]
AsOf = Annotated[
    str | None,
    QueryParameter(
        description="Answer with what was known then: a timestamp with its zone, or a date (its end in New York).",
        examples=[Example(value="2010-05-06")],
        min_length=8,
        max_length=40,
    ),
]
ProviderName = Annotated[
    str | None,
    QueryParameter(
        description="Only what this provider tells.",
        examples=[Example(value="finnhub")],
        pattern="^[a-z][a-z0-9_]{0,63}$",
    ),
]
Cursor = Annotated[
    str | None,
    QueryParameter(max_length=cursors.MAX_LENGTH, description="`next` of the page before; none for the first page."),
]
