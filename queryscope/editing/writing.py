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
        restore(originals, files)
        raise
    return originals


def restore(originals: Mapping[str, bytes], written: Mapping[str, bytes]) -> tuple[str, ...]:
    """Put back what was in the files, but for those that someone changed after they were
    ``written``: these are returned. Raises OSError.
    """
    changed = []
    for path, data in originals.items():
        try:
            with open(path, "rb") as stream:
                touched = stream.read() != written[path]
        except FileNotFoundError:
            touched = True
        if touched:
            changed.append(path)
        else:
            replace_file(path, data)
    return tuple(changed)


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
