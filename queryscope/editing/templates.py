"""What reads the rows in a template changes, where no other rows can be read by it."""

from __future__ import annotations

import ast
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from ..core.findings import Finding
from ..core.repairs import Rewrite
from ..core.sightings import Location
from .results import Uncertain
from .texts import Text

_SKIPPED = frozenset({"node_modules", "site-packages", "__pycache__", "dist", "build", "venv"})
_LARGEST = 1_000_000


@dataclass(frozen=True, slots=True)
class _Mention:
    file: str
    line: int


def reread(text: Text, finding: Finding, rewrite: Rewrite, root: str) -> str:
    """The text of a template with the line changed. Raises Uncertain."""
    assert finding.template is not None
    number = finding.template.line
    lines = text.text.split("\n")
    if number > len(lines):
        raise Uncertain(f"{_base(text.path)} has no line {number}")
    if not rewrite.before.startswith("."):
        raise Uncertain(f"{rewrite.before} is not how a template says it")
    before, after = (code.replace("()", "") for code in (rewrite.before, rewrite.after))
    if not re.fullmatch(r"(\.\w+)+", before) or not re.fullmatch(r"\.\w+", after):
        raise Uncertain(f"a template cannot say {rewrite.after}")
    found = list(re.finditer(rf"(?<=\w){re.escape(before)}(?![\w.])", lines[number - 1]))
    if len(found) != 1:
        times = f"{len(found)} times" if found else "not"
        raise Uncertain(f"{before} is {times} on line {number} of {_base(text.path)}")
    _refuse_shared(text.path, finding.origin, root)
    start, end = found[0].span()
    line = lines[number - 1]
    lines[number - 1] = f"{line[:start]}{after}{line[end:]}"
    return "\n".join(lines)


def _refuse_shared(path: str, origin: Location | None, root: str) -> None:
    """Raises Uncertain unless only the code that builds the rows names the template."""
    seen = {path}
    while True:
        mentions = _mentions(path, root)
        if len(mentions) != 1:
            where = f"in {len(mentions)} places" if mentions else "nowhere"
            raise Uncertain(f"{_base(path)} is named {where}, so other rows may be read in it")
        (mention,) = mentions
        if mention.file.endswith(".py"):
            break
        if mention.file in seen:
            raise Uncertain(f"{_base(path)} includes itself")
        seen.add(mention.file)
        path = mention.file
    scope = _scope(mention)
    same = origin is not None and os.path.realpath(origin.file) == os.path.realpath(mention.file)
    if origin is None or not same or origin.function.split(".")[0] != scope:
        raise Uncertain(f"{_base(path)} is rendered by {scope or _base(mention.file)}")
    if _is_inherited(scope, root):
        raise Uncertain(f"other classes inherit from {scope}, which renders {_base(path)}")


def _mentions(path: str, root: str) -> list[_Mention]:
    """Where the project's files name a template."""
    names = frozenset(_names(path))
    quoted = re.compile(rf"""(?<=['"])[\w./-]*{re.escape(_base(path))}(?=['"])""")
    return [
        _Mention(file, text.count("\n", 0, found.start()) + 1)
        for file, text in _files(root)
        for found in quoted.finditer(text)
        if found[0] in names
    ]


def _names(path: str) -> Iterator[str]:
    """What a template may be called: by its path below a folder of templates."""
    parts = os.path.normpath(path).split(os.sep)
    for index in range(1, len(parts)):
        yield "/".join(parts[index:])
        yield "./" + "/".join(parts[index:])


def _scope(mention: _Mention) -> str:
    """The class or function at the top of a module that names the template."""
    with open(mention.file, "rb") as stream:
        tree = ast.parse(stream.read())
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(d.lineno for d in node.decorator_list)])
            if first <= mention.line <= (node.end_lineno or 0):
                return node.name
    return ""


def _is_inherited(name: str, root: str) -> bool:
    base = re.compile(rf"^\s*class\s+\w+\s*\([^)]*\b{re.escape(name)}\b", re.MULTILINE)
    return any(file.endswith(".py") and base.search(text) for file, text in _files(root))


@lru_cache(maxsize=1)
def _files(root: str) -> tuple[tuple[str, str], ...]:
    """The Python files and templates of a project, with their texts."""
    found = []
    for folder, folders, files in os.walk(root):
        folders[:] = sorted(f for f in folders if not _is_foreign(os.path.join(folder, f)))
        for file in sorted(files):
            path = os.path.join(folder, file)
            if file.endswith((".py", ".html", ".txt", ".xml")) and _is_small(path):
                with open(path, encoding="utf-8", errors="replace") as stream:
                    found.append((path, stream.read()))
    return tuple(found)


def forget() -> None:
    """Read the project's files anew."""
    _files.cache_clear()


def _is_foreign(folder: str) -> bool:
    name = os.path.basename(folder)
    return (
        name in _SKIPPED
        or name.startswith(".")
        or os.path.exists(os.path.join(folder, "pyvenv.cfg"))
    )


def _is_small(path: str) -> bool:
    try:
        return os.path.isfile(path) and os.path.getsize(path) <= _LARGEST
    except OSError:
        return False


def _base(path: str) -> str:
    return os.path.basename(path)
