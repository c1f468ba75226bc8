"""The front door: `groat`.

    frame.py        help, examples and exit codes, the same for every verb
    output.py       tables and JSON
    progress.py     a bar in a terminal, a line now and then elsewhere
    door.py         the verbs in their groups
    the rest        one file a verb, or a few that belong together

Heavy imports stand inside the commands, so that `groat --help` answers at once.
"""

from app.cli.door import main

__all__ = ["main"]
