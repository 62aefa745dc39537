"""Teaching a network: what it is fed, and the loop that fits it."""
