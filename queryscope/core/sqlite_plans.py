"""EXPLAIN QUERY PLAN of SQLite -> :class:`Plan`. It tells no costs, rows or times."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from .plans import Plan, PlanNode, Relationship

#: Since 3.36 "SEARCH t USING INDEX i (a=?)", t the alias; before "SEARCH TABLE tasks AS t USING".
_ACCESS = re.compile(
    r"""
    (?P<kind>SCAN|SEARCH)(?:[ ](?P<what>TABLE|SUBQUERY))?
    [ ](?P<name>.+?)(?:[ ]AS[ ](?P<alias>.+?))?
    (?:[ ]USING[ ](?:
        (?P<automatic>AUTOMATIC[ ])?(?P<partial>PARTIAL[ ])?(?P<covering>COVERING[ ])?
        INDEX(?:[ ](?P<index>[^(].*?))?
        |(?P<primary>(?:INTEGER[ ])?PRIMARY[ ]KEY)
    ))?
    (?:[ ](?P<virtual>VIRTUAL[ ]TABLE[ ]INDEX[ ].*?))?
    (?:[ ]\((?P<condition>[^()]*(?:\([^()]*\)[^()]*)*)\))?
    (?P<rest>(?:[ ](?:LEFT-JOIN|EXISTS|\(~[0-9]+[ ]rows\)))*)
    """,
    re.VERBOSE | re.DOTALL,
)
_CONSTANT = re.compile(r"(?P<kind>SCAN) (?P<what>(?:[0-9]+ )?CONSTANT ROWS?)")
_TEMPORARY = re.compile(r"(?P<kind>USE TEMP B-TREE) FOR (?P<purpose>.*)", re.DOTALL)
_SUBQUERY = re.compile(
    r"(?:EXECUTE )?(?P<kind>(?P<correlated>CORRELATED )?(?:REUSE )?(?:SCALAR|LIST) SUBQUERY)"
    r" (?P<number>[0-9]+)"
)
_NAMED = re.compile(r"(?P<kind>CO-ROUTINE|MATERIALIZE) (?P<alias>.+)", re.DOTALL)
_FLAGS = ("automatic", "partial", "covering")


def plan_of(rows: Iterable[Sequence[Any]], tables: Mapping[str, str] | None = None) -> Plan:
    """The plan in what EXPLAIN QUERY PLAN returned: id, parent, an unused number, text.

    ``tables`` names the table of each alias, which new versions leave out.
    """
    below: dict[int, list[tuple[int, str]]] = {}
    derived: set[str] = set()
    for number, parent, _, text in rows:
        below.setdefault(parent, []).append((number, text))
        if found := _NAMED.fullmatch(text):
            derived.add(found["alias"])
    names: dict[str, str | None] = dict(tables or {})
    # Subqueries and CTEs are scanned by their names, as tables are.
    names.update(dict.fromkeys(derived))
    names.update({alias: None for alias, table in names.items() if table in derived})
    return Plan(PlanNode("QUERY PLAN", children=_children(0, below, names)), vendor="sqlite")


def _children(
    parent: int, below: Mapping[int, list[tuple[int, str]]], tables: Mapping[str, str | None]
) -> tuple[PlanNode, ...]:
    return tuple(
        _node(text, tables, _children(number, below, tables))
        for number, text in below.get(parent, ())
    )


def _node(text: str, tables: Mapping[str, str | None], children: tuple[PlanNode, ...]) -> PlanNode:
    given = {"Detail": text}
    if found := _CONSTANT.fullmatch(text):
        return PlanNode("SCAN", details={**given, "Rows": found["what"]}, children=children)
    if found := _ACCESS.fullmatch(text):
        return _access(found, tables, given, children)
    if found := _TEMPORARY.fullmatch(text):
        return PlanNode(
            found["kind"], details={**given, "Purpose": found["purpose"]}, children=children
        )
    if found := _SUBQUERY.fullmatch(text):
        name = f"{found['kind']} {found['number']}"
        how: Relationship = "sub-plan" if found["correlated"] else "init-plan"
        return PlanNode(
            found["kind"], subplan=name, relationship=how, details=given, children=children
        )
    if found := _NAMED.fullmatch(text):
        return PlanNode(found["kind"], alias=found["alias"], details=given, children=children)
    return PlanNode(text, details=given, children=children)


def _access(
    found: re.Match[str],
    tables: Mapping[str, str | None],
    given: Mapping[str, Any],
    children: tuple[PlanNode, ...],
) -> PlanNode:
    name, alias = found["name"], found["alias"]
    relation: str | None
    if found["what"] == "SUBQUERY" or name.startswith("("):
        relation, alias = None, alias or name
    elif alias or found["what"]:
        relation = name
    else:
        relation, alias = tables.get(name, name), name
    details = dict(given)
    details.update({flag.capitalize(): True for flag in _FLAGS if found[flag]})
    if found["primary"]:
        details["Primary Key"] = True
    if found["virtual"]:
        details["Virtual Table"] = found["virtual"]
    return PlanNode(
        kind=found["kind"],
        relation=relation,
        alias=alias or relation,
        index=found["index"],
        join_type="Left" if "LEFT-JOIN" in found["rest"] else None,
        conditions={"Index Cond": found["condition"]} if found["condition"] else {},
        details=details,
        children=children,
    )
