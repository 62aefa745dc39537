"""Images in: what a folder or an idx file holds, decoded once to 8-bit pixels."""
