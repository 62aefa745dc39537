"""Archives of NumPy's that claim more than they hold are refused before memory is taken."""

import math
import os
import zipfile
from typing import BinaryIO


def check_archive(file: BinaryIO) -> None:
    """Refuse an archive of NumPy's that claims more than it holds; those of this program are not packed.

    Raises
    ------
    ValueError, zipfile.BadZipFile
        If its members unpack to eight times its length and 16 MiB, an array claims more than its member, or it is no
        archive.
    """
    length = file.seek(0, os.SEEK_END)
    with zipfile.ZipFile(file) as archive:
        members = archive.infolist()
        claimed = sum(max(each.file_size, _claimed(archive, each)) for each in members)
    file.seek(0)
    if claimed > 8 * length + 2**24:
        raise ValueError(
            f"it unpacks to {claimed / 1e6:,.1f} MB of {length / 1e6:,.1f} MB: it is made to fill the memory"
        )


def _claimed(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> int:
    """Return how many bytes of numbers an array in an archive claims to be, by its header; 0 of what is no array."""
    from numpy.lib import format as npy

    with archive.open(member) as opened:
        try:
            version = npy.read_magic(opened)
            read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
            shape, _, dtype = read(opened)
        except ValueError:
            return 0
    return math.prod(shape) * dtype.itemsize
