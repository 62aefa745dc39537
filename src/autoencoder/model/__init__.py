"""Networks: the blocks, the ways to grow an image, and the autoencoder that they make."""
