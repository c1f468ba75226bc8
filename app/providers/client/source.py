"""A provider: what one file declares, and the one way to ask it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from app.domain.datasets import Dataset
from app.domain.quotas import NEAR, SECOND_US, Allowance, CallClass, Window, allowance_id
from app.providers.client.metered import Access, MeteredClient

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from app.domain.quotas import LimitHint
    from app.ports.clock import Clock
    from app.ports.providers import Ability, Answer, Question, Reply
    from app.ports.quotas import Ledger
    from app.providers.client.http import HttpClient, RawReply, Request


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """How a key travels: in a header where the provider takes one, else in the query."""

    headers: dict[str, str] = {}
    params: dict[str, str] = {}


@dataclass(frozen=True, kw_only=True)
class Endpoint:
    """How one dataset is asked for, and how its reply is read; both pure.

    `read` gets the reply, the question and the hosts on which a next page may lie, and raises RefusedError for
    every reply that is not what was asked for.
    """

    request: Callable[[Any], Request]
    read: Callable[[RawReply, Any, frozenset[str]], Reply]


@dataclass(frozen=True, kw_only=True)
class Declaration:
    """All that there is to know of a provider.

    `twins` are hosts under which the very same service answers; `limits` reads what a reply's headers say of a window.
    """

    name: str
    windows: tuple[Window, ...]
    abilities: Mapping[Dataset, Ability]
    endpoints: Mapping[Dataset, Endpoint]
    credentials: Callable[[str], Credentials]
    twins: frozenset[str] = field(default_factory=frozenset)
    limits: Callable[[RawReply], LimitHint | None] | None = None


class Source:
    """A declared provider with a key and an address."""

    def __init__(
        self, declaration: Declaration, http: HttpClient, ledger: Ledger, clock: Clock, access: Access
    ) -> None:
        """Use the shared client; raise SettingsError when the key must not be sent to that address."""
        # What is counted by another clock, or by another host, is another allowance of the same key.
        replay = clock.clock_id if clock.clock_id.startswith("replay:") else ""
        realm = replay or ("here" if access.deadlines is NEAR else "")
        self.name = declaration.name
        self.allowance = Allowance(
            id=allowance_id(declaration.name, access.key, realm),
            provider=declaration.name,
            windows=declaration.windows,
            hold_us=round(access.deadlines.hold_s * SECOND_US * clock.speed),
        )
        self.abilities = {
            dataset: msgspec.structs.replace(ability, since=access.since) if ability.history else ability
            for dataset, ability in declaration.abilities.items()
        }
        self._declaration = declaration
        self._client = MeteredClient(http, ledger, clock, access, self.allowance, declaration.limits)
        self._credentials = declaration.credentials(access.key)

    @property
    def host(self) -> str:
        """Return the host that is called."""
        return self._client.host

    async def ask(self, question: Question[Answer]) -> Answer:
        """Ask one question: one call, reserved before it leaves.

        Raises LaterError when there is no slot soon, ProviderError for every other failure.
        """
        endpoint = self._declaration.endpoints[question.dataset]
        request = endpoint.request(question)
        keyed = msgspec.structs.replace(request, params=request.params | self._credentials.params)
        twins = self._declaration.twins
        hosts = twins if self.host in twins else frozenset({self.host})
        return await self._client.get(
            keyed,
            self._credentials.headers,
            lambda reply: endpoint.read(reply, question, hosts),  # type: ignore[arg-type,return-value]  # paired by dataset
            purpose=purpose_of(question),
            call_class=class_of(question),
        )


def class_of(question: Question[Any]) -> CallClass:
    """Say who waits for a call: for a quote somebody may be, for all else nobody is."""
    return CallClass.INTERACTIVE if question.dataset is Dataset.QUOTES else CallClass.BACKGROUND


def purpose_of(question: Question[Any]) -> str:
    """Say in few words what a call is for: the ledger keeps it."""
    told = msgspec.to_builtins(question)
    companies = ",".join(told.get("companies", ()))
    span = f"{told['first']}..{told['last']}" if "first" in told else ""
    subject = told.get("symbol") or told.get("session") or companies or told.get("since") or span
    page = " page" if "cursor" in told else ""
    return f"{question.dataset} {subject}{page}".strip()[:200]
