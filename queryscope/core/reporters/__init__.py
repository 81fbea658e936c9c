"""One file a format: each is a pure function from a report to text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ..findings import Report
from .json import render as render_json
from .table import render as render_table


class Reporter(Protocol):
    """``root`` is the folder that paths are shown relative to; ``verbose`` adds the details that
    a person asks for. A format for programs ignores both.
    """

    def __call__(self, report: Report, *, root: str = "", verbose: bool = False) -> str: ...


REPORTERS: Mapping[str, Reporter] = {"table": render_table, "json": render_json}
