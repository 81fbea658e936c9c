"""The queryset of a fix in the source, and how it changes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import libcst as cst

from ..core.findings import Finding
from ..core.repairs import Fix
from ..core.sightings import Location
from .arguments import added
from .chains import Change, calls_in, calls_of, changed
from .classes import Member, member, members, returning, with_attribute, with_method
from .custom import has_rows, is_queryset, overrides
from .names import missing
from .parsed import Function, Parsed
from .plans import Plan
from .rereads import requoted
from .results import Uncertain
from .sessions import Session
from .styles import quote_of
from .targets import Target, Targets, head_of

#: Attributes behind which a view's own rows, or what a changelist joins, belong.
_BESIDE_ROWS = ("model",)
_BESIDE_JOINS = ("list_display", "list_filter", "search_fields")
_ROWS = ("queryset", "items")


def plans_for(fix: Fix, findings: Sequence[Finding], session: Session) -> Iterator[Plan]:
    """The changes that make a queryset load what its fix says. Raises Uncertain."""
    if not (fix.methods or fix.deferral or fix.drops):
        raise Uncertain("it is not a change of one queryset")
    origin = findings[0].origin
    if origin is None:
        raise Uncertain("where the rows come from is not known")
    if not origin.file.endswith(".py"):
        raise Uncertain("a template builds the queryset")
    yield from _Origin(session.parsed(origin), origin, fix, findings).plans()


@dataclass(frozen=True, slots=True)
class _Origin:
    """The place where the rows of one fix come from."""

    parsed: Parsed
    location: Location
    fix: Fix
    findings: Sequence[Finding]

    @property
    def targets(self) -> Targets:
        return Targets(self.parsed, lambda model, name: is_queryset(model, name, self.location))

    def plans(self) -> Iterator[Plan]:
        line, fix = self.location.line, self.fix
        definition = self.parsed.definition_at(line)
        if isinstance(definition, cst.ClassDef):
            yield from self._of_class(definition)
        elif definition is not None:
            yield from self._of_chain(self.targets.returned(definition, fix))
        elif (owner := self._class_of_rows(line)) is not None:
            yield from self._of_class(owner)
        else:
            yield from self._of_chain(self.targets.at(line, fix))

    def _class_of_rows(self, line: int) -> cst.ClassDef | None:
        """The class that an attribute on a line says its rows with, but for a queryset itself."""
        statement = self.parsed.statement_at(line)
        owner = self.parsed.class_around(statement) if statement is not None else None
        rows = ("model", "list_select_related", "serializer_class")
        own = members(owner) if owner is not None else []
        named = any(m.statement is statement and m.name in rows for m in own)
        return owner if named else None

    def _of_class(self, cls: cst.ClassDef) -> Iterator[Plan]:
        if not self._is_admin and not has_rows(self.location.file, self.location.function):
            raise Uncertain(f"class {cls.name.value} does not say these rows")
        own = member(cls, "get_queryset")
        if own is not None and isinstance(own.statement, Function):
            yield from self._of_chain(self.targets.returned(own.statement, self.fix))
        elif self._is_admin:
            yield from self._of_admin(cls)
        else:
            yield from self._of_view(cls)

    @property
    def _is_admin(self) -> bool:
        return self.fix.code.startswith(("list_select_related", "def get_queryset(self, request)"))

    def _of_admin(self, cls: cst.ClassDef) -> Iterator[Plan]:
        names = re.fullmatch(r"\.select_related\((.*)\)", self.fix.methods)
        self._needs_nothing_else()
        if names is None or not self.fix.code.startswith("list_select_related"):
            yield self._method(cls, admin=True)
            return
        joined = member(cls, "list_select_related")
        code = self.fix.code.partition(" = ")[2]
        if joined is not None and joined.value is not None:
            yield self._joined(joined, code)
            return
        line = f"list_select_related = {self._quoted(code, cls)}"
        yield self._of_node(cls, lambda c: with_attribute(c, line, _BESIDE_JOINS), "")

    def _joined(self, joined: Member, code: str) -> Plan:
        """A list that is there, with what is missing in it."""
        value = joined.value
        assert value is not None
        new = cst.parse_expression(self._quoted(code, value))
        assert isinstance(new, cst.List)
        if isinstance(value, cst.Tuple):
            inner = ", ".join(self.parsed.code(e.value) for e in new.elements)
            comma = "," if len(new.elements) == 1 else ""
            return self._of_node(value, lambda _: cst.parse_expression(f"({inner}{comma})"), "")
        return self._of_node(value, lambda _: new, "")

    def _of_view(self, cls: cst.ClassDef) -> Iterator[Plan]:
        for name in _ROWS:
            rows = member(cls, name)
            if rows is not None and isinstance(rows.statement, Function):
                yield from self._of_chain(self.targets.returned(rows.statement, self.fix))
                return
            if rows is not None and rows.value is not None:
                line = self.parsed.line_of(rows.value)
                yield from self._of_chain(self.targets.at(line, self.fix))
                return
        self._needs_nothing_else()
        head, model = head_of(self.fix), member(cls, "model")
        class_name = self.location.function
        plain = head is not None and head.is_model and model is not None
        if plain and head is not None and not overrides(self.location.file, class_name):
            named = self.parsed.code(model.value) if model and model.value else head.owner
            code = f"queryset = {named}.{head.name}{self._quoted(self.fix.methods, cls)}"
            yield self._of_node(
                cls, lambda c: with_attribute(c, code, _BESIDE_ROWS), self.fix.methods
            )
            return
        yield self._method(cls, admin=False)

    def _method(self, cls: cst.ClassDef, *, admin: bool) -> Plan:
        code = returning(self._quoted(self.fix.methods, cls), admin=admin)
        return self._of_node(cls, lambda c: with_method(c, code), self.fix.methods)

    def _needs_nothing_else(self) -> None:
        if self.fix.deferral or self.fix.drops:
            raise Uncertain("what it loads now is not said there")

    def _of_chain(self, target: Target) -> Iterator[Plan]:
        fix = self.fix
        methods = self._quoted(fix.methods, target.node)
        deferral = self._quoted(fix.deferral, target.node)
        change = Change(
            calls_of(methods),
            next(iter(calls_of(deferral)), None) if deferral else None,
            frozenset(fix.drops),
            fix.lookups,
        )
        manager, depth = target.manager, target.depth

        def edited(node: cst.CSTNode) -> cst.CSTNode:
            assert isinstance(node, cst.BaseExpression)
            if manager:
                node = cst.parse_expression(f"{self.parsed.code(node)}{manager}")
            # Another fix of the same queryset may have been here before, and added calls.
            grown = calls_in(node) - calls_in(target.node)
            return changed(node, depth + grown, change)

        edited(target.node)
        yield self._of_node(target.node, edited, fix.methods)
        if target.iterator is not None and change.fetches and not target.iterator.args:
            chunks = cst.parse_expression("_(chunk_size=2000)")
            assert isinstance(chunks, cst.Call)
            given = chunks.args
            yield self._of_node(
                target.iterator, lambda c: added(c, given) if isinstance(c, cst.Call) else c, ""
            )

    def _of_node(self, node: cst.CSTNode, change: Callable[..., cst.CSTNode], said: str) -> Plan:
        needed = {}
        if said:
            needed = missing(f"_{said}", self.findings, self.parsed, node)
        return Plan(self.location.file, node, change, said=said, imports=needed)

    def _quoted(self, code: str, node: cst.CSTNode) -> str:
        return requoted(code, quote_of(self.parsed, node))
