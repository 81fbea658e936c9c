"""Where a report goes: checked before the work, complete or not there at all."""

from __future__ import annotations

import os
import stat
import tempfile
from typing import Any

from ..files import replace_file


class OutputError(Exception):
    """The report cannot be written; the text says where and why."""


class Output:
    """A file, or ``stdout`` when ``path`` is None. Raises OutputError when it is not writable.

    ``option`` is what the file was named with, for errors.
    """

    def __init__(self, path: str | None, stdout: Any, *, option: str = "--output") -> None:
        self._option = option
        self.root = os.getcwd()
        self._stdout = stdout
        # A link is followed: replacing it would leave the file it names as it was.
        self._path = os.path.realpath(path) if path else None
        self._given = path
        if self._path is not None:
            self._check(self._path)

    @property
    def repository(self) -> str:
        """The folder that the repository begins in: what the hosts of code name files from."""
        folder = self.root
        while not os.path.exists(os.path.join(folder, ".git")):
            folder, below = os.path.dirname(folder), folder
            if folder == below:
                return self.root
        return folder

    def write(self, text: str) -> None:
        """Write the whole report. Raises OutputError when that fails."""
        if self._path is None:
            self._print(text)
            return
        data = text.encode("utf-8", "backslashreplace").removesuffix(b"\n") + b"\n"
        try:
            if _is_special(self._path):
                with open(self._path, "wb") as stream:
                    stream.write(data)
            else:
                replace_file(self._path, data)
        except OSError as error:
            raise self._error(error) from error

    def _print(self, text: str) -> None:
        encoding = getattr(self._stdout, "encoding", None) or "utf-8"
        try:
            self._stdout.write(text.encode(encoding, "backslashreplace").decode(encoding))
            self._stdout.flush()
        except (OSError, AttributeError) as error:
            raise OutputError(f"cannot write to standard output: {error}") from error

    def _check(self, path: str) -> None:
        try:
            if os.path.isdir(path):
                raise IsADirectoryError(21, "Is a directory")
            if os.path.exists(path) and not os.access(path, os.W_OK):
                raise PermissionError(13, "Permission denied")
            if not _is_special(path):
                # Trying is the only test that knows of read-only mounts, quotas and root.
                with tempfile.TemporaryFile(dir=os.path.dirname(path)):
                    pass
        except OSError as error:
            raise self._error(error) from error

    def _error(self, error: OSError) -> OutputError:
        return OutputError(f"{self._option} {self._given!r}: {error.strerror or error}")


def _is_special(path: str) -> bool:
    """A pipe, /dev/stdout and the like are written to, never replaced."""
    return os.path.exists(path) and not stat.S_ISREG(os.stat(path).st_mode)
