"""File names as one would type them."""

from __future__ import annotations

import os

_PACKAGES = ("site-packages", "dist-packages")


def relative(file: str, root: str) -> str:
    """The path below the folder of installed packages, or below ``root``, else as it is.

    Packages first: an environment within the project has another path on the next machine.
    """
    for folder in _PACKAGES:
        _, found, rest = file.rpartition(os.sep + folder + os.sep)
        if found:
            return rest
    if root and file.startswith(root.rstrip(os.sep) + os.sep):
        return file[len(root.rstrip(os.sep)) + 1 :]
    return file


def is_packaged(file: str) -> bool:
    """Whether the file belongs to an installed package."""
    return any(f"{os.sep}{folder}{os.sep}" in file for folder in _PACKAGES)
