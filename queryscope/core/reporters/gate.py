"""What a check says beside the new findings: known, fixed, moved, not exercised."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..findings import Report
from ..gate import Accepted, Gate
from . import budgets
from .layout import clean, plural, wrap

_MAX_LINES = 10
_INDENT = "    "
_DEEPER = "        "


def sections(report: Report, *, verbose: bool) -> Iterator[list[str]]:
    """One for each thing there is to say; none for a report that is no check's."""
    gate = report.gate
    if gate is None:
        return
    yield list(budgets.lines(gate.verdicts, verbose=verbose))
    yield list(_grown(gate, verbose=verbose))
    yield list(_fixed(gate, verbose=verbose))
    yield list(_moved(gate))
    yield list(_unseen(gate.unseen, verbose=verbose))
    yield [line for problem in gate.problems if gate.strict for line in wrap(f"Strict: {problem}.")]


def status(report: Report, gate: Gate) -> Iterator[str]:
    """The last lines: what is known, what is new, and what it means for the exit status."""
    if gate.file is None:
        yield "There is no baseline yet, so everything is new. To accept what is there today:"
        yield f"{_INDENT}python manage.py queryscope baseline"
        yield ""
    elif gate.known:
        known = plural(len({finding.key for finding in gate.known}), "known finding")
        yield from wrap(f"{known}, accepted in {clean(gate.file)}.")
    if report.findings:
        yield f"{plural(len({f.key for f in report.findings}), 'new finding')}."
    else:
        yield "Nothing new."
    why = "" if report.findings else _why(report, gate)
    yield f"Exit status {int(report.failing)}{why}."


def _why(report: Report, gate: Gate) -> str:
    if gate.failing:
        return ": --strict counts what is told above"
    return ": suppressions that do not hold count" if report.failing else ""


def _grown(gate: Gate, *, verbose: bool) -> Iterator[str]:
    """Known ones that became more are told among the new ones; here is why."""
    if gate.grown:
        yield "Known, but in more places than were accepted; all of them are told above:"
        names = [f"{readable(key)} (accepted: {count})" for key, count in gate.grown.items()]
        yield from _lines(names, verbose=verbose)


def _fixed(gate: Gate, *, verbose: bool) -> Iterator[str]:
    names = [readable(accepted.key) for accepted in gate.fixed]
    names += [f"{readable(accepted.key)} (now {accepted.count})" for accepted in gate.shrunk]
    if names:
        yield f"{plural(len(names), 'known finding')} fixed, to be taken out by --prune:"
        yield from _lines(names, verbose=verbose)


def _moved(gate: Gate) -> Iterator[str]:
    """Asked about, never assumed."""
    if not gate.moved:
        return
    yield "Moved? The same is asked elsewhere; --accept-moved takes the new names over:"
    for moved in gate.moved:
        yield from wrap(readable(moved.accepted.key), _INDENT, _DEEPER)
        yield from wrap(f"-> {readable(moved.now.key)}", _INDENT, _DEEPER)


def _unseen(unseen: Sequence[Accepted], *, verbose: bool) -> Iterator[str]:
    if unseen:
        count = plural(len(unseen), "known finding")
        were = "was" if len(unseen) == 1 else "were"
        hint = ":" if verbose else " (-v 2 names them)"
        yield f"{count} {were} not exercised by this run{hint}"
    if verbose:
        yield from _lines([readable(accepted.key) for accepted in unseen], verbose=True)


def _lines(names: Sequence[str], *, verbose: bool) -> Iterator[str]:
    shown = names if verbose or len(names) <= _MAX_LINES + 1 else names[:_MAX_LINES]
    for name in shown:
        yield from wrap(name, _INDENT, _DEEPER)
    if len(shown) < len(names):
        yield f"{_INDENT}and {len(names) - len(shown):,} more (-v 2 names them)"


def readable(key: str) -> str:
    """A key as one reads it: "n-plus-one  shop/views.py  OrderList  shop.Order.customer"."""
    return "  ".join(clean(part) for part in key.split("::"))
