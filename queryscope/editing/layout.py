"""Lines that an edit made too long, broken; what nobody touched stays as it is."""

from __future__ import annotations

import ast
import difflib
import io
import tokenize
from collections.abc import Iterator
from itertools import takewhile

from .imports import Style
from .pieces import flat
from .wrapping import Place, continued, is_fluent, width, wrapped

#: What a statement of one line says that can be broken.
_VALUES = ("value", "iter", "test", "exc", "subject")


def laid_out(before: str, after: str, style: Style) -> str:
    """``after`` with the lines that are new in it broken where they are too long.

    It says the same in any case.
    """
    text = _shortened(before, after, style)
    return text if _same(after, text) else after


def changed_lines(before: str, after: str) -> list[int]:
    """The lines of ``after`` that are not in ``before``, counted from 1."""
    old, new = before.split("\n"), after.split("\n")
    # Most of a file is as it was: what is alike at both ends need not be compared.
    same = _alike(old, new)
    old, new = old[same:], new[same:]
    rest = _alike(old[::-1], new[::-1])
    old, new = old[: len(old) - rest], new[: len(new) - rest]
    matcher = difflib.SequenceMatcher(None, old, new, autojunk=False)
    return [
        same + line + 1
        for kind, _, _, start, end in matcher.get_opcodes()
        if kind != "equal"
        for line in range(start, end)
    ]


def _alike(old: list[str], new: list[str]) -> int:
    """With how many equal lines both begin."""
    pairs = takewhile(lambda pair: pair[0] == pair[1], zip(old, new, strict=False))
    return sum(1 for _ in pairs)


def _shortened(before: str, after: str, style: Style) -> str:
    text, seen = after, set()
    while True:
        lines = text.split("\n")
        due = [
            number
            for number in changed_lines(before, text)
            if lines[number - 1] not in seen and _is_due(lines[number - 1], style)
        ]
        if not due:
            return text
        seen.add(lines[due[-1] - 1])
        text = _broken(text, due[-1], style)


def _is_due(line: str, style: Style) -> bool:
    return width(line) > style.limit or (line.lstrip()[:1] in (")", "]") and ")." in line)


def _same(one: str, other: str) -> bool:
    try:
        return ast.dump(ast.parse(one)) == ast.dump(ast.parse(other))
    except SyntaxError:
        return False


def _broken(text: str, number: int, style: Style) -> str:
    """The text with one of its lines broken, or as it is."""
    tree, lines = ast.parse(text), text.split("\n")
    line = lines[number - 1]
    if line.lstrip().startswith("."):
        indent = line[: len(line) - len(line.lstrip())]
        longer = indent + continued(line.strip(), Place(style, indent, width(indent), 0, True))
        new = "\n".join([*lines[: number - 1], longer, *lines[number:]])
        if new != text and _same(text, new):
            return new
    for span in _candidates(tree, number, lines):
        broken = _replaced(text, lines, span, style)
        if broken is not None and broken != text and _same(text, broken):
            return broken
    return text


Span = tuple[int, int, int, int]


def _candidates(tree: ast.Module, number: int, lines: list[str]) -> Iterator[Span]:
    """Expressions that begin on a line or go on there: the value of its statement, the longest."""
    statement = _statement(tree, number)
    if statement is None:
        return
    values = [v for name in _VALUES if isinstance(v := getattr(statement, name, None), ast.expr)]
    values += [item.context_expr for item in getattr(statement, "items", ())]
    too_long = [node for value in values for node in _expressions(value)]
    for value in values:
        if value.lineno == value.end_lineno == number:
            yield _span(value, lines)
    # A call's function is no expression to break: its brackets would open behind it.
    called = {id(n.func) for n in too_long if isinstance(n, ast.Call)}
    starting = [
        n
        for n in too_long
        if n.lineno == number and id(n) not in called and (n not in values or _is_chain(n))
    ]
    # A chain whose last call begins behind brackets that end on this line.
    chains = [n for n in too_long if n.lineno < number <= (n.end_lineno or 0) and _is_chain(n)]
    ending = [n for n in chains if n.end_lineno == number]
    outer = sorted(starting, key=lambda n: (-(n.end_lineno or 0), -(n.end_col_offset or 0)))
    for node in (*_outermost(ending), *outer, *_outermost(chains)):
        yield _span(node, lines)


def _expressions(node: ast.AST) -> Iterator[ast.expr]:
    """An expression and those in it, but for what stands in an f-string: that has one line."""
    if isinstance(node, ast.expr):
        yield node
    if not isinstance(node, ast.JoinedStr):
        for child in ast.iter_child_nodes(node):
            yield from _expressions(child)


def _is_chain(node: ast.expr) -> bool:
    node = node.value if isinstance(node, ast.Subscript) else node
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)


def _outermost(nodes: list[ast.expr]) -> list[ast.expr]:
    inner = {id(child) for node in nodes for child in ast.walk(node) if child is not node}
    return [node for node in nodes if id(node) not in inner]


def _statement(tree: ast.Module, number: int) -> ast.stmt | None:
    best: ast.stmt | None = None
    for node in ast.walk(tree):
        if not isinstance(node, ast.stmt) or not node.lineno <= number <= (node.end_lineno or 0):
            continue
        if best is None or node.lineno >= best.lineno:
            best = node
    return best


def _span(node: ast.expr, lines: list[str]) -> Span:
    """Where an expression begins and ends, in characters."""
    last = (node.end_lineno or 0) - 1
    start = len(lines[node.lineno - 1].encode()[: node.col_offset].decode())
    end = len(lines[last].encode()[: node.end_col_offset].decode())
    return node.lineno - 1, start, last, end


def _replaced(text: str, lines: list[str], span: Span, style: Style) -> str | None:
    first, start, last, end = span
    head, tail = lines[first][:start], lines[last][end:]
    code = "\n".join([*lines[first : last + 1]])
    code = code[start : len(code) - len(tail)]
    single = flat(code)
    if single is None:
        return None
    if first < last and not is_fluent(single) and width(lines[last]) <= style.limit:
        return None
    indent = head[: len(head) - len(head.lstrip())]
    at = Place(style, indent, width(head), width(tail), _depth(text, first + 1, start) > 0)
    new = wrapped(single, at)
    return "\n".join([*lines[:first], f"{head}{new}{tail}", *lines[last + 1 :]])


def _depth(text: str, row: int, column: int) -> int:
    """How many brackets are open at a place."""
    depth = 0
    for token in tokenize.generate_tokens(io.StringIO(text).readline):
        if token.start >= (row, column):
            break
        if token.type == tokenize.OP:
            depth += (token.string in "([{") - (token.string in ")]}")
    return depth
