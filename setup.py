"""What setup.cfg cannot say: recipes/ stays at the top of the project and is installed inside the package."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages("src"), "autoencoder.recipes"],
    package_dir={"": "src", "autoencoder.recipes": "recipes"},
)
