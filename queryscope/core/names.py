"""What somebody probably meant by a name that does not exist."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def nearest(name: str, known: Iterable[str]) -> str:
    """``"; did you mean 'n-plus-one'?"``, or "" when nothing is near."""
    options = {option.lower(): option for option in map(str, known)}
    found = difflib.get_close_matches(name.lower(), list(options), n=1)
    return f"; did you mean {options[found[0]]!r}?" if found else ""
