"""The front door: `groat`."""

from __future__ import annotations


def main() -> None:
    """Run the command line."""
