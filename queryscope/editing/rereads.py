"""What reads the rows changes with them: in Python, at the line that read them."""

from __future__ import annotations

import ast
import re

import libcst as cst

from ..core.repairs import Rewrite
from .arguments import dumped
from .parsed import Parsed
from .results import Uncertain
from .styles import quote_of

#: Where a conditional expression needs no parentheses.
_OPEN = (
    *(cst.Arg, cst.Assign, cst.AnnAssign, cst.Return, cst.Expr, cst.Element, cst.DictElement),
    *(cst.If, cst.While, cst.AugAssign, cst.Index, cst.FormattedStringExpression, cst.Yield),
)
_COUNTS = frozenset({"count", "exists"})


def new_names(rewrite: Rewrite) -> tuple[str, ...]:
    """The attributes of the rows that the new code reads and the old one did not."""
    old = _attributes(rewrite.before)
    return tuple(name for name in _attributes(rewrite.after) if name not in old)


def _attributes(code: str) -> dict[str, str]:
    """Attributes by name, with what they are read from."""
    tree = ast.parse(f"({'_' if code.startswith('.') else ''}{code})", mode="eval")
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute))
    return {node.attr: ast.unparse(node.value) for node in nodes}


def place_of(parsed: Parsed, line: int, rewrite: Rewrite) -> cst.BaseExpression:
    """The expression on a line that a rewrite is for. Raises Uncertain."""
    statement = parsed.statement_at(line)
    wanted = dumped(rewrite.before)
    found: list[cst.BaseExpression] = [
        node
        for node in (parsed.expressions(statement) if statement is not None else ())
        if isinstance(node, cst.Call | cst.Attribute | cst.Subscript)
        and dumped(parsed.code(node)) == wanted
    ]
    if not found and statement is not None:
        found = _by_name(parsed, statement, rewrite)
    if len(found) != 1:
        times = f"{len(found)} times" if found else "not"
        raise Uncertain(f"{rewrite.before} is {times} on line {line}")
    # What a row holds is there: ``await row.tags.acount()`` awaits nothing any more.
    above = parsed.parents.get(found[0])
    return above if isinstance(above, cst.Await) else found[0]


def _by_name(parsed: Parsed, statement: cst.CSTNode, rewrite: Rewrite) -> list[cst.BaseExpression]:
    """Where a manager is counted under a name that it was given before: ``tags.count()``."""
    function = next(parsed.functions_around(statement), None)
    if function is None or not re.fullmatch(r"\w+(\.\w+)+", rewrite.after):
        return []
    given: dict[str, list[str]] = {}
    for node in parsed.walk(function):
        if isinstance(node, cst.AssignTarget | cst.AnnAssign | cst.AugAssign | cst.NamedExpr):
            above = parsed.parents[node]
            value = above.value if isinstance(above, cst.Assign) else getattr(node, "value", None)
            for name in ast.walk(ast.parse(parsed.code(node.target).strip())):
                if isinstance(name, ast.Name):
                    given.setdefault(name.id, []).append(parsed.code(value) if value else "")
        elif isinstance(node, cst.For | cst.CompFor | cst.AsName):
            return []
    wanted = dumped(rewrite.before)
    names = {n for n, values in given.items() if [dumped(v or "''") for v in values] == [wanted]}
    if rewrite.after.partition(".")[0] in given:
        return []
    return [
        node
        for node in parsed.expressions(statement)
        if isinstance(node, cst.Call)
        and isinstance(node.func, cst.Attribute)
        and isinstance(node.func.value, cst.Name)
        and node.func.value.value in names
        and node.func.attr.value in _COUNTS
        and not node.args
    ]


def code_for(parsed: Parsed, node: cst.BaseExpression, rewrite: Rewrite) -> str:
    """What takes its place: where other rows may be read, only for rows that have it."""
    names = new_names(rewrite)
    if not (rewrite.elsewhere and names):
        return rewrite.after
    owner = _attributes(rewrite.after)[names[0]]
    if "(" in owner:
        raise Uncertain(f"{owner} would be asked twice")
    has = f'hasattr({owner}, "{names[0]}")'
    return f"{rewrite.after} if {has} else {parsed.code(node)}"


def instead(parsed: Parsed, node: cst.BaseExpression, rewrite: Rewrite) -> cst.BaseExpression:
    """The new expression. Raises Uncertain."""
    code = code_for(parsed, node.with_changes(lpar=[], rpar=[]), rewrite)
    new = cst.parse_expression(requoted(code, quote_of(parsed, node)))
    if node.lpar:
        return new.with_changes(lpar=node.lpar, rpar=node.rpar)
    if isinstance(new, cst.IfExp) and not isinstance(parsed.parents[node], _OPEN):
        return new.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    return new


def requoted(code: str, quote: str) -> str:
    """The code with the quotes that a file uses, where no string holds one itself."""
    if quote == '"':
        return code
    strings = [
        node.value
        for node in ast.walk(ast.parse(f"(_{code})" if code[:1] == "." else f"({code})"))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    ]
    if "'" in code or any('"' in string or "\\" in string for string in strings):
        return code
    return code.replace('"', "'")
