"""`groat completion`: the script that makes a shell complete groat's verbs and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from app.cli.frame import verb


@verb(examples=['eval "$(groat completion bash)"', "groat completion fish > ~/.config/fish/completions/groat.fish"])
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the completion script for SHELL."""
    made = get_completion_class(shell)
    if made is None:
        message = f"click knows no completion for {shell}."
        raise click.ClickException(message)
    click.echo(made(ctx.find_root().command, {}, "groat", "_GROAT_COMPLETE").source())
