"""``queryscope: ignore[...]`` comments, read out of the text of a module or a template.

    for task in tasks:  # queryscope: ignore[n-plus-one] three rows at most, until 2027-01-31
    {# queryscope: ignore[n-plus-one, query-in-loop] cached for a day #}

Only what the language itself takes for a comment counts; a string that looks like one does not.
"""

from __future__ import annotations

import ast
import datetime
import difflib
import io
import re
import tokenize
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from .detectors import NAMES
from .names import nearest

_EXAMPLE = "ignore[n-plus-one]"
#: Several directives may share one comment: "# pragma: x  # queryscope: ignore[...]".
_NEXT_DIRECTIVE = re.compile(r"\s+(?=#\s|#queryscope)", re.IGNORECASE)
_OURS = re.compile(r"#+\s*queryscope\b(\s*:)?\s*(.*)", re.IGNORECASE | re.DOTALL)
_WORD = re.compile(r"([\w-]*)\s*(.*)", re.DOTALL)
_BRACKETS = re.compile(r"\[([^\[\]]*)\](.*)", re.DOTALL)
#: "until" and what is meant as a date, right or wrong: "until 3 rows" and "until 6.1" are prose.
_UNTIL = re.compile(
    r"[\s,;(]*\buntil:?\s+(\d+[-/]\d[^\s,;)]*|\d+\.\d+\.\d[^\s,;)]*|\d{4,}(?=\W*$))\)?",
    re.IGNORECASE,
)
#: What looks like an expiry, but is none: it would allow for ever.
_MEANT = re.compile(r"\b(?:until|till|expires?)\b\W{0,3}(?:\w+\W{1,2}){0,3}20\d\d\b", re.IGNORECASE)
#: Longer lines are made by programs, and take the expressions above long to read.
_LONGEST = 2_000
_DATE = re.compile(r"\d{4}-\d\d-\d\d")
_TAG = re.compile(r"\{%.*?%\}|\{\{.*?\}\}|\{#.*?#\}")
_TEMPLATE_COMMENT = re.compile(r"\{#.*?#\}")
_LINELESS = frozenset({tokenize.NL, tokenize.INDENT, tokenize.DEDENT, tokenize.ENDMARKER})


#: Detectors, reason, expiry and mistake: what a comment says, wherever it stands.
_Said = tuple[tuple[str, ...], str, datetime.date | None, str]


@dataclass(frozen=True, slots=True)
class Comment:
    """One comment: it stands on ``line`` and speaks for the lines ``first`` to ``last``.

    ``until`` is the last day on which it holds; ``mistake`` says what is wrong with it, "" when it
    can be followed.
    """

    file: str
    line: int
    first: int
    last: int
    detectors: tuple[str, ...] = ()
    reason: str = ""
    until: datetime.date | None = None
    mistake: str = ""


def python_comments(text: str, file: str) -> tuple[Comment, ...]:
    """The comments of a module, each with the lines that it speaks for.

    At either end of a statement that is all lines of the statement; alone on its line, what follows
    directly; inside a statement its own line.
    """
    found: list[tuple[int, str]] = []
    statements: list[tuple[int, int]] = []
    for row, comment, statement in _python_tokens(text):
        if comment:
            found.append((row, comment))
        if statement:
            statements.append(statement)
    spans = {row: span for span in statements for row in span}
    starts = {first: (first, last) for first, last in statements}
    lines = text.split("\n")
    made = []
    for row, comment in found:
        span = spans.get(row, (row, row))
        if _only_comment(lines[row - 1]):
            below = _below(lines, row, _only_comment)
            span = starts.get(below, (below, below))
        made += [Comment(file, row, span[0], span[1], *said) for said in _said(comment)]
    return tuple(made)


def template_comments(text: str, file: str) -> tuple[Comment, ...]:
    """The comments of a template: each speaks for its line or, alone on it, for the line below."""
    lines = text.split("\n")
    made = []
    for row, comment in _template_tags(lines):
        alone = _only_template_comments(lines[row - 1])
        at = _below(lines, row, _only_template_comments) if alone else row
        made += [Comment(file, row, at, at, *said) for said in _said("# " + comment[2:-2].strip())]
    return tuple(made)


def enclosing(text: str, line: int) -> tuple[int, int]:
    """First and last line of the innermost function or class around a line; else of the module."""
    inner = (1, text.count("\n") + 1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about the project's code: not ours to repeat
            tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return inner
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            first = min((d.lineno for d in node.decorator_list), default=node.lineno)
            last = node.end_lineno or node.lineno
            if first <= line <= last and last - first < inner[1] - inner[0]:
                inner = (first, last)
    return inner


def parse_date(text: str) -> datetime.date | None:
    """A day written as 2027-01-31; None for anything else."""
    try:
        return datetime.date.fromisoformat(text) if _DATE.fullmatch(text) else None
    except ValueError:
        return None


def mentioned(text: str) -> bool:
    """Whether there may be any: most files say nothing, and looking is cheaper than reading."""
    return "queryscope" in text.lower()


def _python_tokens(text: str) -> Iterator[tuple[int, str, tuple[int, int] | None]]:
    """Line and text of each comment, and the lines of each statement, decorators included."""
    first, fresh, decorator = 0, True, False
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            row = token.start[0]
            if token.type == tokenize.COMMENT:
                yield row, token.string, None
            elif token.type == tokenize.NEWLINE:
                if first and not decorator:
                    yield row, "", (first, row)
                    first = 0
                fresh = True
            elif token.type not in _LINELESS:
                decorator = token.string == "@" if fresh else decorator
                first, fresh = first or row, False
    except (tokenize.TokenError, SyntaxError, ValueError):
        return  # what cannot be read to its end did not run either


def _template_tags(lines: list[str]) -> Iterator[tuple[int, str]]:
    end = ""  # what closes the verbatim block that is open
    for row, line in enumerate(lines, 1):
        for tag in _TAG.findall(line[:_LONGEST]):
            inside = tag[2:-2].strip()
            if end or inside.startswith("verbatim"):
                end = "" if inside == end else end or f"end{inside}"
            elif tag.startswith("{#"):
                yield row, tag


def _below(lines: list[str], row: int, alone: Callable[[str], bool]) -> int:
    """The line that a comment alone on its line speaks for; its own where nothing follows."""
    below = row + 1
    while below <= len(lines) and alone(lines[below - 1]):
        below += 1
    return below if below <= len(lines) and lines[below - 1].strip() else row


def _only_comment(line: str) -> bool:
    return line.lstrip().startswith("#")


def _only_template_comments(line: str) -> bool:
    line = line[:_LONGEST]
    return bool(line.strip()) and not _TEMPLATE_COMMENT.sub("", line).strip()


def _said(comment: str) -> Iterator[_Said]:
    """Detectors, reason, expiry and mistake of each directive to queryscope in a comment."""
    for directive in _NEXT_DIRECTIVE.split(" ".join(comment.split())[:_LONGEST]):
        ours = _OURS.match(directive)
        if ours is None:
            continue
        colon, rest = ours.groups()
        word, tail = _WORD.match(rest).groups()  # type: ignore[union-attr]
        if word.lower() != "ignore" or not colon:
            if _meant(word, tail, colon=bool(colon)):
                yield (), "", None, f"is not understood: write queryscope: {_EXAMPLE}"
            continue
        yield _ignored(tail)


def _meant(word: str, tail: str, *, colon: bool) -> bool:
    """Whether it was meant to allow something, rather than to tell of queryscope."""
    if not colon:
        return word.lower() == "ignore" and tail.startswith("[")
    near = difflib.get_close_matches(word.lower(), ["ignore"])
    return bool(near) or tail.startswith("[") or any(name in tail for name in NAMES)


def _ignored(tail: str) -> _Said:
    brackets = _BRACKETS.match(tail)
    names = [name.strip() for name in brackets[1].split(",")] if brackets else []
    names = [name for name in names if name]
    if brackets is None or not names:
        unclosed = tail.startswith("[") and "]" not in tail
        what = "leaves its bracket open" if unclosed else "names no detector"
        return (), "", None, f"{what}: write which, such as {_EXAMPLE}"
    mistakes = [unknown_detector(name) for name in names if name not in NAMES]
    text, until = brackets[2], None
    written = _UNTIL.search(text)
    if written is not None:
        text = text[: written.start()] + text[written.end() :]
        until = parse_date(written[1].rstrip("."))
        if until is None:
            mistakes.append(f"{written[1]!r} is not a date: write it as until 2027-01-31")
    elif meant := _MEANT.search(text):
        mistakes.append(f"{meant[0]!r} is not read as an expiry: write it as until 2027-01-31")
    reason = " ".join(text.split()).strip(" ,;:-")
    return tuple(names), reason, until, "; ".join(mistakes)


def unknown_detector(name: str) -> str:
    """ "no such detector 'n-plus-two'; did you mean 'n-plus-one'?"."""
    hint = nearest(name, NAMES) or f" ({', '.join(NAMES)})"
    return f"no such detector {name!r}{hint}"
