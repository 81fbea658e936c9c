"""Which expression of a file builds the queryset that a fix is for."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import libcst as cst

from ..core.repairs import Fix
from .arguments import called, text_of
from .chains import ENDS, QUERYSETS, length
from .parsed import Function, Parsed
from .results import Uncertain

#: Functions that take a model, or what they find objects in, as their first argument.
SHORTCUTS = frozenset(
    {"get_object_or_404", "get_list_or_404", "aget_object_or_404", "aget_list_or_404"}
)
_HEAD = re.compile(r"(\w+)\.(\w+)")
_ITERATORS = frozenset({"iterator", "aiterator"})


@dataclass(frozen=True, slots=True)
class Head:
    """How a queryset begins in a fix: ``Task.objects``, ``project.tasks``."""

    owner: str
    name: str

    @property
    def is_model(self) -> bool:
        return self.owner[:1].isupper()


@dataclass(frozen=True, slots=True)
class Target:
    """A chain: ``node`` is what a fix replaces, with ``depth`` calls in it.

    ``manager`` is what goes behind a model that stands alone (".objects"); ``iterator`` is the call
    that streams the rows.
    """

    node: cst.BaseExpression
    depth: int
    manager: str = ""
    iterator: cst.Call | None = None


def head_of(fix: Fix) -> Head | None:
    """How the queryset of a fix begins; None where its code does not begin with one."""
    found = _HEAD.match(fix.code)
    return Head(found[1], found[2]) if found else None


class Targets:
    """Looks for querysets in one file; ``is_queryset`` tells of methods that are not Django's."""

    def __init__(self, parsed: Parsed, is_queryset: Callable[[str, str], bool | None]) -> None:
        self._parsed = parsed
        self._is_queryset = is_queryset

    def at(self, line: int, fix: Fix) -> Target:
        """The only queryset on a line that fits the fix. Raises Uncertain."""
        statement = self._parsed.statement_at(line)
        found = list(self._in(statement, fix)) if statement is not None else []
        on_line = [node for node in found if self._parsed.line_of(node) == line]
        if len(found := on_line or found) != 1:
            raise Uncertain(
                f"line {line} has several such querysets"
                if found
                else f"line {line} does not build the queryset"
            )
        return self.target(found[0], fix)

    def returned(self, function: Function, fix: Fix) -> Target:
        """What a function returns, when it says so once. Raises Uncertain."""
        parsed = self._parsed
        returns = [
            node
            for node in parsed.walk(function.body)
            if isinstance(node, cst.Return) and next(parsed.functions_around(node)) is function
        ]
        name = function.name.value
        if len(returns) != 1 or returns[0].value is None:
            raise Uncertain(f"{name}() returns in {len(returns) or 'no'} places")
        value = returns[0].value
        within = [
            node
            for node in self._in(returns[0], fix)
            if self._outermost(node) is value or self._is_start(node, value)
        ]
        if len(within) == 1:
            return self.target(within[0], fix)
        if name != "get_queryset" or not isinstance(value, cst.Call | cst.Name | cst.Attribute):
            raise Uncertain(f"what {name}() returns is not known to be a queryset")
        return Target(value, 0)

    def _in(self, statement: cst.CSTNode, fix: Fix) -> Iterator[cst.BaseExpression]:
        """The expressions where a queryset begins that fits."""
        head, expressions = head_of(fix), list(self._parsed.expressions(statement))
        named = [e for e in expressions if head is not None and self._begins(e, head)]
        if named:
            # What a fix drops tells apart what begins alike.
            fitting = [e for e in named if not fix.drops or self._loads(e, fix.drops)]
            yield from fitting or named
        elif fix.drops:
            yield from (
                base
                for e in expressions
                if isinstance(e, cst.Call)
                and called(e) in ("select_related", "prefetch_related")
                and {text_of(arg) for arg in e.args} & set(fix.drops)
                and (base := _base(e)) is not None
            )
        else:
            yield from (e for e in expressions if self._is_own(e))

    def _begins(self, node: cst.BaseExpression, head: Head) -> bool:
        if isinstance(node, cst.Attribute) and node.attr.value == head.name:
            parent = self._parsed.parents.get(node)
            if isinstance(parent, cst.Call) and parent.func is node:
                return False
            owner = node.value
            named = owner.attr.value if isinstance(owner, cst.Attribute) else None
            named = owner.value if isinstance(owner, cst.Name) else named
            if isinstance(owner, cst.Call) and called(owner) == "get_user_model":
                named = head.owner
            return not head.is_model or (named is not None and named in self._names(head.owner))
        if isinstance(node, cst.Name) and head.is_model and node.value in self._names(head.owner):
            return self._shortcut(node) is not None
        return False

    def _names(self, model: str) -> set[str]:
        """What the file calls a model."""
        names = {model}
        for node in self._parsed.module.body:
            for each in node.body if isinstance(node, cst.SimpleStatementLine) else ():
                if isinstance(each, cst.ImportFrom) and not isinstance(each.names, cst.ImportStar):
                    names |= {
                        alias.asname.name.value
                        for alias in each.names
                        if alias.name.value == model
                        and alias.asname is not None
                        and isinstance(alias.asname.name, cst.Name)
                    }
        return names

    def _shortcut(self, node: cst.CSTNode) -> cst.Call | None:
        """The call of a shortcut that is given a model itself."""
        arg = self._parsed.parents.get(node)
        call = self._parsed.parents.get(arg) if isinstance(arg, cst.Arg) else None
        if isinstance(call, cst.Call) and called(call) in SHORTCUTS and call.args[0] is arg:
            return call
        return None

    def _is_own(self, node: cst.BaseExpression) -> bool:
        """Where a class of querysets, of rows or a view begins one of its own."""
        code = self._parsed.code(node) if isinstance(node, cst.Call | cst.Name) else ""
        parent = self._parsed.parents.get(node)
        if code == "self" or code == "cls":
            return isinstance(parent, cst.Attribute) and parent.attr.value in QUERYSETS - {
                "get_queryset"
            }
        return re.fullmatch(r"(super\(\)|self)\.get_queryset\((\w+)?\)", code) is not None

    def _loads(self, base: cst.CSTNode, drops: tuple[str, ...]) -> bool:
        return any(
            text_of(arg) in drops for call in self._calls(base) for arg in call.args if arg.value
        )

    def target(self, base: cst.BaseExpression, fix: Fix) -> Target:
        """The chain that begins with ``base``, up to where the fix belongs. Raises Uncertain."""
        head = head_of(fix)
        if self._shortcut(base) is not None and head is not None:
            return Target(base, 0, f".{head.name}")
        calls = list(self._calls(base))
        top: cst.BaseExpression = calls[-1] if calls else base
        after = self._parsed.parents.get(top)
        sliced = isinstance(after, cst.Subscript) and after.value is top
        names = [called(call) for call in calls]
        model = head.owner if head is not None and head.is_model else ""
        depth = length(names, sliced, lambda name: self._is_queryset(model, name))
        if names[depth:] and names[depth] in ("union", "intersection", "difference"):
            raise Uncertain("it is combined with another queryset")
        streams = next((c for c in calls[depth:] if called(c) in _ITERATORS), None)
        return Target(calls[depth - 1] if depth else base, depth, "", streams)

    def _calls(self, base: cst.CSTNode) -> Iterator[cst.Call]:
        """The methods called on it, one after the other."""
        parents = self._parsed.parents
        while True:
            attribute = parents.get(base)
            call = parents.get(attribute) if isinstance(attribute, cst.Attribute) else None
            if not (isinstance(call, cst.Call) and call.func is attribute):
                return
            yield call
            base = call

    def _outermost(self, base: cst.CSTNode) -> cst.CSTNode:
        calls = list(self._calls(base))
        return calls[-1] if calls else base

    def _is_start(self, base: cst.CSTNode, value: cst.CSTNode) -> bool:
        """Whether what is returned is a part of the rows."""
        return isinstance(value, cst.Subscript) and value.value is self._outermost(base)


def _base(node: cst.BaseExpression) -> cst.BaseExpression | None:
    """Where a chain begins: at a manager, or at a call of something else."""
    while isinstance(node, cst.Call) and isinstance(node.func, cst.Attribute):
        if node.func.attr.value not in QUERYSETS | ENDS:
            return node
        node = node.func.value
    return node
