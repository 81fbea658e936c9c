"""One file a format: each is a pure function from a report to text."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from ..findings import Report
from .github import render as render_github
from .gitlab import render as render_gitlab
from .json import render as render_json
from .junit import render as render_junit
from .markdown import render as render_markdown
from .sarif import render as render_sarif
from .table import render as render_table


class Reporter(Protocol):
    """``root`` is the folder that paths are shown relative to; ``verbose`` adds the details that
    a person asks for. A format for programs ignores the latter.

    A report with a ``gate`` is a check: its findings are the new ones.
    """

    def __call__(self, report: Report, *, root: str = "", verbose: bool = False) -> str: ...


#: Formats that are read beside the code, whose files are named from the repository's root.
HOSTED = frozenset({"github", "sarif", "junit", "gitlab", "markdown"})
REPORTERS: Mapping[str, Reporter] = {
    "table": render_table,
    "json": render_json,
    "github": render_github,
    "sarif": render_sarif,
    "junit": render_junit,
    "gitlab": render_gitlab,
    "markdown": render_markdown,
}
