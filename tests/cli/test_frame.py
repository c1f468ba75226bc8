"""Every verb explains itself, errors are one line, and exit codes mean what the help says."""

import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from app.cli import door
from app.cli.frame import DOWN, EXIT_CODES, FAILED, INTERRUPTED, USAGE, Explained, Group, run, verb
from app.domain.errors import DependencyDownError, GiveUpError, GroatError, InvalidRequestError, SettingsError
from app.settings import names
from app.settings.names import OUTSIDE, PASSWORDS

HEAVY = ("asyncio", "litestar", "msgspec", "numpy", "polars", "psycopg", "rich", "taskiq", "httpx", "app.settings")


def verbs(command: click.Command = door.groat, path: str = "groat") -> Iterator[tuple[str, click.Command]]:
    yield path, command
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from verbs(inner, f"{path} {name}")


EVERY = list(verbs())


@pytest.mark.parametrize(("path", "command"), EVERY, ids=[path for path, _ in EVERY])
def test_every_verb_has_help_and_an_example(
    path: str, command: click.Command, capsys: pytest.CaptureFixture[str]
) -> None:
    assert isinstance(command, Explained)
    assert command.help
    summary = command.help.splitlines()[0]
    assert summary.endswith(".")
    assert len(summary) <= 62, "the list of verbs must fit a line of 80"
    assert command.examples
    assert all("groat" in example for example in command.examples)
    assert door.main([*path.split()[1:], "--help"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(f"Usage: {path} ")
    assert all(example in printed for example in command.examples)
    for option in command.params:
        assert isinstance(option, click.Argument) or getattr(option, "help", None), f"{path}: {option.name}"


@pytest.mark.parametrize(("path", "command"), EVERY, ids=[path for path, _ in EVERY])
def test_the_environment_names_that_help_shows_exist(path: str, command: click.Command) -> None:
    assert isinstance(command, Explained)
    assert set(command.reads) <= {*names(), *OUTSIDE, *PASSWORDS, "PORT_<NAME>"}, path


def test_examples_of_verbs_are_command_lines_that_parse() -> None:
    for path, command in EVERY:
        assert isinstance(command, Explained)
        for example in command.examples:
            words = example.replace("$(", " ").replace(")", " ").replace('"', " ").split()
            called = words[words.index("groat") + 1 :]
            assert called[: len(path.split()) - 1] == path.split()[1:] or path == "groat", example


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["pipelines", "--help"], ["settings", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        "import sys; from app.cli import main; code = main(sys.argv[1:]); "
        f"print([m for m in {HEAVY!r} if m in sys.modules], file=sys.stderr); sys.exit(code)"
    )
    ran = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=True)
    assert ran.stderr.strip() == "[]"


def test_the_front_door_tells_groups_and_exit_codes(capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["--help"]) == 0
    printed = capsys.readouterr().out
    for title in (*door.SECTIONS, "Exit codes"):
        assert f"\n{title}:\n" in printed
    for code, meaning in EXIT_CODES.items():
        assert f"  {code:<3}  {meaning}" in printed
    assert all(len(line) <= 80 for line in printed.splitlines())


def test_a_misspelt_verb_gets_a_suggestion(capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["lgos"]) == USAGE
    assert "Did you mean 'logs'?" in capsys.readouterr().err


def test_an_unknown_option_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["settings", "--jsn"]) == USAGE
    assert "No such option" in capsys.readouterr().err


def failing(error: BaseException) -> click.Group:
    @click.group(cls=Group, examples=["groat fail"])
    @click.option("-v", "--verbose", is_flag=True)
    def front(*, verbose: bool) -> None:
        """Hold one verb."""

    @verb(examples=["groat fail"])
    def fail() -> None:
        """Fail."""
        raise error

    front.add_command(fail)
    return front


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (SettingsError("wrong"), USAGE),
        (InvalidRequestError("wrong"), USAGE),
        (DependencyDownError("wrong"), DOWN),
        (GiveUpError("wrong"), FAILED),
        (GroatError("wrong"), FAILED),
    ],
)
def test_errors_are_one_line_and_a_code(error: GroatError, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(failing(error), ["fail"]) == code
    assert capsys.readouterr() == ("", "groat: wrong\n")


def test_an_unexpected_error_is_one_line_unless_asked_for_more(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(failing(ZeroDivisionError("by zero")), ["fail"]) == FAILED
    printed = capsys.readouterr().err
    assert printed == "groat: this should not have happened: ZeroDivisionError: by zero (`groat -v ...` shows where)\n"
    with pytest.raises(ZeroDivisionError):
        run(failing(ZeroDivisionError("by zero")), ["-v", "fail"])


@pytest.mark.parametrize("error", [KeyboardInterrupt(), click.Abort()])
def test_an_interruption_has_its_own_code(error: BaseException, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(failing(error), ["fail"]) == INTERRUPTED
    assert capsys.readouterr().err.strip() == "groat: interrupted"


def test_a_reader_that_leaves_is_no_error() -> None:
    script = f"{sys.executable} -m app.cli settings | true"
    ran = subprocess.run(["bash", "-o", "pipefail", "-c", script], capture_output=True, text=True, check=False)
    assert ran.returncode == 141
    assert ran.stderr == ""


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script_for_each_shell(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert door.main(["completion", shell]) == 0
    assert "_GROAT_COMPLETE" in capsys.readouterr().out
