"""Which provider is asked for what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.errors import SettingsError, UnknownSubjectError
from app.providers import polygon
from app.providers.client.metered import LOOPBACK, Access
from app.providers.client.source import Source

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from app.domain.datasets import Dataset
    from app.ports.clock import Clock
    from app.ports.providers import Provider
    from app.ports.quotas import Ledger
    from app.providers.client.http import HttpClient


DECLARATIONS = (polygon.DECLARATION,)


def build(http: HttpClient, ledger: Ledger, clock: Clock, access: Mapping[str, Access]) -> Registry:
    """Build the providers whose key is set, in order of preference."""
    keyed = [one for one in DECLARATIONS if one.name in access and access[one.name].key]
    return Registry([Source(one, http, ledger, clock, access[one.name]) for one in keyed], clock)


class Registry:
    """The providers that have a key; the order given is the order of preference."""

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
        return tuple(provider for provider in self._providers if dataset in provider.abilities)
