"""Whose are the milliseconds and blocks: from what PostgreSQL prints to totals and own shares.

The server gives averages of one loop, children included. Three things stand between them and a
node's own share:

- Under Gather several processes run the same nodes at once. Their loops are added up, so the time
  of all loops is that of all processes; what the statement waited for is one process's part.
- An InitPlan runs when its value is first needed, and a CTE when it is read: inside of the node
  that asks, which is seldom the one it is listed under.
- Estimates of rows are for one loop, and in a parallel part for one process.

Averages are rounded to microseconds, so that a node of many loops may seem to take less than what
it waits for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Any

from .plans import Buffers

Raw = Mapping[str, Any]

_GATHERS = frozenset({"Gather", "Gather Merge"})
_FIELDS = tuple(field.name for field in fields(Buffers))
BUFFER_KEYS = {
    name: " ".join([*map(str.capitalize, name.split("_")), "Blocks"]) for name in _FIELDS
}
#: "InitPlan 1 (returns $0,$1)" before PostgreSQL 17, "InitPlan 1" since.
_INIT_PLAN = re.compile(r"(InitPlan [0-9]+)(?: \(returns (.*)\))?")
_ROUNDING_MS = 0.0005
_CTE = re.compile(r"CTE (.*)", re.DOTALL)


@dataclass(slots=True)
class Account:
    """What belongs to a node: of all its loops, own shares without children."""

    rows_estimated: float | None
    duration_ms: float | None
    self_ms: float | None
    buffers: Buffers | None
    self_buffers: Buffers | None


@dataclass(frozen=True, slots=True)
class _Team:
    """The processes that run a node: how many did, and by what the planner divided their rows."""

    processes: float = 1.0
    divisor: float = 1.0


def accounts(root: Raw, settings: Mapping[str, str]) -> dict[int, Account]:
    """One account for each node of the plan, by its ``id()``."""
    found: dict[int, Account] = {}
    _open(root, _Team(), settings.get("parallel_leader_participation") != "off", found)
    for parent in _walk(root):
        for child in _children(parent):
            if child.get("Parent Relationship") == "InitPlan":
                _charge(child, parent, found)
    return found


def buffers_of(raw: Raw) -> Buffers | None:
    """The blocks that a node touched; None where they were not counted."""
    if BUFFER_KEYS["shared_hit"] not in raw:
        return None
    return Buffers(**{name: raw.get(key, 0) for name, key in BUFFER_KEYS.items()})


def _open(raw: Raw, team: _Team, leader_helps: bool, found: dict[int, Account]) -> None:
    """Accounts of a node and all below, as if every child ran inside of its parent."""
    loops = raw.get("Actual Loops")
    time = raw.get("Actual Total Time")
    duration_ms = None if time is None or loops is None else time * loops / team.processes
    buffers = self_buffers = buffers_of(raw)
    below_ms = 0.0
    below = _team_below(raw, leader_helps) if raw["Node Type"] in _GATHERS else team
    for child in _children(raw):
        # The leader evaluates an InitPlan before it starts the others.
        apart = child.get("Parent Relationship") == "InitPlan"
        _open(child, _Team() if apart else below, leader_helps, found)
        if not apart:
            below_ms += found[id(child)].duration_ms or 0.0
            self_buffers = _minus(self_buffers, found[id(child)].buffers)
    if duration_ms is not None and loops is not None:
        lost = _ROUNDING_MS * loops / team.processes
        duration_ms = max(duration_ms, min(below_ms, duration_ms + lost))
    rows, self_ms = _rows_estimated(raw, team), _less(duration_ms, below_ms)
    found[id(raw)] = Account(rows, duration_ms, self_ms, buffers, self_buffers)


def _team_below(gather: Raw, leader_helps: bool) -> _Team:
    workers = gather.get("Workers Planned", 0)
    leader = max(0.0, 1.0 - 0.3 * workers) if leader_helps else 0.0
    child = next(iter(_children(gather)), {})
    loops = gather.get("Actual Loops") or 1.0
    # How many took part is what their loops tell: fewer than planned may have been launched.
    processes = (child.get("Actual Loops") or loops) / loops
    return _Team(max(1.0, processes), 1.0 if gather.get("Single Copy") else workers + leader)


def _rows_estimated(raw: Raw, team: _Team) -> float | None:
    rows, loops = raw.get("Plan Rows"), raw.get("Actual Loops")
    if rows is None:
        return None
    if team.divisor > 1.0 and _is_partial(raw):
        # Each process was expected to bring its part of them.
        return float(rows * team.divisor * ((loops or team.processes) / team.processes))
    return float(rows * (loops or 1.0))


def _is_partial(raw: Raw) -> bool:
    """Whether each process brings some of the rows, rather than all of them."""
    if raw.get("Parallel Aware"):
        return True
    fed_by = ("Outer", "Member", "Subquery")
    return any(
        _is_partial(child)
        for child in _children(raw)
        if child.get("Parent Relationship") in fed_by and child["Node Type"] not in _GATHERS
    )


def _charge(init: Raw, parent: Raw, found: dict[int, Account]) -> None:
    """Take what an InitPlan or CTE used from the nodes in whose time it ran, first things first."""
    account = found[id(init)]
    left_ms, left_buffers = account.duration_ms, account.buffers
    for user in (*_users(init, parent), parent):
        payer = found[id(user)]
        before_ms, before = payer.self_ms, payer.self_buffers
        payer.self_ms = _less(before_ms, left_ms)
        payer.self_buffers = _minus(before, left_buffers)
        if left_ms is not None and before_ms is not None and payer.self_ms is not None:
            left_ms -= before_ms - payer.self_ms
        if before is not None and payer.self_buffers is not None:
            left_buffers = _minus(left_buffers, _minus(before, payer.self_buffers))


def _users(init: Raw, parent: Raw) -> Iterator[Raw]:
    """Nodes that ask for its value, those that run first first."""
    name = init.get("Subplan Name", "")
    cte, value = _CTE.fullmatch(name), _INIT_PLAN.fullmatch(name)
    if cte:
        mention = None
    elif value:
        texts = [re.escape(f"({value[1]})."), re.escape(f"({value[1]})")]
        texts += [re.escape(text.strip()) + r"\b" for text in (value[2] or "").split(",") if text]
        mention = re.compile("|".join(texts))
    else:
        return
    for node, gather in _bottom_up(parent, None):
        asks = node.get("CTE Name") == cte[1] if cte else mention and _mentions(node, mention)
        if asks and node is not init:
            yield gather or node


def _bottom_up(raw: Raw, gather: Raw | None) -> Iterator[tuple[Raw, Raw | None]]:
    """Nodes below and this one, children first, each with the outermost Gather above it."""
    inside = gather or (raw if raw["Node Type"] in _GATHERS else None)
    for child in _children(raw):
        yield from _bottom_up(child, inside)
    yield raw, gather


def _mentions(raw: Raw, mention: re.Pattern[str]) -> bool:
    for key, value in raw.items():
        texts = [value] if isinstance(value, str) else value if isinstance(value, list) else ()
        if key == "Subplan Name":
            continue
        if any(isinstance(text, str) and mention.search(text) for text in texts):
            return True
    return False


def _walk(raw: Raw) -> Iterator[Raw]:
    yield raw
    for child in _children(raw):
        yield from _walk(child)


def _children(raw: Raw) -> tuple[Raw, ...]:
    return tuple(raw.get("Plans", ()))


def _less(whole: float | None, part: float | None) -> float | None:
    return whole if whole is None or part is None else max(0.0, whole - part)


def _minus(whole: Buffers | None, part: Buffers | None) -> Buffers | None:
    if whole is None or part is None:
        return whole
    return Buffers(**{n: max(0, getattr(whole, n) - getattr(part, n)) for n in _FIELDS})
