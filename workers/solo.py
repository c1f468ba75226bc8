"""Run a step that has been under dying workers in a child process of its own, and watch it.

Only a living parent that sees the child die may call the step the culprit: a step that merely was beside one
stays innocent.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import signal
from typing import TYPE_CHECKING

import msgspec
import structlog

from app.domain.errors import DependencyDownError
from app.ports.steps import StepKey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from app.ports.steps import Hint
    from workers.runner import Runner

log = structlog.get_logger("groat.solo")

SLOTS = 2
STOP_S = 5.0


class Solo:
    """Two places for children, so that suspects cannot take every place of the worker."""

    def __init__(self, runner: Runner, argv: Sequence[str]) -> None:
        """Start children as `argv` followed by their own options."""
        self.runner = runner
        self.argv = argv
        self._free = SLOTS
        self._children: set[asyncio.subprocess.Process] = set()

    async def on_hint(self, hint: Hint) -> None:
        """Run the step in a child, or drop the hint when both places are taken: it is sent again."""
        if not self._free or self.runner.leaving.is_set():
            return
        self._free -= 1
        try:
            await self._watch(hint)
        finally:
            self._free += 1

    async def leave(self, within_s: float) -> None:
        """Ask the children to give their steps back, then end them."""
        children = list(self._children)
        for child in children:
            child.terminate()
        waits = [asyncio.create_task(child.wait()) for child in children]
        if waits:
            await asyncio.wait(waits, timeout=within_s)
        for child in children:
            if child.returncode is None:
                child.kill()

    async def _watch(self, hint: Hint) -> None:
        owner = f"{self.runner.owner}+{secrets.token_hex(3)}"
        words = ["--solo", msgspec.json.encode(hint).decode(), "--owner", owner, "--parent", str(os.getpid())]
        log.warning("a step that was under dying workers runs alone", step=hint.step, run=hint.run_id)
        child = await asyncio.create_subprocess_exec(*self.argv, *words)
        self._children.add(child)
        try:
            code = await child.wait()
        finally:
            self._children.discard(child)
        if code and not self.runner.leaving.is_set():
            await self._bury(hint, owner, code)
        await self.runner.advance(hint.run_id)

    async def _bury(self, hint: Hint, owner: str, code: int) -> None:
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        error = f"It ended its process ({how}) when it ran alone, after workers had died with it."
        key = StepKey(run_id=hint.run_id, step=hint.step, part=hint.part)
        while not self.runner.leaving.is_set():
            try:
                if await self.runner.house.spine.steps.bury(key, owner, error):
                    log.error("the step kills its process: it is dead", step=hint.step, run=hint.run_id, how=how)
            except DependencyDownError:
                await asyncio.sleep(1.0)
            else:
                return
