"""What every verb has: a help text with an example, the names it reads, and an exit code that means something."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from app.domain.errors import DependencyDownError, GroatError, InvalidRequestError, SettingsError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

OK, FAILED, USAGE, DOWN, PIPE, INTERRUPTED = 0, 1, 2, 3, 141, 130
EXIT_CODES = {
    OK: "done",
    FAILED: "failed; the message says why",
    USAGE: "the command or a setting is wrong",
    DOWN: "a service that Groat needs does not answer",
    INTERRUPTED: "interrupted",
}
SETTINGS = {"help_option_names": ["-h", "--help"], "max_content_width": 100}

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON, for machines.")


class ReaderLeftError(Exception):
    """Nobody reads our output any more."""


class Explained(click.Command):
    """A command whose help ends with examples, and with the environment's names that matter most to it."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), reads: Sequence[str] = (), **kwargs: Any) -> None:  # noqa: ANN401  click's own
        """Take what click takes, and the two lists."""
        super().__init__(*args, **kwargs)
        self.examples = list(examples)
        self.reads = list(reads)

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples and the names at the end."""
        super().format_epilog(ctx, formatter)
        _paragraph(formatter, "Examples" if len(self.examples) > 1 else "Example", self.examples)
        _paragraph(formatter, "Environment", [", ".join(self.reads)] if self.reads else [])


class Verb(Explained):
    """One thing that `groat` does."""


class Group(Explained, click.Group):
    """Verbs that belong together, such as `groat pipelines ...`."""

    command_class = Verb


class Door(Group):
    """`groat` itself: its verbs stand in the groups of `sections`, and its help tells the exit codes."""

    def __init__(self, *args: Any, sections: Mapping[str, Sequence[click.Command]], **kwargs: Any) -> None:  # noqa: ANN401  click's own
        """Take the verbs by group."""
        super().__init__(*args, **kwargs)
        self.sections = sections
        for verbs in sections.values():
            for verb in verbs:
                self.add_command(verb)

    def invoke(self, ctx: click.Context) -> Any:  # noqa: ANN401  click's own
        """Run the verb; a reader that has left early (`| head`) is told from other errors before click hides it."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except BrokenPipeError as e:
            raise ReaderLeftError from e
        return result

    def format_commands(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the verbs group by group."""
        width = max(len(verb.name or "") for verbs in self.sections.values() for verb in verbs)
        for title, verbs in self.sections.items():
            with formatter.section(_heading(title)):
                formatter.write_dl([((verb.name or "").ljust(width), verb.get_short_help_str(100)) for verb in verbs])

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write examples, then what the exit codes mean."""
        super().format_epilog(ctx, formatter)
        with formatter.section(_heading("Exit codes")):
            formatter.write_dl([(str(code), meaning) for code, meaning in EXIT_CODES.items()])


class Options(NamedTuple):
    """What was said before the verb."""

    verbose: bool


def run(door: click.Group, arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit code; a user's mistake is one line on stderr, never a trace."""
    try:
        result = door.main(list(arguments) if arguments is not None else None, "groat", standalone_mode=False)
    except click.ClickException as e:
        e.show()
        return e.exit_code
    except (KeyboardInterrupt, click.Abort):
        return _say("interrupted", INTERRUPTED)
    except ReaderLeftError:
        _leave_stdout_quiet()
        return PIPE
    except GroatError as e:
        return _say(str(e), exit_code(e))
    except Exception as e:
        if _is_verbose(arguments):
            raise
        told = f"{type(e).__name__}: {e}" if str(e) else type(e).__name__
        return _say(f"this should not have happened: {told} (`groat -v ...` shows where)", FAILED)
    return result if isinstance(result, int) else OK


def exit_code(error: GroatError) -> int:
    """Return the exit code of an error: wrong settings and requests 2, a service that is away 3, others 1."""
    match error:
        case SettingsError() | InvalidRequestError():
            return USAGE
        case DependencyDownError():
            return DOWN
        case _:
            return FAILED


def verb(*, examples: Sequence[str], reads: Sequence[str] = (), **kwargs: Any) -> Callable[[Callable[..., Any]], Verb]:  # noqa: ANN401  click's own
    """Declare a verb: click.command with the examples and the names it reads."""
    return click.command(cls=Verb, examples=examples, reads=reads, **kwargs)


def _say(message: str, code: int) -> int:
    click.echo(f"groat: {message}", err=True)
    return code


def _is_verbose(arguments: Sequence[str] | None) -> bool:
    given = sys.argv[1:] if arguments is None else arguments
    return any(word in {"-v", "--verbose"} for word in given[:1])


def _leave_stdout_quiet() -> None:
    """Keep Python from complaining at exit that nobody reads its output any more."""
    import os  # noqa: PLC0415  once in a blue moon

    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _paragraph(formatter: click.HelpFormatter, title: str, lines: Sequence[str]) -> None:
    if lines:
        with formatter.section(_heading(title)), formatter.indentation():
            for line in lines:
                formatter.write(f"{'':>{formatter.current_indent - formatter.indent_increment}}{line}\n")


def _heading(text: str) -> str:
    return click.style(text, bold=True)
