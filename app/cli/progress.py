"""Long work shows how far it is: a bar in a terminal, elsewhere a line now and then, always on stderr."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TYPE_CHECKING, Self

import click

from app.cli.output import span

if TYPE_CHECKING:
    from types import TracebackType

EVERY_S = 10.0
BAR = 28


class Bar:
    """A progress bar. Use it as a context manager; `to` moves it, `note` says what goes on beside it.

    Without a total it counts. It never writes to stdout, so that output may be piped.
    """

    def __init__(self, label: str, *, total: float | None = None, unit: str = "", hidden: bool = False) -> None:
        """Begin at zero."""
        self.label, self.total, self.unit = label, total, unit
        self.done: float = 0
        self.note = ""
        self._hidden = hidden
        self._live = sys.stderr.isatty()
        self._began = self._shown = time.monotonic()
        self._wide = 0

    def __enter__(self) -> Self:
        """Show the empty bar."""
        if self._live:
            self._draw()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Leave the last state on the screen."""
        if self._hidden:
            return
        self._draw()
        if self._live:
            click.echo(err=True)

    def to(self, done: float, *, total: float | None = None, note: str | None = None) -> None:
        """Move to `done`; redraws at most ten times a second in a terminal, else writes a line every ten seconds."""
        self.done = done
        self.total = self.total if total is None else total
        self.note = self.note if note is None else note
        now = time.monotonic()
        if now - self._shown >= (0.1 if self._live else EVERY_S):
            self._shown = now
            self._draw()

    def text(self) -> str:
        """Return the bar as it looks now, without colours."""
        passed = time.monotonic() - self._began
        if not self.total:
            parts = [self.label, f"{self.done:,.0f} {self.unit}".strip(), span(passed)]
        else:
            share = min(1.0, self.done / self.total)
            full = round(share * BAR)
            left = f"{span(passed / share - passed)} left" if 0 < share < 1 else span(passed)
            counted = f"{self.done:,.0f}/{self.total:,.0f} {self.unit}".strip()
            parts = [self.label, "█" * full + "░" * (BAR - full), f"{share:4.0%}", counted, left]
        return "  ".join(part for part in [*parts, self.note] if part)

    def _draw(self) -> None:
        if self._hidden:
            return
        text = self.text()
        if self._live:
            wide = max(20, shutil.get_terminal_size().columns - 1)
            text = text[:wide]
            click.echo("\r" + text.ljust(min(self._wide, wide)), nl=False, err=True)
            self._wide = len(text)
        else:
            click.echo(text, err=True)
