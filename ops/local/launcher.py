"""Bring the stack up in the order of its dependencies, watch it, and take it down again.

prepare -> servers -> migrate -> market clock -> replay, API, worker, scheduler -> watch -> stop in reverse
"""

import os
import signal
import time
from collections import defaultdict
from types import FrameType
from typing import Final

from ops.local import probes, processes
from ops.local.errors import EXIT_FAILED, LocalStackError
from ops.local.market import SAVE_EVERY_S
from ops.local.plan import Process
from ops.local.progress import Progress
from ops.local.stack import Stack
from ops.local.state import CHECKOUT, Running, identity
from ops.local.supervision import Seen, Supervisor
from ops.local.takeover import clear_leftovers

_POLL_S: Final = 0.05
_WATCH_S: Final = 0.25
# A start gives up sooner than the supervisor does later: somebody waits for it.
_TRIES: Final = 4
_TAIL_LINES: Final = 12


class Stopped(Exception):  # noqa: N818 - not an error: the user asked for it
    """Ctrl-C or SIGTERM arrived."""


class Launcher:
    """One run of the stack in the foreground."""

    def __init__(self, stack: Stack, progress: Progress) -> None:
        """Take what was prepared."""
        self._stack = stack
        self._progress = progress
        self._supervisor = Supervisor(stack.state)
        self._running = Running(launcher=identity(os.getpid()), urls=stack.urls())
        self._pids: dict[str, int] = {}
        self._tries: defaultdict[str, set[int]] = defaultdict(set)
        self._wishes = 0
        self._saved = 0.0

    def run(self) -> int:
        """Start everything, watch until told to stop, stop everything; return the exit code."""
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, self._on_signal)
        self._stack.state.write_running(self._running)
        code = 0
        try:
            self._start()
            self._show_urls()
            self._watch()
        except Stopped:
            self._progress.plain("")
            self._progress.say("Stopping")
        except LocalStackError as e:
            self._progress.plain(f"\n{e}\n")
            code = EXIT_FAILED
        self._stop()
        return code

    def _start(self) -> None:
        self._stack.create_servers()
        planned = self._stack.plan.processes
        commands = [(process, self._stack.words(process)) for process in planned]
        self._supervisor.start(commands, CHECKOUT, self._stack.child_environment())
        self._running.supervisor = identity(self._supervisor.pid or 0)
        self._stack.state.write_running(self._running)
        done: set[str] = set()
        launched: dict[str, float] = {}
        clock_is_set = False
        while len(done) < len(planned):
            self._tick()
            seen = self._look()
            for process in planned:
                if process.name in launched or not process.depends_on.keys() <= done:
                    continue
                if process.market_clock and not clock_is_set:
                    self._stack.set_clock()
                    clock_is_set = True
                self._supervisor.launch(process.name)
                launched[process.name] = time.monotonic()
            for process in planned:
                if process.name in launched and process.name not in done:
                    self._advance(process, seen.get(process.name), launched[process.name], done)
            time.sleep(_POLL_S)

    def _advance(self, process: Process, seen: Seen | None, since: float, done: set[str]) -> None:
        """Note when a started process became ready, or raise when it will not."""
        if seen is None or seen.state == "STOPPED":
            return
        if process.runs_once:
            if seen.state == "EXITED" and seen.exit_code == 0:
                done.add(process.name)
                self._progress.say("done", process.name)
            elif seen.is_down:
                raise LocalStackError(self._failure(process, f"ended with code {seen.exit_code}"))
            return
        tries = self._tries[process.name]
        if seen.state == "FATAL" or (len(tries) >= _TRIES and seen.pid not in tries):
            raise LocalStackError(self._failure(process, f"ended at each of {len(tries)} tries"))
        if seen.pid:
            tries.add(seen.pid)
        if seen.pid and probes.is_ready(process, seen, self._stack.plan, self._stack.redis_password):
            self._stack.after_ready(process.name)
            done.add(process.name)
            self._progress.say(self._stack.where(process), process.name)
        elif time.monotonic() - since > process.ready_s:
            raise LocalStackError(self._failure(process, f"was not ready after {process.ready_s:.0f} s"))

    def _watch(self) -> None:
        """Tell of what dies and comes back, and keep the market's time, until a signal arrives."""
        waiting: dict[str, float] = {}
        given_up: set[str] = set()
        while True:
            self._tick()
            before = dict(self._pids)
            seen = self._look()
            for name, now in seen.items():
                process = self._stack.plan[name]
                if process.runs_once:
                    continue
                self._tell_of_restart(now, before.get(name, 0), waiting, given_up)
                if name in waiting and now.pid and self._is_ready(process, now):
                    took = time.monotonic() - waiting.pop(name)
                    self._progress.say(f"ready again after {took:.1f} s (pid {now.pid})", name)
            time.sleep(_WATCH_S)

    def _tell_of_restart(self, now: Seen, before: int, waiting: dict[str, float], given_up: set[str]) -> None:
        if now.state == "FATAL" and now.name not in given_up:
            given_up.add(now.name)
            waiting.pop(now.name, None)
            self._progress.say(self._failure(self._stack.plan[now.name], "ended again at each try"), now.name)
        elif before and now.pid != before and now.name not in waiting and now.state != "FATAL":
            waiting[now.name] = time.monotonic()
            self._progress.say(f"ended unasked (pid {before}); it is being started again", now.name)

    def _is_ready(self, process: Process, seen: Seen) -> bool:
        return seen.is_running and probes.is_ready(process, seen, self._stack.plan, self._stack.redis_password)

    def _look(self) -> dict[str, Seen]:
        """Ask the supervisor; clear away the orphans of what died, and leave traces for the next start."""
        try:
            seen = self._supervisor.all()
        except LocalStackError as e:
            if processes.wait_until(lambda: self._supervisor.pid is None, 1):
                message = "The supervisor was killed. What it ran is being stopped; start again with ops/start.sh."
                raise LocalStackError(message) from e
            raise
        pids = {name: each.pid for name, each in seen.items() if each.pid}
        if pids != self._pids:
            for name, pid in self._pids.items():
                if pids.get(name) != pid:
                    processes.kill_group(pid)
            self._pids = pids
            order = [process.name for process in self._stack.plan.processes if process.name in pids]
            self._running.processes = {name: identity(pids[name]) for name in order}
            self._stack.state.write_running(self._running)
        return seen

    def _stop(self) -> None:
        """Stop in reverse order; a second signal kills what is left."""
        began, self._wishes = time.monotonic(), 0
        for process in reversed(self._stack.plan.processes):
            if self._supervisor.pid is None or self._wishes:
                break
            self._halt(process)
        if self._wishes:
            self._progress.say("Killing what is left, as asked")
            for pid in reversed(list(self._running.living().values())):
                processes.kill_tree(pid)
        self._stack.market.save(clean=True)
        self._supervisor.shut_down()
        clear_leftovers(self._running, self._stack.plan.processes)
        self._stack.state.write_running(Running())
        self._progress.say(f"Everything is stopped ({time.monotonic() - began:.1f} s)")

    def _halt(self, process: Process) -> None:
        pid = self._pids.get(process.name)
        try:
            self._supervisor.halt(process.name)
            deadline = time.monotonic() + process.grace_s + 5
            while not self._wishes and time.monotonic() < deadline:
                if self._supervisor.all()[process.name].is_down:
                    break
                self._save_market()
                time.sleep(_POLL_S)
        except LocalStackError:
            return
        if pid:
            processes.kill_group(pid)
            self._progress.say("stopped", process.name)

    def _show_urls(self) -> None:
        self._progress.say("Groat is up")
        for name, url in self._stack.urls().items():
            self._progress.plain(f"          {name:<14}{url}")
        self._progress.plain("          Ctrl-C stops it; ops/logs.sh shows the logs.")
        self._progress.plain(f"\n          Open {self._stack.front_page()}")

    def _failure(self, process: Process, what: str) -> str:
        log = self._stack.state.log / f"{process.name}.log"
        lines = log.read_text(errors="replace").splitlines()[-_TAIL_LINES:] if log.exists() else []
        tail = "\n".join(f"    {line}" for line in lines) or "    (it wrote nothing)"
        return f"{process.name} {what}. Its log ({log}) ends with:\n{tail}"

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._wishes += 1

    def _tick(self) -> None:
        """Heed a signal, and keep the market's time."""
        if self._wishes:
            raise Stopped
        self._save_market()

    def _save_market(self) -> None:
        if time.monotonic() - self._saved >= SAVE_EVERY_S:
            self._stack.market.save()
            self._saved = time.monotonic()
