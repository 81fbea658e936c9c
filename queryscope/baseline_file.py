"""The baseline on disk, in the folder of the project: it is committed with the code."""

from __future__ import annotations

import os

from .core.baseline import Baseline, render
from .core.baseline_parsing import BaselineError, parse
from .files import replace_file


def read(path: str) -> Baseline | None:
    """What the file says, None where there is none. Raises BaselineError with its line."""
    try:
        with open(path, encoding="utf-8", errors="surrogateescape") as stream:
            return parse(stream.read(), path)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BaselineError(f"cannot read {path}: {error.strerror or error}") from error


def write(path: str, baseline: Baseline) -> bool:
    """Put the baseline there, whole or not at all; whether it changed anything.

    Raises BaselineError when it cannot be written.
    """
    data = render(baseline).encode("utf-8", "surrogateescape")
    try:
        if os.path.exists(path):
            with open(path, "rb") as stream:
                if stream.read() == data:
                    return False
        replace_file(os.path.realpath(path), data)
    except OSError as error:
        raise BaselineError(f"cannot write {path}: {error.strerror or error}") from error
    return True
