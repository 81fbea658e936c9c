"""File names as one would type them."""

from __future__ import annotations

import os


def relative(file: str, root: str) -> str:
    """The path below ``root``, or below the folder of installed packages, else as it is."""
    if root and file.startswith(root.rstrip(os.sep) + os.sep):
        return file[len(root.rstrip(os.sep)) + 1 :]
    for folder in ("site-packages", "dist-packages"):
        _, found, rest = file.rpartition(os.sep + folder + os.sep)
        if found:
            return rest
    return file
