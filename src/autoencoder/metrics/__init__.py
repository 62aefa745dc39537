"""How good reconstructions and clusterings are."""
