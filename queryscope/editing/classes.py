"""What a class says of its rows: attributes and a method that a fix adds to it or changes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import libcst as cst

from .chains import calls_of
from .parsed import Function
from .results import Uncertain

_BLANK = cst.EmptyLine(indent=False)


@dataclass(frozen=True, slots=True)
class Member:
    """A statement of a class body under the name that it binds."""

    name: str
    statement: cst.BaseStatement | cst.BaseSmallStatement
    value: cst.BaseExpression | None = None


def members(cls: cst.ClassDef) -> list[Member]:
    """Assignments and methods of a class, in their order."""
    found = []
    for statement in cls.body.body:
        if isinstance(statement, Function):
            found.append(Member(statement.name.value, statement))
        elif isinstance(statement, cst.SimpleStatementLine) and len(statement.body) == 1:
            small = statement.body[0]
            if isinstance(small, cst.Assign) and len(small.targets) == 1:
                target, value = small.targets[0].target, small.value
            elif isinstance(small, cst.AnnAssign) and small.value is not None:
                target, value = small.target, small.value
            else:
                continue
            if isinstance(target, cst.Name):
                found.append(Member(target.value, statement, value))
    return found


def member(cls: cst.ClassDef, name: str) -> Member | None:
    return next((m for m in reversed(members(cls)) if m.name == name), None)


def with_attribute(cls: cst.ClassDef, code: str, after: Sequence[str]) -> cst.ClassDef:
    """The class with one more attribute, behind the last of those named ``after``."""
    body = _body(cls)
    line = cst.parse_statement(code)
    at = 0
    if _is_docstring(body[0]):
        at = 1
    if at == 0 and isinstance(body[0], cst.SimpleStatementLine) and _is_pass(body[0]):
        return _with_body(cls, [line, *body[1:]])
    named = [_name(statement) for statement in body]
    for name in after:
        if name in named:
            at = len(named) - named[::-1].index(name)
            break
    else:
        plain = [i for i, s in enumerate(body) if isinstance(s, Function | cst.ClassDef)]
        assigned = [i + 1 for i, n in enumerate(named) if n and i < min(plain, default=len(body))]
        at = max([at, *assigned])
    if at == 1 and _is_docstring(body[0]):
        line = line.with_changes(leading_lines=[_BLANK])
    following = body[at:]
    if following and isinstance(following[0], Function | cst.ClassDef):
        following = [_set_apart(following[0]), *following[1:]]
    return _with_body(cls, [*body[:at], line, *following])


def with_method(cls: cst.ClassDef, code: str) -> cst.ClassDef:
    """The class with one more method, before those that it has and behind its attributes."""
    body = _body(cls)
    method = cst.parse_statement(code)
    assert isinstance(method, Function)
    if len(body) == 1 and isinstance(body[0], cst.SimpleStatementLine) and _is_pass(body[0]):
        return _with_body(cls, [method])
    at = next((i for i, s in enumerate(body) if isinstance(s, Function)), len(body))
    following = body[at:]
    if following:
        following = [_set_apart(following[0]), *following[1:]]
    if at:
        method = method.with_changes(leading_lines=[_BLANK])
    return _with_body(cls, [*body[:at], method, *following])


def returning(methods: str, *, admin: bool) -> str:
    """A ``get_queryset`` that adds to what the class has."""
    given, passed = ("self, request", "request") if admin else ("self", "")
    calls_of(methods)
    return f"def get_queryset({given}):\n    return super().get_queryset({passed}){methods}\n"


def _body(cls: cst.ClassDef) -> list[cst.BaseStatement]:
    if not isinstance(cls.body, cst.IndentedBlock):
        raise Uncertain(f"class {cls.name.value} is on one line")
    return list(cls.body.body)


def _with_body(cls: cst.ClassDef, body: Sequence[cst.BaseStatement]) -> cst.ClassDef:
    return cls.with_changes(body=cls.body.with_changes(body=list(body)))


def _name(statement: cst.BaseStatement) -> str:
    if not isinstance(statement, cst.SimpleStatementLine):
        return ""
    small = statement.body[0]
    target: cst.BaseExpression | None = None
    if isinstance(small, cst.Assign):
        target = small.targets[0].target
    elif isinstance(small, cst.AnnAssign):
        target = small.target
    return target.value if isinstance(target, cst.Name) else ""


def _set_apart(statement: cst.BaseStatement) -> cst.BaseStatement:
    assert isinstance(statement, Function | cst.ClassDef | cst.SimpleStatementLine)
    lines = statement.leading_lines
    if lines and lines[0].comment is None:
        return statement
    return statement.with_changes(leading_lines=[_BLANK, *lines])


def _is_docstring(statement: cst.BaseStatement) -> bool:
    if not isinstance(statement, cst.SimpleStatementLine):
        return False
    small = statement.body[0]
    return isinstance(small, cst.Expr) and isinstance(
        small.value, cst.SimpleString | cst.ConcatenatedString
    )


def _is_pass(statement: cst.SimpleStatementLine) -> bool:
    return isinstance(statement.body[0], cst.Pass)
