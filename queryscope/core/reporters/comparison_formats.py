"""The formats of a comparison: for people, for pull requests, for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Protocol

from ..comparison import Comparison
from .comparison import render as render_table
from .comparison_markdown import render as render_markdown


class ComparisonReporter(Protocol):
    """``root`` is the folder that paths are shown relative to; ``verbose`` adds the details that a
    person asks for. A format for programs ignores both."""

    def __call__(self, comparison: Comparison, *, root: str = "", verbose: bool = False) -> str: ...


def render_json(comparison: Comparison, *, root: str = "", verbose: bool = False) -> str:
    """``Comparison.as_dict()`` and nothing else; always valid UTF-8, always standard JSON."""
    text = json.dumps(comparison.as_dict(), indent=2, ensure_ascii=False, allow_nan=False)
    # A file name that is not UTF-8 reaches Python as lone surrogates, which no encoder takes.
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


COMPARISON_REPORTERS: Mapping[str, ComparisonReporter] = {
    "table": render_table,
    "markdown": render_markdown,
    "json": render_json,
}
