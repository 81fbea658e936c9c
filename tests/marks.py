"""Finds the line that a finding should name: it carries a mark, ``<- here: name``."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from types import ModuleType

TESTAPP = Path(__file__).parent / "testapp"
TEMPLATES = TESTAPP / "templates" / "testapp"


@lru_cache
def _lines(path: Path) -> list[str]:
    return path.read_text().splitlines()


def line_of(file: str | Path | ModuleType, mark: str) -> int:
    """The number of the only line that is marked so: ``line_of(views, "here: loop")``.

    A line may carry several: ``<- origin: loop, here: loop``.
    """
    path = Path(file.__file__ if isinstance(file, ModuleType) else file)
    pattern = re.compile(rf"<- (?:.*, )?{re.escape(mark)}(?![\w-])")
    found = [n for n, line in enumerate(_lines(path), 1) if pattern.search(line)]
    assert len(found) == 1, f"{path.name}: {mark!r} marks lines {found}"
    return found[0]


def named(value: object) -> str:
    """An id without an address: xdist's workers must collect the same ones."""
    return getattr(value, "__name__", None) or str(value)
