"""Fetch one page of the articles about some companies."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING

import msgspec

from app.domain.datasets import Dataset
from app.domain.errors import GiveUpError
from app.domain.news import faults, tidy
from app.domain.news_links import noted, symbols_in_text, texts_of
from app.domain.pipelines import StepReport
from app.domain.quality import HeldRow, valid_symbol
from app.domain.quotas import Outcome
from app.ports.news import LinkedArticle
from app.ports.providers import NewsAbout, ProviderError
from app.ports.stores import Asked, Fetched
from app.services.desk import EXCHANGE_ZONE
from app.services.refused_calls import end_refused

if TYPE_CHECKING:
    from app.domain.news import Article
    from app.domain.pipelines import Part
    from app.ports.providers import Ability, NewsReply
    from app.ports.steps import Step
    from app.services.desk import Desk
    from app.services.fetch_calls import FetchCall

# Providers find articles hours after their publication: each question goes back behind the one before.
OVERLAP = timedelta(hours=6)
# The first question about a company, when nobody misses its older news yet.
FIRST_BACK = timedelta(days=30)
# News is perishable: what is further down is left, and said.
MOST_PAGES = 5
# The cursor of a provider that has none, but says that there is more: what was published before a time.
BEFORE = "before:"
SECOND = timedelta(seconds=1)


async def fetch_news(desk: Desk, step: Step, call: FetchCall) -> None:
    """Fetch, check, link and store a page; the next page becomes another part of the step.

    Raises LaterError when there is no slot, ProviderError when another attempt may help, GiveUpError when the step's
    arguments make no question. Every other failure ends as a line of the report: news never fails a run.
    """
    began = desk.clock.now() if call.page == 1 else call.began or desk.clock.now()
    question = await question_about(desk, call, began)
    if isinstance(question, str):
        async with step.done(StepReport(skipped={"not asked": 1}, notes=(question,))):
            return
    try:
        reply = await desk.providers.get(call.provider).ask(question)
        parts, note = following(msgspec.structs.replace(call, began=began), question, reply)
    except ProviderError as e:
        await end_without_news(desk, step, call, e)
        return
    sound, held = checked(reply.articles, desk.clock.now())
    mentioned = {symbol for article in sound for symbol in (*symbols_of(article), *noted_in(article))}
    known = await desk.news_subjects.companies(mentioned)
    fetched = Fetched(
        provider=call.provider,
        dataset=call.dataset,
        subject=call.subject if call.page == 1 else f"{call.subject}/{call.page}",
        payload=reply.payload,
        known_at=desk.clock.now(),
        step=step.key,
        held=[*held, *reply.unreadable],
    )
    others = len({symbol for article in sound for symbol in symbols_of(article)} - known.keys())
    skipped = {"held": len(fetched.held), "no instrument": others}
    report = StepReport(
        done=len(sound),
        skipped={reason: count for reason, count in skipped.items() if count},
        notes=(note,) if note else (),
    )
    linked = [link(article, question.companies, known) for article in sound]
    async with step.done(report, parts) as unit:
        await desk.news.store(unit, linked, fetched)
        if not parts:
            symbols = list(question.companies)
            await desk.asks.record(
                unit, Asked(dataset=call.dataset, provider=call.provider, symbols=symbols, found=symbols, at=began)
            )


async def end_without_news(desk: Desk, step: Step, call: FetchCall, error: ProviderError) -> None:
    """End the step of a call that gave nothing, or raise what defers it.

    Whom a provider cannot be asked about, as for want of a name, is asked about again after a growing wait.
    """
    if error.outcome not in {Outcome.BAD_KEY, Outcome.BAD_REQUEST} and not error.out_of_range:
        await end_refused(desk, step, call, error)
        return
    async with step.done(StepReport(skipped={error.outcome.value: 1}, left=1, notes=(str(error),))) as unit:
        if error.outcome is not Outcome.BAD_KEY:
            at = desk.clock.now()
            await desk.asks.record(
                unit, Asked(dataset=call.dataset, provider=call.provider, symbols=call.symbols, found=(), at=at)
            )


async def question_about(desk: Desk, call: FetchCall, began: datetime) -> NewsAbout | str:
    """Return the question of a call, or why there is none; raise GiveUpError when it is about too many, or nobody."""
    ability = desk.providers.get(call.provider).abilities[Dataset.NEWS]
    symbols = call.symbols
    if not all(map(valid_symbol, symbols)) or not 0 < len(symbols) <= max(1, ability.subjects):
        message = f"{call.subject[:80]!r} is not one to {max(1, ability.subjects)} symbols joined by commas."
        raise GiveUpError(message)
    names = await desk.news_subjects.companies(symbols)
    companies = {symbol: names[symbol] for symbol in symbols if symbol in names}
    if not companies:
        return f"{call.subject}: no instrument here: nothing was asked"
    since = since_when(ability, began, await desk.news_subjects.answered(call.provider, list(companies)))
    until = began - ability.embargo
    cursor = call.cursor
    if cursor is not None and cursor.startswith(BEFORE):
        until, cursor = datetime.fromisoformat(cursor.removeprefix(BEFORE)), None
    if since >= until:
        return f"{call.subject}: the provider gives nothing yet that is newer than its last answer"
    return NewsAbout(companies=companies, since=since, until=until, cursor=cursor)


def since_when(ability: Ability, began: datetime, answered: datetime | None) -> datetime:
    """Return from when on articles are asked for: from the last answer, within what the provider's plan reaches."""
    since = began - FIRST_BACK if answered is None else answered - ability.embargo - OVERLAP
    if ability.history is not None:
        since = max(since, began - ability.history)
    if ability.since is not None:
        since = max(since, datetime.combine(ability.since, time(), EXCHANGE_ZONE))
    return since.astimezone(UTC)


def following(call: FetchCall, question: NewsAbout, reply: NewsReply) -> tuple[list[Part], str | None]:
    """Return the step of the next page, none after the last, and what to say when older articles are left.

    A provider that gives only the newest of many is asked again for what was published before the oldest of them.
    """
    cursor = reply.cursor
    count = len(reply.articles) + len(reply.unreadable)
    if cursor is None and reply.articles and (reply.total or 0) > count:
        oldest = min(article.published_at for article in reply.articles)
        before = oldest.replace(microsecond=0) + SECOND
        if question.since < before < question.until:
            cursor = f"{BEFORE}{before.isoformat()}"
    if cursor is not None and call.page >= MOST_PAGES:
        return [], f"{call.subject}: there are more than {MOST_PAGES} pages: the older articles are left"
    return call.following(cursor), None


def checked(articles: list[Article], now: datetime) -> tuple[list[Article], list[HeldRow]]:
    """Part the articles that may be stored from those that may not."""
    sound, held = [], []
    for article in map(tidy, articles):
        found = faults(article, now)
        if not found:
            sound.append(article)
            continue
        row = msgspec.to_builtins(article)
        symbol = next(filter(valid_symbol, article.symbols), "")
        held.append(HeldRow(symbol=symbol, session=None, rule=next(iter(found)), evidence=found, row=row))
    return sound, held


def link(article: Article, asked: dict[str, str], known: dict[str, str]) -> LinkedArticle:
    """Add the companies that its text names, where the provider ties an article to none."""
    if article.symbols:
        return LinkedArticle(article=article)
    companies = {symbol: name for symbol, name in asked.items() if name}
    return LinkedArticle(article=article, in_text=symbols_in_text(article, companies, known.keys()))


def symbols_of(article: Article) -> set[str]:
    """Return the symbols that the provider names."""
    return {*article.symbols, *(one.symbol for one in article.sentiments if one.symbol is not None)}


def noted_in(article: Article) -> set[str]:
    """Return the tickers that the text marks as such, where the provider names no symbol."""
    return set() if article.symbols else {ticker for text in texts_of(article) for ticker in noted(text)}
