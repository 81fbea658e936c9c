"""Text in GitHub's and GitLab's Markdown: shown as it is, whatever it holds."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable

from .layout import clean

#: What means something anywhere, and what does at the start of a line.
_SPECIAL = re.compile(r"[\\`*_\[\]|~$]|^[#+-]|^\d+(?=[.)])")
#: What would call a person, or link to an issue.
_REFERENCE = re.compile(r"([@#])(?=\w)")


def text(raw: str) -> str:
    """Prose of one line."""
    escaped = _SPECIAL.sub(_escaped, html.escape(clean(raw).strip(), quote=False))
    return _REFERENCE.sub(r"\1<!-- -->", escaped)


def _escaped(found: re.Match[str]) -> str:
    # A digit cannot be escaped, the dot behind the number can.
    return f"{found[0]}\\" if found[0].isdigit() else f"\\{found[0]}"


def code(raw: str) -> str:
    """Code within a line, also in the cell of a table."""
    cleaned = clean(raw).strip()
    if cleaned and not set(cleaned) & set("`|\\"):
        return f"`{cleaned}`"
    # A backtick, a pipe and a backslash each need another way out; as text they have one.
    return f"<code>{text(cleaned)}</code>"


def fenced(lines: Iterable[str], language: str = "") -> list[str]:
    """A block of code that no line of it can end."""
    cleaned = [clean(line) for line in lines]
    longest = max((len(run) for run in re.findall(r"`+", "\n".join(cleaned))), default=0)
    fence = "`" * max(3, longest + 1)
    return [fence + language, *cleaned, fence]


def details(summary: str, lines: Iterable[str]) -> list[str]:
    """Lines that are folded away under ``summary``, which is plain text."""
    head = f"<details><summary>{html.escape(clean(summary), quote=False)}</summary>"
    return [head, "", *lines, "", "</details>"]
