"""Fetch what a provider tells of one company: its profile, or its fundamentals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from app.domain.fundamentals import CompanyFacts, faults
from app.domain.quality import HeldRow
from app.ports.providers import CompanyOf, ProviderError
from app.services.one_symbol import asked, end_without, listed_symbol, report, require_same, symbol_source

if TYPE_CHECKING:
    from app.domain.datasets import Dataset
    from app.ports.steps import Step
    from app.services.desk import Desk
    from app.services.fetch_calls import FetchCall


async def fetch_company(desk: Desk, step: Step, call: FetchCall) -> None:
    """Fetch, check and store; a fact that is not sound is held back, the others are stored.

    Raises LaterError when there is no slot, GiveUpError when it can never work, ProviderError when another attempt may.
    """
    symbol = await listed_symbol(desk, step, call)
    if symbol is None:
        return
    try:
        reply = await desk.providers.get(call.provider).ask(CompanyOf(dataset=call.dataset, symbol=symbol))
        require_same(call, reply.company.symbol)
    except ProviderError as e:
        await end_without(desk, step, call, e)
        return
    company, held = checked(reply.company, call.dataset)
    fetched = symbol_source(desk, step, call, reply, held)
    found = bool(reply.company.facts)
    async with step.done(report(len(company.facts), len(fetched.held), found=found)) as unit:
        await desk.companies.store(unit, company, fetched)
        await desk.asks.record(unit, asked(call, fetched, found=found))


def checked(company: CompanyFacts, dataset: Dataset) -> tuple[CompanyFacts, list[HeldRow]]:
    """Part the facts that may be stored from those that may not."""
    found = faults(company, dataset)
    sound = {name: value for name, value in company.facts.items() if name not in found}
    held = [
        HeldRow(
            symbol=company.symbol,
            session=None,
            rule="fact",
            evidence={name: said},
            row={name: company.facts[name]},
        )
        for name, said in found.items()
    ]
    return CompanyFacts(symbol=company.symbol, facts=sound), held
