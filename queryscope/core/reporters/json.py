"""The report as one JSON document, for programs."""

from __future__ import annotations

import json

from ..findings import Report


def render(report: Report, *, root: str = "", verbose: bool = False) -> str:
    """``Report.as_dict()`` and nothing else; always valid UTF-8, always standard JSON."""
    text = json.dumps(report.as_dict(), indent=2, ensure_ascii=False, allow_nan=False)
    # A file name that is not UTF-8 reaches Python as lone surrogates, which no encoder takes.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")
