"""A plan for people: 80 columns, one step a line with its own time, tips below the step they are
about. Values of the application are masked unless they are asked for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..plan_tips.tip import Tip
from ..plans import Plan, PlanNode
from .layout import WIDTH, clean, duration, plural, width, wrap
from .plan_steps import NO_BREAK, details, memory, rows, title

_GAP = "  "
_VENDORS = {"postgresql": "PostgreSQL", "sqlite": "SQLite"}
#: Guides of a tree that take more columns than this lose their left end.
_MAX_GUIDES = 20
_TIP, _HINT = "    ! ", "      "
#: For terminals that cannot show the guides of the tree.
ASCII = str.maketrans({"└": "`", "├": "|", "│": "|", "…": "~"})


@dataclass(frozen=True, slots=True)
class _Line:
    """A step at its place in the tree: what is drawn before its title, and before what follows."""

    node: PlanNode
    first: str
    rest: str


def render(plan: Plan, tips: Sequence[Tip] = (), *, verbatim: bool = False) -> str:
    """The plan as a tree; ``verbatim`` shows literals."""
    lines = list(_lines(plan.root, "", ""))
    table = list(_table(plan, lines, tips, verbatim))
    sections = [list(heading(plan)), table, list(_foot(plan, tips))]
    text = "\n\n".join("\n".join(section) for section in sections if section)
    return "\n".join(line.rstrip() for line in text.replace(NO_BREAK, " ").split("\n")) + "\n"


def heading(plan: Plan) -> Iterator[str]:
    """What the plan is and took, and why it was not measured, in lines of 80 columns."""
    parts = [_VENDORS.get(plan.vendor, plan.vendor)]
    if plan.analyzed:
        parts.append(f"ran in {duration(plan.execution_ms or plan.root.duration_ms or 0.0)}")
    elif plan.cost is not None:
        parts.append("costs and rows as the planner guesses them")
    else:
        parts.append("which tells neither costs nor times")
    if plan.analyzed and plan.planning_ms is not None:
        parts.append(f"planned in {duration(plan.planning_ms)}")
    if plan.root.buffers is not None:
        parts.extend(memory(plan.root.buffers))
    yield from wrap(", ".join(parts))
    if plan.refusal and plan.cost is not None:
        yield from wrap(f"Not measured: {plan.refusal}.")


def _lines(node: PlanNode, first: str, rest: str) -> Iterator[_Line]:
    yield _Line(node, first, rest)
    for number, child in enumerate(node.children, 1):
        last = number == len(node.children)
        yield from _lines(child, f"{rest}{'└' if last else '├'} ", f"{rest}{' ' if last else '│'} ")


def _table(
    plan: Plan, lines: Sequence[_Line], tips: Sequence[Tip], verbatim: bool
) -> Iterator[str]:
    names = headers(plan)
    cells_of = [figures(plan, line.node) for line in lines]
    columns = [max(map(len, column)) for column in zip(names, *cells_of, strict=True)]
    margin = sum(columns) + len(columns) * len(_GAP)
    bodies = [list(_body(line, WIDTH - margin, verbatim)) for line in lines]
    if names:
        yield _row(names, columns, "Step")
        longest = max(width(text) for body in bodies for text in body)
        yield _GAP.join("-" * wide for wide in [*columns, longest])
    for position, (cells, (head, *below)) in enumerate(zip(cells_of, bodies, strict=True)):
        yield _row(cells, columns, head)
        yield from (" " * margin + text for text in below)
        for tip in tips:
            if tip.node == position:
                yield from wrap(f"{tip.name}: {tip.message}", _TIP, _HINT)
                yield from wrap(tip.hint, _HINT)


def headers(plan: Plan) -> list[str]:
    """Of the cells that :func:`figures` fills."""
    if plan.analyzed:
        return ["Time", "Share", "Est. rows", "Rows"]
    return ["Cost", "Est. rows"] if plan.cost is not None else []


def _row(cells: Sequence[str], columns: Sequence[int], step: str) -> str:
    padded = [cell.rjust(wide) for cell, wide in zip(cells, columns, strict=True)]
    return _GAP.join([*padded, step])


def figures(plan: Plan, node: PlanNode) -> list[str]:
    """The cells left of a step. Times are its own, without its children's."""
    estimated = "" if node.rows_estimated is None else rows(node.rows_estimated)
    if not plan.analyzed:
        if plan.cost is None:
            return []
        return ["" if node.total_cost is None else rows(node.total_cost), estimated]
    if not node.loops:
        return ["-", "-", estimated, "-"]
    whole = plan.root.duration_ms or 0.0
    share = "" if node.self_ms is None else _percent(node.self_ms, whole)
    return [_time(node.self_ms), share, estimated, rows(node.rows or 0.0)]


def _time(milliseconds: float | None) -> str:
    if milliseconds is None:
        return ""
    return "<0.1 ms" if 0 < milliseconds < 0.05 else duration(milliseconds)


def _percent(part: float, whole: float) -> str:
    percent = 100 * part / whole if whole else 0.0
    return "<1%" if 0 < percent < 0.5 else f"{percent:.0f}%"


def _body(line: _Line, room: int, verbatim: bool) -> Iterator[str]:
    """The title of a step and what is to say of it, beside the guides of the tree."""
    first, rest = _shortened(line.first), _shortened(line.rest)
    guide = "│ " if line.node.children else "  "
    yield from _wrapped(title(line.node), first, f"{rest}{guide}  ", room)
    for text in details(line.node, verbatim=verbatim):
        yield from _wrapped(text, f"{rest}{guide}  ", f"{rest}{guide}    ", room)


def _shortened(guides: str) -> str:
    return guides if len(guides) <= _MAX_GUIDES else f"… {guides[-_MAX_GUIDES + 2 :]}"


def _wrapped(text: str, first: str, rest: str, room: int) -> Iterator[str]:
    """Lines of ``room`` columns: :func:`wrap` takes the page's width, so the margin goes in front
    of them and off again."""
    margin = " " * (WIDTH - room)
    for line in wrap(clean(text), margin + first, margin + rest):
        yield line.removeprefix(margin)


def _foot(plan: Plan, tips: Sequence[Tip]) -> Iterator[str]:
    for trigger in plan.triggers:
        calls, time = trigger.get("Calls", 0), trigger.get("Time")
        took = f", {duration(time)}" if time is not None else ""
        name = trigger.get("Trigger Name") or trigger.get("Constraint Name") or "?"
        yield from wrap(f"Trigger {name}: {plural(round(calls), 'call')}{took}")
    total = ((plan.jit or {}).get("Timing") or {}).get("Total")
    if total is not None:
        yield f"JIT took {duration(total)} to compile"
    if plan.settings:
        pairs = (f"{name} = {value}" for name, value in sorted(plan.settings.items()))
        changed = ", ".join(pair.replace(" ", NO_BREAK) for pair in pairs)
        yield from wrap(f"Settings other than the default: {changed}", "", "    ")
    yield f"{plural(len(tips), 'tip')}." if tips else "No tips."
