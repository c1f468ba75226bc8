"""`python -m ops.local`: the stack's commands, also reached through `groat up` and the scripts in `ops/`."""

import argparse
import json
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from ops.local import doctor, plan
from ops.local.errors import EXIT_FAILED, LocalStackError
from ops.local.launcher import Launcher
from ops.local.prefix import default_root, ensure_prefix
from ops.local.progress import Progress
from ops.local.stack import prepare
from ops.local.state import CHECKOUT, State
from ops.local.supervision import Supervisor
from ops.local.takeover import AlreadyRunningError, sole_launcher, stop, take_over

_WORDS = {"data": "", "python": "", "groat": "", "postgres": "", "pg_isready": "", "valkey_server": ""}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; return its exit code."""
    options = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace, State], int] = options.run
    try:
        return command(options, State(options.state.absolute()))
    except LocalStackError as e:
        print(e, file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        print("Stopped before it was done; the next start goes on from here.", file=sys.stderr)
        return EXIT_FAILED


def up(options: argparse.Namespace, state: State) -> int:
    """Start the stack and stay with it until Ctrl-C."""
    progress = Progress()
    state.prepare()
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # until the launcher stops things in order
    try:
        with sole_launcher(state):
            take_over(state, plan.read_plan(_WORDS, set(), options.processes).processes, progress)
            stack = prepare(state, options.processes, progress.say)
            stack.require_free_ports()
            return Launcher(stack, progress).run()
    except AlreadyRunningError as e:
        print(e)
        return 0


def down(options: argparse.Namespace, state: State) -> int:
    """Stop the stack, and with --clean remove its data."""
    progress = Progress()
    if options.clean and not options.yes and not _agrees(f"Remove all data in {state.data}? [y/N] "):
        print("Nothing was removed.")
        return EXIT_FAILED
    ran = state.root.exists() and stop(state, plan.read_plan(_WORDS, set(), options.processes).processes, progress)
    if not ran:
        print("Groat is not running.")
    if options.clean:
        state.remove_data()
        print(f"Removed data, logs and traces in {state.root}; {state.env_file.name} stays.")
    return 0


def status(options: argparse.Namespace, state: State) -> int:
    """Show what runs; the exit code is 1 when nothing does."""
    running = state.read_running()
    seen = Supervisor(state).all() if running.supervisor_pid else {}
    if options.json:
        rows = {
            name: {"state": each.state, "pid": each.pid, "running_s": each.running_s} for name, each in seen.items()
        }
        print(json.dumps({"launcher": running.launcher_pid, "processes": rows, "urls": running.urls}, indent=1))
    elif not seen:
        print("Groat is not running: ops/start.sh starts it.")
    else:
        for name, each in seen.items():
            print(f"{name:<13} {each.state:<9} {'pid ' + str(each.pid) if each.pid else '':<12} {each.running_s} s")
    return 0 if seen else EXIT_FAILED


def logs(options: argparse.Namespace, state: State) -> int:
    """Show the end of one log or of all, and follow them on request."""
    known = {path.stem: path for path in sorted(state.log.glob("*.log"))}
    if options.service and options.service not in known:
        message = f"There is no log of {options.service!r}; there are: {', '.join(known) or 'none yet'}."
        raise LocalStackError(message)
    files = [known[options.service]] if options.service else list(known.values())
    if not files:
        print("There are no logs yet: ops/start.sh starts the stack.")
        return EXIT_FAILED
    words = ["tail", "-n", str(options.lines), *(["-F"] if options.follow else []), *map(str, files)]
    return subprocess.run(words, check=False).returncode


def prefix(_options: argparse.Namespace, _state: State) -> int:
    """Have the database programs ready, and say what they are."""
    progress = Progress()
    binaries = ensure_prefix(default_root(), say=progress.say)
    progress.say(f"{binaries.edition}, in {binaries.root}")
    return 0


def check(options: argparse.Namespace, state: State) -> int:
    """Check this machine and the stack; the exit code is 1 when something is wrong."""
    return doctor.run(state, options.processes, as_json=options.json)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m ops.local", description="Run Groat on this machine.")
    parser.add_argument("--state", type=Path, default=CHECKOUT / ".groat", metavar="DIR", help="the state folder")
    parser.add_argument("--processes", type=Path, default=plan.PROCESSES, metavar="FILE", help="the process list")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, run: Callable[[argparse.Namespace, State], int]) -> argparse.ArgumentParser:
        text = (run.__doc__ or "").strip()
        command = commands.add_parser(name, help=text, description=text)
        command.set_defaults(run=run)
        return command

    add("up", up)
    stopping = add("down", down)
    stopping.add_argument("--clean", action="store_true", help="also remove data, logs and traces")
    stopping.add_argument("--yes", action="store_true", help="do not ask")
    add("status", status).add_argument("--json", action="store_true", help="for machines")
    reading = add("logs", logs)
    reading.add_argument("service", nargs="?", help="one of the processes, or supervisord")
    reading.add_argument("-f", "--follow", action="store_true", help="go on with what is written")
    reading.add_argument("-n", "--lines", type=int, default=100, help="how many lines (100)")
    add("prefix", prefix)
    add("doctor", check).add_argument("--json", action="store_true", help="for machines")
    return parser


def _agrees(question: str) -> bool:
    if not sys.stdin.isatty():
        message = "--clean removes data and nobody can be asked here: add --yes."
        raise LocalStackError(message)
    return input(question).strip().lower() in {"y", "yes"}


if __name__ == "__main__":
    sys.exit(main())
