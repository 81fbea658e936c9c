"""One query that takes long by itself.

    Task.objects.filter(status="done").order_by("-created_at")[:20]     reads a million rows for 20

Why it hurts: the page waits for it, and so does everybody whose query it keeps from the processor
and the disk.

Instead of:
    guessing
use:
    what its plan shows: the step that takes the time, and the hint for it

A query counts whose slowest run in the request took SLOW_QUERY_MS (100) or longer. Its plan is
asked for with the values of that run: in an audit and a test on the same connection, behind the
middleware on one of its own, later. Only what changes nothing is run again. Where another detector
claims it, an N+1 say, it counts when its runs take as long on average.

Silent: queries whose slowness another detector explains as a whole, such as deep-offset; failed
ones.

To allow one: the comment "# queryscope: ignore[slow-query] why" on its line or on the line above,
or an entry of QUERYSCOPE["ALLOW"]; or raise SLOW_QUERY_MS.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..detection import Case, Detection
from ..events import QueryGroup
from ..explained import Explained
from ..findings import Finding
from ..plan_words import dominating, in_words
from ..planned import finding_of, is_told, main_tip, saved_ms

NAME = "slow-query"

_KINDS = frozenset({"select", "insert", "update", "delete"})
#: From this many times SLOW_QUERY_MS on it is an error.
_VERY = 10


def detect(case: Case) -> Iterable[Detection]:
    """Find the queries that take long."""
    for index, group in enumerate(case.trace.groups):
        if _is_slow(case, index, group) and not is_told(case, group):
            yield Detection(_finding(case, group), frozenset({index}))


def _is_slow(case: Case, index: int, group: QueryGroup) -> bool:
    runs = group.count - group.failures
    if group.kind not in _KINDS or runs < 1:
        return False
    # Of a claimed query one slow run among many is told by what claims it.
    time = group.duration_ms / group.count if index in case.claimed else group.slowest_ms
    return time >= case.options.slow_query_ms


def _finding(case: Case, group: QueryGroup) -> Finding:
    explained = case.explained(group)
    analyzed = explained is not None and explained.plan is not None and explained.plan.analyzed
    hint, saves_ms = _hint(group, explained)
    very = group.slowest_ms >= _VERY * case.options.slow_query_ms
    return finding_of(
        NAME,
        case.trace,
        group,
        severity="error" if very and case.options.slow_query_ms else "warning",
        confidence="certain" if analyzed else "likely",
        message=_message(group, explained),
        hint=hint,
        saves_ms=saves_ms,
    )


def _message(group: QueryGroup, explained: Explained | None) -> str:
    runs = f" ({group.count:,} queries, the slowest {group.slowest_ms:,.0f} ms)"
    text = f"A query {_what(group, explained)}{runs if group.count > 1 else ''}"
    if explained is not None and explained.unstable:
        text += "; with other values it is planned differently"
    return text


def _what(group: QueryGroup, explained: Explained | None) -> str:
    tip = main_tip(group, explained)
    if tip is not None:
        return tip.message
    plan = explained.plan if explained is not None else None
    node = dominating(plan) if plan is not None else None
    if plan is None or node is None:
        return "is slow"
    said = in_words(node)
    return said if plan.analyzed else f"probably {said}"


def _hint(group: QueryGroup, explained: Explained | None) -> tuple[str, float]:
    """The next thing to do, and the milliseconds that it would save."""
    if explained is None:
        return f"Look at its plan: manage.py queryscope explain --digest {group.digest}", 0.0
    best = max(explained.tips, key=lambda tip: tip.cost_ms or 0.0, default=None)
    if best is not None:
        return best.hint, saved_ms(group, best.cost_ms)
    if explained.problem:
        return f"Its plan is not known: {explained.problem}.", 0.0
    return "Its plan shows no step to spare: ask for fewer rows, or for them less often.", 0.0
