"""Write docs/flags.md anew from the settings themselves: `python scripts/write_flags.py`."""

import checkout

from autoencoder.cli.command import Common
from autoencoder.cli.help import flag_table
from autoencoder.cli.main import COMMANDS


def page() -> str:
    """Return the page of every command's flags."""
    parts = ["# Flags", "", "Made from the settings themselves by `scripts/write_flags.py`. Of every command:", ""]
    parts.append(flag_table([Common]))
    for name, command in COMMANDS.items():
        words = "".join(f" {word.upper()}" for word in command.words)
        parts += ["", f"## {name}{words}", "", command.summary, "", flag_table(command.sections, command.aliases)]
    return "\n".join(parts) + "\n"


if __name__ == "__main__":
    (checkout.ROOT / "docs" / "flags.md").write_text(page(), encoding="utf-8")
