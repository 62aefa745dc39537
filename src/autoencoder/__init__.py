"""From a folder of images to embeddings, clusters and pictures that a person can judge."""

from .cli import Autoencoder

__all__ = ["Autoencoder"]
