"""Find a stack that runs already: leave a living one alone, end what a killed launcher left behind."""

import contextlib
import fcntl
import signal
import time
from collections.abc import Iterator, Sequence
from typing import Final

from ops.local import processes
from ops.local.envfile import EnvFile
from ops.local.market import MarketTime
from ops.local.plan import Process
from ops.local.progress import Progress
from ops.local.state import Running, State
from ops.local.supervision import Supervisor

_STOP_S: Final = 150.0
_DEFAULT_GRACE_S: Final = 10


class AlreadyRunningError(Exception):
    """Another launcher holds this state folder."""

    def __init__(self, running: Running) -> None:
        """Say who, and where the stack answers."""
        self.running = running
        urls = "".join(f"\n          {name:<14}{url}" for name, url in running.urls.items())
        super().__init__(f"Groat is already running, pid {running.launcher_pid or 'not known yet'}.{urls}")


@contextlib.contextmanager
def sole_launcher(state: State) -> Iterator[None]:
    """Hold the state folder, so that no second launcher starts; the kernel lets go when we die."""
    with (state.root / "launcher.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as e:
            raise AlreadyRunningError(state.read_running()) from e
        yield


def take_over(state: State, planned: Sequence[Process], progress: Progress) -> bool:
    """Stop what a launcher that was killed left running; return whether there was anything."""
    running = state.read_running()
    supervisor, living = running.supervisor_pid, running.living()
    if not supervisor and not living:
        return False
    what = f"supervisor {supervisor}" if supervisor else ", ".join(f"{name} {pid}" for name, pid in living.items())
    progress.say(f"An earlier launcher was killed and left {what}: stopping it first")
    market = MarketTime(state.data)
    market.adopt(EnvFile(state.env_file).values())
    if supervisor:
        Supervisor(state).shut_down(supervisor)
    clear_leftovers(running, planned)
    market.save(clean=True)
    state.write_running(Running())
    return True


def clear_leftovers(running: Running, planned: Sequence[Process]) -> None:
    """End what outlived its supervisor: first politely, by each process's own signal, then for certain."""
    known = {process.name: process for process in planned}
    for name, pid in reversed(list(running.living().items())):
        process = known.get(name)
        processes.send([pid], signal.Signals[f"SIG{process.stop_signal if process else 'TERM'}"])
        processes.wait_gone(pid, process.grace_s if process else _DEFAULT_GRACE_S)
        processes.kill_group(pid)


def stop(state: State, planned: Sequence[Process], progress: Progress) -> bool:
    """Stop the stack of this state folder, whoever runs it; return whether one ran."""
    pid = state.read_running().launcher_pid
    if pid is None:
        return take_over(state, planned, progress)
    progress.say(f"Stopping Groat (pid {pid})")
    processes.send([pid], signal.SIGTERM)
    began = time.monotonic()
    if not processes.wait_gone(pid, _STOP_S):
        progress.say("It does not end by itself: killing it")
        processes.send([pid], signal.SIGKILL)
        processes.wait_gone(pid, _DEFAULT_GRACE_S)
        take_over(state, planned, progress)
    progress.say(f"Stopped after {time.monotonic() - began:.1f} s")
    return True
