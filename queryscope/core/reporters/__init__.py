"""One file a format: each has ``render``, a pure function from a report to text."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Protocol, cast

from ..findings import Report


class Reporter(Protocol):
    """``root`` is the folder that paths are shown relative to; ``verbose`` adds the details that
    a person asks for. A format for programs ignores the latter.

    A report with a ``gate`` is a check: its findings are the new ones.
    """

    def __call__(self, report: Report, *, root: str = "", verbose: bool = False) -> str: ...


class _Reporters(Mapping[str, Reporter]):
    """Imports a format when it is asked for: who wants one need not wait for the others."""

    _NAMES = ("table", "json", "github", "sarif", "junit", "gitlab", "markdown")

    def __getitem__(self, name: str) -> Reporter:
        if name not in self._NAMES:
            raise KeyError(name)
        return cast(Reporter, import_module(f".{name}", __name__).render)

    def __iter__(self) -> Iterator[str]:
        return iter(self._NAMES)

    def __len__(self) -> int:
        return len(self._NAMES)


REPORTERS: Mapping[str, Reporter] = _Reporters()
#: Formats that are read beside the code, whose files are named from the repository's root.
HOSTED = frozenset({"github", "sarif", "junit", "gitlab", "markdown"})
