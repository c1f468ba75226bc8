"""Which companies an article is about, read from its text, where its provider does not say."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from app.domain.news_keys import WORD, plain

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from app.domain.news import Article

TICKER: Final = r"(?P<ticker>[A-Z][A-Z0-9]{0,5}(?:[.\-/][A-Z]{1,2})?)"
CASHTAG: Final = re.compile(rf"(?<![\w$])\${TICKER}(?![\w$])")
# As in (NASDAQ: AAPL), also two of them in one pair of brackets.
LISTED: Final = re.compile(
    r"\b(?:NASDAQ(?:GS|GM|CM)?|NYSE(?:\s?(?:ARCA|AMERICAN|MKT))?|AMEX|BATS|CBOE)\s*:\s*" + TICKER + r"(?![\w])",
    re.IGNORECASE,
)
# Behind a name for the law's sake only. What else ends a name goes only while two words are left of it.
LEGAL: Final = frozenset(
    {
        *("inc", "incorporated", "corp", "corporation", "co", "company", "companies", "ltd", "limited", "plc", "llc"),
        *("lp", "llp", "nv", "sa", "ag", "se", "ab", "asa", "oyj", "spa", "kgaa", "com", "adr", "ads", "de"),
    }
)
ENDINGS: Final = frozenset({"group", "holding", "holdings", "the", "trust", "international", "technologies"})
# Words of the share, not of the company.
SHARE: Final = re.compile(
    r"[,\s-]+(?:class [a-z]\b|common (?:stock|shares?)|ordinary shares?|(?:american )?depositary|sponsored adr).*$",
    re.IGNORECASE,
)
NOTE: Final = re.compile(r"\s*(?:/[A-Za-z]{2,3}/?|\([^()]*\))\s*$")
APOSTROPHES: Final = str.maketrans("", "", "'\u2019")
TOKEN: Final = re.compile(r"([^\W_]+)((?:'|\u2019)[sS](?![^\W_]))?")
JOINTS: Final = frozenset({"and", "of", "the", "for", "de"})
# Names of up to three letters are words too often: they count only in capitals.
SHORT: Final = 3
Token = tuple[str, str]


def symbols_in_text(article: Article, companies: Mapping[str, str], known: Collection[str]) -> tuple[str, ...]:
    """Return the symbols of the companies that the title or the summary names, sorted.

    A symbol counts as ``$AAPL`` or ``(NASDAQ: AAPL)`` when it is among `known`. Of `companies` (symbol to name) a
    name counts when its words stand there in order, side by side and with a capital; endings such as Inc may be left
    out. Never a bare lower-case word, and a name of one word not where the same text has that word in lower case too.
    """
    found = {symbol for text in texts_of(article) for symbol in noted(text) if symbol in known}
    tokens: list[list[Token]] = [TOKEN.findall(text) for text in texts_of(article)]
    lower = {form for text in tokens for token in text if token[0].islower() for form in forms(token)}
    for symbol, name in companies.items():
        words = name_words(name)
        if not words or (len(words) == 1 and plain(words[0]) in lower):
            continue
        if any(stands_in(words, text) for text in tokens):
            found.add(symbol)
    return tuple(sorted(found))


def texts_of(article: Article) -> tuple[str, ...]:
    """Return what is read."""
    return (article.title, article.summary) if article.summary else (article.title,)


def noted(text: str) -> set[str]:
    """Return the tickers that a text marks as such; a class of shares is written behind a dot."""
    marked = [match["ticker"] for pattern in (CASHTAG, LISTED) for match in pattern.finditer(text)]
    return {re.sub(r"[-/]", ".", ticker) for ticker in marked if ticker == ticker.upper()}


def name_words(name: str) -> tuple[str, ...]:
    """Return the words by which a company is called: its registered name without legal form, state and share class."""
    bare = SHARE.sub("", name)
    while (shorter := NOTE.sub("", bare)) != bare:
        bare = shorter
    words = WORD.findall(bare.translate(APOSTROPHES))
    while len(words) > 1 and plain(words[-1]) in (LEGAL if len(words) == 2 else LEGAL | ENDINGS):  # noqa: PLR2004  two words stay two
        words.pop()
    if len(words) > 1 and plain(words[0]) == "the":
        words.pop(0)
    return tuple(words)


def stands_in(words: tuple[str, ...], tokens: list[Token]) -> bool:
    """Tell whether the words stand side by side in a text, written as a name."""
    if len(words) == 1 and len(words[0]) <= SHORT:
        return any(token.isupper() and plain(token) == plain(words[0]) for token, _ in tokens)
    ends = len(tokens) - len(words) + 1
    return any(all(written_as(word, tokens[at + i]) for i, word in enumerate(words)) for at in range(ends))


def written_as(word: str, token: Token) -> bool:
    """Tell whether a token is a word of a name, with the capital that a name has."""
    if plain(word) not in forms(token):
        return False
    return plain(word) in JOINTS or not token[0][0].isalpha() or any(letter.isupper() for letter in token[0])


def forms(token: Token) -> tuple[str, ...]:
    """Return what a token may be: Macy's is of Macy, and is Macys."""
    word, possessive = token
    return (plain(word), plain(word) + "s") if possessive else (plain(word),)
