"""Edits on disk: written all or none, and taken back."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Collection, Mapping

from ..files import replace_file

_GIT_S = 10


def write(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Write the files and return what was in them. Raises OSError, and has written none then."""
    originals: dict[str, bytes] = {}
    try:
        for path, data in files.items():
            with open(path, "rb") as stream:
                before = stream.read()
            replace_file(path, data)
            originals[path] = before
    except BaseException:
        restore(originals)
        raise
    return originals


def restore(originals: Mapping[str, bytes]) -> None:
    """Put back what was in the files. Raises OSError."""
    for path, data in originals.items():
        replace_file(path, data)


def uncommitted(files: Collection[str]) -> tuple[str, ...]:
    """Those of the files that git knows to have changes which are in no commit."""
    found = []
    for path in files:
        command = ["git", "status", "--porcelain", "--", os.path.basename(path)]
        try:
            told = subprocess.run(
                command, cwd=os.path.dirname(path), capture_output=True, timeout=_GIT_S, check=False
            )
        except (OSError, subprocess.SubprocessError):
            return ()
        if told.returncode == 0 and told.stdout.strip():
            found.append(path)
    return tuple(found)
