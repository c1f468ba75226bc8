"""Make this machine's credentials (`ops/setup.sh`): random, 0600, never overwritten silently."""

import argparse
import sys
from pathlib import Path

from ops.local.envfile import CREDENTIALS, EnvFile
from ops.local.errors import EXIT_FAILED, LocalStackError
from ops.local.state import CHECKOUT, State


def main(arguments: list[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="ops/setup.sh",
        description="Make the credentials of this machine in .groat/groat.env (0600).",
        epilog="examples: ops/setup.sh | ops/setup.sh --rotate SECRET_KEY | ops/setup.sh --force",
    )
    parser.add_argument(
        "--rotate", metavar="NAME", choices=CREDENTIALS, help=f"replace one of {', '.join(CREDENTIALS)}"
    )
    parser.add_argument("--force", action="store_true", help="replace every credential")
    parser.add_argument("--state", type=Path, default=CHECKOUT / ".groat", metavar="DIR", help="the state folder")
    options = parser.parse_args(arguments)
    try:
        print(run(State(options.state.absolute()), rotate=options.rotate, force=options.force))
    except LocalStackError as e:
        print(e, file=sys.stderr)
        return EXIT_FAILED
    return 0


def run(state: State, *, rotate: str | None = None, force: bool = False) -> str:
    """Make or replace credentials; return what was done, in words."""
    existed = state.env_file.exists()
    state.prepare()
    file = EnvFile(state.env_file)
    if existed and not rotate and not force:
        message = (
            f"{state.env_file} exists and was left as it is. Replace one credential with --rotate NAME "
            f"({', '.join(CREDENTIALS)}), or all of them with --force."
        )
        raise LocalStackError(message)
    replaced = list(CREDENTIALS) if force else [rotate] if rotate else []
    for name in replaced:
        file.rotate(name)
    made = [*replaced, *file.add_missing_credentials()]
    file.save()
    running = " Start the stack again to use them." if state.read_running().launcher_pid else ""
    return f"Made {', '.join(made)} in {state.env_file} (0600).{running}"


if __name__ == "__main__":
    sys.exit(main())
