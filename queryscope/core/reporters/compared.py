"""What every format says of two runs: the verdict in a few words, the sums, each change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from ..budgets import DETECTOR
from ..comparison import Comparison, EndpointChange, FindingChange, FindingKind
from .advised import described, saved_ms
from .layout import clean, duration, plural

#: Kinds that are told in a line each, in this order, with their title.
TITLES: dict[FindingKind, str] = {
    "moved": "Moved to another file or function",
    "shrunk": "In fewer places",
    "fixed": "Fixed",
    "allowed": "Allowed by a suppression now",
    "unseen": "Not known, as their endpoints were not run",
}


def verdict(comparison: Comparison) -> str:
    """ "+12 queries on 2 endpoints, 1 new finding": what is worse, then what is better; other
    changes only where there is nothing else to say."""
    said = [*_worse(comparison), *_better(comparison)] or [*_others(comparison)]
    if unseen := comparison.at("unseen"):
        said.append(f"{plural(len(unseen), 'endpoint')} not run")
    return ", ".join(said) or "nothing changed"


def is_worse(comparison: Comparison) -> bool:
    """Whether something is worse that does not depend on the clock."""
    return bool(
        comparison.at("failing")
        or comparison.of("new")
        or comparison.of("grown")
        or any(change.more_queries > 0 for change in comparison.endpoints)
    )


def _worse(comparison: Comparison) -> Iterator[str]:
    changed = comparison.at("changed")
    if failing := comparison.at("failing"):
        yield f"{plural(len(failing), 'endpoint')} now {'fails' if len(failing) == 1 else 'fail'}"
    yield from _queries("+", [c.more_queries for c in changed if c.more_queries > 0])
    if new := comparison.of("new"):
        yield plural(len(new), "new finding")
    if grown := comparison.of("grown"):
        yield f"{plural(len(grown), 'finding')} in more places"
    if slower := [c for c in changed if c.more_ms > 0 and c.more_queries <= 0]:
        yield f"{plural(len(slower), 'endpoint')} slower"


def _better(comparison: Comparison) -> Iterator[str]:
    changed = comparison.at("changed")
    yield from _queries("-", [-c.more_queries for c in changed if c.more_queries < 0])
    if faster := [c for c in changed if c.more_ms < 0 and c.more_queries >= 0]:
        yield f"{plural(len(faster), 'endpoint')} faster"
    if fixed := comparison.of("fixed"):
        yield f"{plural(len(fixed), 'finding')} fixed"


def _others(comparison: Comparison) -> Iterator[str]:
    if changed := comparison.at("changed"):
        yield f"other queries on {plural(len(changed), 'endpoint')}"
    if new := comparison.at("new"):
        yield plural(len(new), "new endpoint")
    if recovered := comparison.at("recovered"):
        yield f"{plural(len(recovered), 'endpoint')} recovered"
    if gone := comparison.at("gone"):
        yield f"{plural(len(gone), 'endpoint')} gone"
    if steady := [change for change in comparison.findings if change.steady]:
        yield f"{plural(len(steady), 'finding')} changed"
    if len(steady) < len(comparison.findings):
        count = plural(len(comparison.findings) - len(steady), "finding")
        yield f"{count} of time or data changed"
    if comparison.indexes:
        yield "other index advice"


def _queries(sign: str, counts: list[int]) -> Iterator[str]:
    if counts:
        endpoints = plural(len(counts), "endpoint")
        yield f"{sign}{plural(sum(counts), 'query')} on {endpoints}"


def same(comparison: Comparison) -> str:
    """What two runs have in common that do not differ: ": 3 endpoints, 12 queries, 1 finding"."""
    common = comparison.common
    queries = plural(sum(endpoint.queries for _, endpoint in common), "query")
    found = plural(len({finding.key for finding in comparison.after.findings}), "finding")
    return f": {plural(len(common), 'endpoint')}, {queries}, {found}"


def totals(comparison: Comparison, arrow: str) -> str:
    """The sums over what both runs could judge."""
    common = comparison.common
    if not common:
        return ""
    queries = change(sum(a.queries for a, _ in common), sum(b.queries for _, b in common), arrow)
    before_ms = duration(sum(a.database_ms for a, _ in common))
    after_ms = duration(sum(b.database_ms for _, b in common))
    both = plural(len(common), "endpoint")
    return f"In the {both} of both runs: {queries} queries, {before_ms} {arrow} {after_ms}"


def change(before: float, after: float, arrow: str) -> str:
    """ "4 -> 16", or "4" where nothing changed; whole numbers from 10 on."""
    old, new = figure(before), figure(after)
    return old if old == new else f"{old} {arrow} {new}"


def figure(value: float) -> str:
    return f"{value:,}" if isinstance(value, int) else f"{value:,.{0 if value >= 9.95 else 1}f}"


def figures(row: EndpointChange, arrow: str) -> list[str]:
    """Queries, distinct queries and milliseconds in the database."""
    before, after = row.before or row.after, row.after or row.before
    if before is None or after is None:
        return ["-"] * 3
    if row.kind != "changed":  # what could not be judged has no figures to compare with
        before = after
    return [
        change(before.queries, after.queries, arrow),
        change(before.distinct, after.distinct, arrow),
        change(before.database_ms, after.database_ms, arrow),
    ]


def problem(row: EndpointChange) -> str:
    """Why an endpoint can no longer be judged."""
    return (row.after and row.after.problem) or ""


def not_run(comparison: Comparison) -> list[str]:
    """Endpoints that the second run left out, with the reason that it gives."""
    unseen = comparison.at("unseen")
    return [f"{row.name}: {row.reason}" if row.reason else row.name for row in unseen]


def advised(comparison: Comparison, kind: str) -> list[str]:
    """Indexes that only one of the runs wants."""
    lines = []
    for index in (row.index for row in comparison.indexes if row.kind == kind):
        saved = saved_ms(index) if kind == "new" else None
        lines.append(described(index.definition) + (f": saves {duration(saved)}" if saved else ""))
    return lines


def mark(change: EndpointChange) -> str:
    """ "+12", "slower", "new": how it changed, in a word."""
    if change.kind != "changed":
        return change.kind
    if change.more_queries:
        return f"{change.more_queries:+,}"
    if change.more_ms:
        return "slower" if change.more_ms > 0 else "faster"
    return "other"


def told(change: FindingChange) -> str:
    """A finding in a line, with what became of it."""
    worst = max(change.findings, key=lambda finding: finding.count)
    where = dict.fromkeys(clean(finding.endpoint) for finding in change.findings)
    first, *others = where
    more = f" and {plural(len(others), 'more endpoint')}" if others else ""
    text = f"{worst.detector}: {clean(worst.message).strip()} ({first}{more})"
    if change.kind == "moved":
        return f"{text}; was in {', '.join(map(clean, change.was.split('::')[1:-1]))}"
    if change.kind in ("grown", "shrunk"):
        return f"{text}; {places(change)}"
    return text


def places(change: FindingChange) -> str:
    """ "1 place before, 3 now"; of a budget what it counts, "16 before, 20 now"."""
    budget = change.findings[0].detector == DETECTOR
    before = f"{change.before:,}" if budget else plural(change.before, "place")
    return f"{before} before, {change.after:,} now"


def unsteady(changes: Iterable[FindingChange]) -> list[str]:
    """What depends on the clock or the data, each with what became of it."""
    words = {"unseen": "not known"}
    return [f"{words.get(c.kind, c.kind)}: {told(c)}" for c in changes if not c.steady]
