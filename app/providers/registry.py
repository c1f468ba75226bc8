"""Which provider is asked for what."""

from __future__ import annotations

from collections.abc import Mapping  # noqa: TC003  a constant is annotated with it
from typing import TYPE_CHECKING

from app.domain.datasets import Dataset
from app.domain.errors import SettingsError, UnknownSubjectError
from app.providers import alpha_vantage, finnhub, newsapi, polygon
from app.providers.client.metered import LOOPBACK, Access
from app.providers.client.source import Source

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.ports.clock import Clock
    from app.ports.providers import Provider
    from app.ports.quotas import Ledger
    from app.providers.client.http import HttpClient


DECLARATIONS = (polygon.DECLARATION, finnhub.DECLARATION, newsapi.DECLARATION, alpha_vantage.DECLARATION)
# Who is asked first, where more than one can be. One call to NewsAPI is about twenty companies, and Alpha Vantage's 25
# calls a day are the scarcest; but only it can tell whether a hole in Polygon's bars is one of the market's.
PREFERENCE: Mapping[Dataset, tuple[str, ...]] = {
    Dataset.NEWS: (newsapi.NAME, finnhub.NAME, polygon.NAME, alpha_vantage.NAME),
    Dataset.PROFILES: (finnhub.NAME, alpha_vantage.NAME),
    Dataset.FUNDAMENTALS: (finnhub.NAME, alpha_vantage.NAME),
    Dataset.QUOTES: (finnhub.NAME, alpha_vantage.NAME),
    Dataset.SYMBOL_BARS: (alpha_vantage.NAME, polygon.NAME),
}


def build(http: HttpClient, ledger: Ledger, clock: Clock, access: Mapping[str, Access]) -> Registry:
    """Build the providers whose key is set."""
    keyed = [one for one in DECLARATIONS if one.name in access and access[one.name].key]
    return Registry([Source(one, http, ledger, clock, access[one.name]) for one in keyed], clock)


class Registry:
    """The providers that have a key."""

    def __init__(self, providers: Sequence[Provider], clock: Clock) -> None:
        """Refuse a mix of a replay's clock and a real provider: its minutes would pass too fast for its quota."""
        for provider in providers:
            if clock.clock_id.startswith("replay:") and provider.host not in LOOPBACK:
                message = (
                    f"The clock is a replay's, but {provider.name} is a real host ({provider.host}): set "
                    f"GROAT_{provider.name.upper()}__URL to the replay market, or GROAT_CLOCK__MODE to wall."
                )
                raise SettingsError(message)
        self._providers = tuple(providers)

    def all(self) -> tuple[Provider, ...]:
        """Return every provider."""
        return self._providers

    def get(self, name: str) -> Provider:
        """Return one by name; raise UnknownSubjectError when it has no key or does not exist."""
        for provider in self._providers:
            if provider.name == name:
                return provider
        message = f"There is no provider {name!r} here: it is unknown, or its API key is not set."
        raise UnknownSubjectError(message)

    def able(self, dataset: Dataset) -> tuple[Provider, ...]:
        """Return those that can be asked for a dataset, the preferred one first."""
        found = [provider for provider in self._providers if dataset in provider.abilities]
        order = PREFERENCE.get(dataset, ())
        return tuple(sorted(found, key=lambda one: order.index(one.name) if one.name in order else len(order)))
