"""The work behind the commands, from settings to folders: what several commands share."""
