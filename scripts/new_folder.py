"""The command line of a script that makes a folder of images from others."""

import argparse
from pathlib import Path


def arguments(description: str, sources: tuple[str, str], count: tuple[int, str] | None = None) -> argparse.Namespace:
    """Read `folder`, which must be a new one, the sources' folder by its name, and how many images are made.

    Parameters
    ----------
    description : str
    sources : (str, str)
        What the second folder is called, and what lies there.
    count : (int, str), optional
        How many images, and of what; without it there is neither --count nor --seed.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("folder", type=Path, help="a new folder")
    parser.add_argument(sources[0], type=Path, help=sources[1])
    if count is not None:
        parser.add_argument("--count", type=int, default=count[0], help=f"images of each {count[1]}")
        parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    if given.folder.exists():
        parser.error(f"{given.folder} is there already; name a new folder")
    return given
