"""The baseline on disk, in the folder of the project: it is committed with the code."""

from __future__ import annotations

import os

from .core.baseline import Baseline, render
from .core.baseline_parsing import BaselineError, parse
from .files import replace_file

#: Bytes; no baseline comes near, and a device or a wrong file does not fill the memory.
_LARGEST = 64 * 1024 * 1024


def read(path: str) -> Baseline | None:
    """What the file says, None where there is none. Raises BaselineError with its line."""
    if not os.path.lexists(path):
        return None
    if not os.path.isfile(path):
        raise BaselineError(f"the baseline {path} is no file; name one")
    if os.path.getsize(path) > _LARGEST:
        raise BaselineError(f"the baseline {path} is too large to be one")
    try:
        with open(path, encoding="utf-8-sig", errors="surrogateescape") as stream:
            return parse(stream.read(), path)
    except OSError as error:
        raise BaselineError(f"cannot read {path}: {error.strerror or error}") from error


def write(path: str, baseline: Baseline) -> bool:
    """Put the baseline there, whole or not at all; whether it changed anything.

    Raises BaselineError when it cannot be written.
    """
    # What is no character is written as JSON's escape for it.
    data = render(baseline).encode("utf-8", "backslashreplace")
    try:
        if os.path.exists(path):
            with open(path, "rb") as stream:
                if stream.read() == data:
                    return False
            if not os.access(path, os.W_OK):
                raise PermissionError(13, "Permission denied")
        replace_file(os.path.realpath(path), data)
    except OSError as error:
        raise BaselineError(f"cannot write {path}: {error.strerror or error}") from error
    return True
