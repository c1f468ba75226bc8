"""Read the environment, for the whole launcher in one place (the platform itself has app.settings)."""

import os


def get(name: str) -> str:
    """Return a variable's value, empty when it is unset."""
    return os.environ.get(name, "")  # noqa: TID251 - the launcher's one reader


def copy(**changes: str) -> dict[str, str]:
    """Return the environment with changes, for a child process."""
    return dict(os.environ) | changes  # noqa: TID251 - the launcher's one reader
