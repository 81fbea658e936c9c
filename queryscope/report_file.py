"""A stored report on disk: of another commit, of another machine, of an earlier step."""

from __future__ import annotations

import json

from .core.findings import Report
from .core.stored import StoredError, report_of

#: Bytes; no report comes near, and a device or a wrong file does not fill the memory.
_LARGEST = 256 * 1024 * 1024


def read(path: str) -> Report:
    """The report that ``--format json`` wrote there. Raises StoredError."""
    try:
        with open(path, "rb") as stream:
            data = stream.read(_LARGEST + 1)
    except FileNotFoundError as error:
        raise StoredError(
            f"{path}: no such file; write it with: audit --format json --output {path}"
        ) from error
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else None
        raise StoredError(f"{path}: cannot be read: {why or error}") from error
    if len(data) > _LARGEST:
        raise StoredError(f"{path}: too large to be a report ({_LARGEST >> 20} MB at most)")
    try:
        # Shells of Windows redirect output as UTF-16.
        text = data.decode(json.detect_encoding(data))
    except UnicodeDecodeError as error:
        raise StoredError(f"{path}: not a text file, so not a report") from error
    return report_of(text, path)
