"""A source file as a tree with positions: what stands on a line, and around it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import Any

import libcst as cst
from libcst.metadata import CodeRange, MetadataWrapper, ParentNodeProvider, PositionProvider

from .results import Uncertain
from .texts import Text

Function = cst.FunctionDef


class Parsed:
    """The tree of one file; its nodes are the same objects as long as it lives."""

    def __init__(self, text: Text) -> None:
        self.text = text
        try:
            self._wrapper = MetadataWrapper(cst.parse_module(text.text))
        except (cst.ParserSyntaxError, RecursionError) as error:
            raise Uncertain("its source cannot be read as Python") from error
        self.module = self._wrapper.module

    @cached_property
    def _known(self) -> Mapping[Any, Mapping[cst.CSTNode, Any]]:
        return self._wrapper.resolve_many([PositionProvider, ParentNodeProvider])

    @property
    def positions(self) -> Mapping[cst.CSTNode, CodeRange]:
        return self._known[PositionProvider]

    @property
    def parents(self) -> Mapping[cst.CSTNode, cst.CSTNode]:
        return self._known[ParentNodeProvider]

    @cached_property
    def lines(self) -> list[str]:
        return self.text.text.split("\n")

    def line_of(self, node: cst.CSTNode) -> int:
        return self.positions[node].start.line

    def code(self, node: cst.CSTNode) -> str:
        return self.module.code_for_node(node)

    def above(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """The nodes around one, the innermost first."""
        while (parent := self.parents.get(node)) is not None:
            yield parent
            node = parent

    def class_around(self, node: cst.CSTNode) -> cst.ClassDef | None:
        """The class in whose body a node stands, unless a function is between."""
        for parent in self.above(node):
            if isinstance(parent, cst.ClassDef):
                return parent
            if isinstance(parent, Function):
                return None
        return None

    def functions_around(self, node: cst.CSTNode) -> Iterator[Function]:
        return (parent for parent in self.above(node) if isinstance(parent, Function))

    @cached_property
    def statements(self) -> tuple[cst.CSTNode, ...]:
        """All compound statements, and the lines of simple ones."""
        kinds = (cst.BaseCompoundStatement, cst.SimpleStatementLine, cst.SimpleStatementSuite)
        return tuple(node for node in self.parents if isinstance(node, kinds))

    def definition_at(self, line: int) -> cst.ClassDef | Function | None:
        """The class or function whose ``class`` or ``def`` stands on a line."""
        for node in self.statements:
            if isinstance(node, cst.ClassDef | Function) and self.line_of(node.name) == line:
                return node
        return None

    def statement_at(self, line: int) -> cst.CSTNode | None:
        """The innermost statement that holds a line, or the head of a compound one."""
        best: cst.CSTNode | None = None
        for node in self.statements:
            where = self.positions[node]
            if where.start.line <= line <= where.end.line:
                best = self._closer(best, node)
        return best

    def _closer(self, one: cst.CSTNode | None, other: cst.CSTNode) -> cst.CSTNode:
        if one is None:
            return other
        mine, its = self.positions[one], self.positions[other]
        span = (mine.end.line - mine.start.line, mine.end.column)
        return other if (its.end.line - its.start.line, its.end.column) <= span else one

    def expressions(self, statement: cst.CSTNode) -> Iterator[cst.BaseExpression]:
        """What a statement says, without the statements in it."""
        for node in self.walk(statement, into_bodies=False):
            if isinstance(node, cst.BaseExpression):
                yield node

    def walk(self, node: cst.CSTNode, *, into_bodies: bool = True) -> Iterator[cst.CSTNode]:
        pending = [node]
        while pending:
            current = pending.pop()
            yield current
            pending += [
                child
                for child in reversed(current.children)
                if into_bodies or not isinstance(child, cst.BaseSuite | cst.Else | cst.Finally)
            ]
