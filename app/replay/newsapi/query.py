"""NewsAPI's way to ask for words: "phrases", AND, OR, NOT, + and -, and brackets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    Test = Callable[[str], bool]

LONGEST = 500
TOKEN = re.compile(r'\s*([()]|[+-]?"[^"]*"|[^\s()"]+)')


class QueryError(ValueError):
    """A query cannot be read."""


def read(text: str) -> Test:
    """Return a test of texts in small letters; raise QueryError for a query that is too long or cannot be read."""
    if len(text) > LONGEST:
        message = f"The query is longer than {LONGEST} characters."
        raise QueryError(message)
    tokens, place = [], 0
    while found := TOKEN.match(text, place):
        tokens.append(found.group(1))
        place = found.end()
    if text[place:].strip() or not tokens:
        message = "The query cannot be read."
        raise QueryError(message)
    reader = Reader(tokens)
    test = reader.either()
    if reader.tokens:
        message = "The query has a bracket too many."
        raise QueryError(message)
    return test


class Reader:
    """Reads tokens from the left: OR binds least, words beside each other are joined by AND."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens

    def either(self) -> Test:
        """Read terms joined by OR."""
        tests = [self.both()]
        while self.tokens and self.tokens[0] == "OR":
            self.tokens.pop(0)
            tests.append(self.both())
        return lambda text: any(test(text) for test in tests)

    def both(self) -> Test:
        """Read terms joined by AND, or by nothing."""
        tests = [self.term()]
        while self.tokens and self.tokens[0] not in {"OR", ")"}:
            if self.tokens[0] == "AND":
                self.tokens.pop(0)
            tests.append(self.term())
        return lambda text: all(test(text) for test in tests)

    def term(self) -> Test:
        """Read one word, phrase or bracket, maybe denied."""
        if not self.tokens or self.tokens[0] in {"OR", "AND", ")"}:
            message = "The query lacks a word."
            raise QueryError(message)
        first = self.tokens.pop(0)
        if first == "NOT":
            denied = self.term()
            return lambda text: not denied(text)
        if first == "(":
            inner = self.either()
            if not self.tokens or self.tokens.pop(0) != ")":
                message = "The query has a bracket that stays open."
                raise QueryError(message)
            return inner
        return word(first)


def word(token: str) -> Test:
    """Return a test for a word or a phrase, as whole words."""
    bare = token.lstrip("+-").strip('"').casefold()
    whole = re.compile(rf"(?<!\w){re.escape(bare)}(?!\w)")
    wanted = not token.startswith("-")
    return lambda text: bool(whole.search(text)) is wanted
