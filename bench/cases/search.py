"""P8: find an instrument among 100,000 by symbol, beginnings, words and with typing errors; against pg_trgm."""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import psycopg

from app.bootstrap import House
from app.settings import DatabaseSettings, Settings
from bench.findings import Finding, at_least, at_most, finding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bench.lab import Lab

INSTRUMENTS: Final = 100_000
QUERIES: Final = 1_000
SLOW_QUERIES: Final = 60
FOUND: Final = 10
P50_MS: Final = 0.5
P99_MS: Final = 5.0
HIT: Final = 0.97
SYLLABLES: Final = re.findall(r"\w+", "ka lo mi ter ran vex ost pra lin dor qua zen bel nor tis gam hul ifo jes wyn")
WORDS: Final = re.findall(
    r"\w+",
    "energy capital group holdings bancorp pharma therapeutics technology systems software mining gold oil gas "
    "resources partners acquisition trust income fund realty properties insurance financial industries foods "
    "brands retail media networks semiconductor robotics aerospace marine shipping logistics water power solar "
    "health medical devices biotech genomics education gaming hotels airlines steel chemical paper timber",
)
ENDINGS: Final = ("inc", "corp", "ltd", "plc", "co", "sa", "ag", "nv")
LETTERS: Final = "abcdefghijklmnopqrstuvwxyz"
BY_TRIGRAMS: Final = """
SELECT symbol FROM instruments
WHERE %(text)s <% lower(groat_unaccent(symbol || ' ' || coalesce(name, '')))
ORDER BY word_similarity(%(text)s, lower(groat_unaccent(symbol || ' ' || coalesce(name, '')))) DESC, symbol LIMIT 10"""


class Asked(NamedTuple):
    """A query, and the name that whoever typed it meant."""

    text: str
    name: str


def run(lab: Lab) -> list[Finding]:
    """Measure the search that the API uses, and pg_trgm's own, with the same queries."""
    url = lab.database("search")
    chance = random.Random(8)  # noqa: S311  a benchmark repeats itself
    lab.say(f"loading {INSTRUMENTS:,} instruments")
    names = load(url, chance)
    queries = [ask(symbol, name, chance) for symbol, name in chance.sample(names, QUERIES)]
    lab.say(f"asking {QUERIES:,} queries, {lab.rounds} times")
    built_s, took, busy, hits = asyncio.run(in_memory(url, queries, lab.rounds))
    slow, slow_hits = by_trigrams(url, queries[:SLOW_QUERIES])
    return [
        finding("search among 100,000: p50", [float(np.percentile(each, 50)) for each in took], "ms", at_most(P50_MS)),
        finding("search among 100,000: p99", [float(np.percentile(each, 99)) for each in took], "ms", at_most(P99_MS)),
        finding("search among 100,000: hit@10", [hits], "", at_least(HIT)),
        # What the neighbours on a shared machine do not change.
        finding("  processor time: p50", [float(np.percentile(each, 50)) for each in busy], "ms"),
        finding("  processor time: p99", [float(np.percentile(each, 99)) for each in busy], "ms"),
        finding("  to read and index them", [built_s], "s"),
        finding("  pg_trgm alone: p50", [float(np.percentile(slow, 50))], "ms"),
        finding("  pg_trgm alone: hit@10", [slow_hits], ""),
    ]


def load(url: str, chance: random.Random) -> list[tuple[str, str]]:
    """Store made-up instruments and return their symbols and names."""
    symbols: set[str] = set()
    while len(symbols) < INSTRUMENTS:
        symbols.add("".join(chance.choices(LETTERS.upper(), k=chance.randint(3, 5))))
    names = [(symbol, make_name(chance)) for symbol in sorted(symbols)]
    with psycopg.connect(url) as connection, connection.cursor() as cursor:
        with cursor.copy("COPY instruments (symbol, name, provider, known_at, changed_at) FROM STDIN") as copy:
            for symbol, name in names:
                copy.write_row((symbol, name, "synthetic", "2026-11-01", "2026-11-01"))
        cursor.execute("INSERT INTO watermarks VALUES ('instruments', 1, now())")
        connection.commit()
        connection.autocommit = True
        cursor.execute("VACUUM ANALYZE instruments")
    return names


def make_name(chance: random.Random) -> str:
    """Make a company's name of an invented word, one to three common ones, and an ending."""
    own = "".join(chance.choices(SYLLABLES, k=chance.randint(2, 4)))
    return " ".join([own, *chance.sample(WORDS, chance.randint(1, 3)), chance.choice(ENDINGS)])


def ask(symbol: str, name: str, chance: random.Random) -> Asked:
    """Type what a user might: the symbol, a beginning, words in another order, or the first words with an error."""
    words = name.split()
    kind = chance.random()
    if kind < 0.1:
        return Asked(symbol, name)
    if kind < 0.3:
        return Asked(name[: max(6, int(len(name) * chance.uniform(0.6, 1)))], name)
    if kind < 0.5:
        some = words[:3]
        chance.shuffle(some)
        return Asked(" ".join(some), name)
    return Asked(mistype(" ".join(words[:2]), chance), name)


def mistype(text: str, chance: random.Random) -> str:
    """Drop, add, change or swap one letter."""
    at, letter = chance.randrange(len(text)), chance.choice(LETTERS)
    wrong = (
        text[:at] + text[at + 1 :],
        text[:at] + letter + text[at:],
        text[:at] + letter + text[at + 1 :],
        text[:at] + text[at + 1 : at + 2] + text[at : at + 1] + text[at + 2 :],
    )
    return chance.choice(wrong)


def is_hit(asked: Asked, found: Sequence[str]) -> bool:
    """Tell whether the name meant, or one that begins with the same two words, is among those found."""
    meant = asked.name.split()[:2]
    return any(name.split()[:2] == meant for name in found)


async def in_memory(
    url: str, queries: Sequence[Asked], rounds: int
) -> tuple[float, list[list[float]], list[list[float]], float]:
    """Return the seconds to build the index, each round's times and processor times in ms, and the share of hits."""
    async with House(Settings(database=DatabaseSettings(url=url)), name="bench") as house:
        begun = time.perf_counter()
        await house.search.find("warm", FOUND)
        if house.search.loading is not None:
            await house.search.loading
        built_s = time.perf_counter() - begun
        versions = await house.watermarks.versions()
        house.search.proven = lambda: versions
        took: list[list[float]] = []
        busy: list[list[float]] = []
        hits = 0
        for _ in range(rounds):
            took.append([])
            busy.append([])
            hits = 0
            for asked in queries:
                begun, idle = time.perf_counter(), time.thread_time()
                items = await house.search.find(asked.text, FOUND)
                busy[-1].append((time.thread_time() - idle) * 1_000)
                took[-1].append((time.perf_counter() - begun) * 1_000)
                hits += is_hit(asked, [json.loads(item)["name"] for item in items])
    return built_s, took, busy, hits / len(queries)


def by_trigrams(url: str, queries: Sequence[Asked]) -> tuple[list[float], float]:
    """Return the same of pg_trgm's word similarity alone."""
    took, hits = [], 0
    with psycopg.connect(url, autocommit=True, prepare_threshold=0) as connection:
        for asked in queries:
            begun = time.perf_counter()
            rows = connection.execute(BY_TRIGRAMS.replace("<%", "<%%"), {"text": asked.text.lower()}).fetchall()
            took.append((time.perf_counter() - begun) * 1_000)
            names = connection.execute(
                "SELECT name FROM instruments WHERE symbol = ANY (%s)", ([symbol for (symbol,) in rows],)
            ).fetchall()
            hits += is_hit(asked, [re.sub(r"\s+", " ", name) for (name,) in names])
    return took, hits / len(queries)
