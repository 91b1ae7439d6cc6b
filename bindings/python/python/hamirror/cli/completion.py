"""`hamirror completion`: the script by which a shell completes commands, options and indexes."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

# Set by the scripts, for click to know that a shell asks.
VARIABLE = "_HAMIRROR_COMPLETE"


@click.command(short_help="A script that completes in a shell.")
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Prints a script by which SHELL completes commands, options, files and indexes.

    \b
    bash: eval "$(hamirror completion bash)"             in ~/.bashrc
    zsh:  eval "$(hamirror completion zsh)"              in ~/.zshrc
    fish: hamirror completion fish | source              in config.fish
    """
    kind = get_completion_class(shell)
    assert kind is not None
    click.echo(kind(context.find_root().command, {}, "hamirror", VARIABLE).source())
