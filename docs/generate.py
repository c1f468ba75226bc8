"""Write the reference pages that come from the code: `python docs/generate.py`. A test compares them.

reference/cli.md        every verb's own help
reference/settings.md   every setting, from the Structs
reference/{api,errors,metrics}.md   by generate_api.py
"""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from app import settings
from app.cli.door import groat
from app.cli.frame import EXIT_CODES, SETTINGS
from app.settings.names import OUTSIDE, PASSWORDS

if TYPE_CHECKING:
    from collections.abc import Iterator

REFERENCE = Path(__file__).parent / "reference"
WIDTH = 88
HELP = {"help_option_names": SETTINGS["help_option_names"]}
NOTE = "<!-- Written by `python docs/generate.py`: change the code, not this page. -->\n"

CLI_HEAD = """\
# The command line

`groat` is the front door. It answers help at once, prints JSON for machines where `--json` is offered, writes
progress to stderr and answers to stdout, and ends with a code that means something:

| code | meaning |
| ---: | --- |
"""

SETTINGS_HEAD = """\
# Settings

Settings come from the environment, over a file of `KEY=value` lines: the one that `GROAT_ENV_FILE` names, else
`.groat/groat.env` in the current folder, else the one in the checkout. `groat settings` shows what is read, and
where each value came from.

- `GROAT_<SECTION>__<FIELD>` names a field of a section. The established names (`DATABASE_URL`, `SECRET_KEY`, ...)
  are honoured as they are.
- An unknown `GROAT_*` name is refused, with the nearest name that there is.
- A **secret** may come from a file: set its name with `_FILE` behind it to the file's path.
- An empty value counts as not set; in the environment it unsets what the file says.
"""


def main() -> None:
    """Write every generated page."""
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, encoding="utf-8")


def pages() -> dict[str, str]:
    """Return the generated pages by file name."""
    beside = runpy.run_path(str(Path(__file__).with_name("generate_api.py")))
    return {"cli.md": cli_page(), "settings.md": settings_page(), **beside["pages"]()}


def cli_page() -> str:
    """Return every verb's help, the front door's first."""
    codes = "".join(f"| {code} | {meaning} |\n" for code, meaning in EXIT_CODES.items())
    parts = [f"## {path}\n\n```text\n{text}```\n" for path, text in helps(groat, "groat", None)]
    return "\n".join([NOTE + CLI_HEAD + codes, *parts])


def helps(command: click.Command, path: str, parent: click.Context | None) -> Iterator[tuple[str, str]]:
    """Walk the verbs: each one's path and help."""
    context = click.Context(command, info_name=path.rpartition(" ")[2], parent=parent, terminal_width=WIDTH, **HELP)
    yield path, click.unstyle(command.get_help(context)) + "\n"
    for name, inner in command.commands.items() if isinstance(command, click.Group) else ():
        yield from helps(inner, f"{path} {name}", context)


def settings_page() -> str:
    """Return every setting, section by section."""
    rows = settings.rows(settings.read({}))
    parts = [NOTE + SETTINGS_HEAD]
    for section in dict.fromkeys(row.section for row in rows):
        kind = next((f.type for f in msgspec.structs.fields(settings.Settings) if f.name == section), None)
        about = (
            "\n".join(line.strip() for line in (kind.__doc__ or "").strip().splitlines()) if kind else "For all parts."
        )
        parts += [
            f"## {section.replace('_', ' ').capitalize() or 'General'}\n\n{about}\n",
            table(row for row in rows if row.section == section),
        ]
    parts += ["## Passwords\n\n" + passwords(), "## Read by the launcher only\n\n" + outside()]
    return "\n".join(parts)


def table(rows: Iterator[settings.Row]) -> str:
    """Return one section's settings as a table."""
    lines = ["| name | default | meaning |", "| --- | --- | --- |"]
    for row in rows:
        also = f"<br>or `{'`, `'.join(row.also)}`" if row.also else ""
        choices = f" One of {', '.join(f'`{word}`' for word in row.choices)}." if row.choices else ""
        secret = " **Secret.**" if row.secret else ""
        default = f"`{row.default}`" if row.default and not row.secret else "none"
        lines.append(f"| `{row.name}`{also} | {default} | {row.meaning}{choices}{secret} |")
    return "\n".join(lines) + "\n"


def passwords() -> str:
    """Return the passwords that are put into addresses."""
    lines = ["| name | put into, when it has none of its own |", "| --- | --- |"]
    known = {path: name for name, path in settings.names().items()}
    for name, paths in PASSWORDS.items():
        lines.append(f"| `{name}` | {', '.join(f'`{known[path]}`' for path in paths)} |")
    return "\n".join(lines) + "\n\nThe file's password is never sent to a server that the environment names.\n"


def outside() -> str:
    """Return the names that are read before the settings, or beside them."""
    return "\n".join(
        ["| name | meaning |", "| --- | --- |", *(f"| `{name}` | {text} |" for name, text in OUTSIDE.items()), ""]
    )


if __name__ == "__main__":
    main()
