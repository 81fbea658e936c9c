"""What running requests again says of a whole report: each page with all that is proven, what was
refuted, and what was reached beside the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tabulate import tabulate

from ..findings import Endpoint, Report, Withdrawn
from ..repairs import Proof
from .blocks import pasted, short_place
from .layout import WIDTH, clean, plural, shorten, width, wrap
from .proof import change, proof_of

#: Heads the list of what no rollback undoes.
BESIDE = "Beside the database, which is rolled back, requests reached"
_MAX_ENDPOINTS = 10
_INDENT = "    "
_DEEPER = "        "
_CODE = "            "
_GAP = "  "


def sections(report: Report, root: str, *, verbose: bool) -> Iterator[list[str]]:
    """Up to three of them; a check tells in short what is no new finding."""
    brief = report.gate is not None and not verbose
    yield [] if brief else list(_pages(report, verbose=verbose))
    yield list(_withdrawn(report.withdrawn, root, verbose=verbose))
    yield list(_touched(report, brief=brief, verbose=verbose))


def proven_pages(report: Report) -> list[tuple[Endpoint, Proof]]:
    """Endpoints that were requested with all that is proven of them, who gains most first; none
    where there is one, of which a change tells the same.
    """
    pages = [(endpoint, endpoint.proof) for endpoint in report.endpoints if endpoint.proof]
    told = [proof for finding in report.findings if (proof := proof_of(finding)) is not None]
    if len(pages) == 1 and _queries(pages[0][1]) in map(_queries, told):
        return []
    return sorted(pages, key=lambda page: (-_gain_ms(page[1], report.round_trip_ms), page[0].name))


def _queries(proof: Proof) -> tuple[int, int]:
    return proof.queries_before, proof.queries_after


def _gain_ms(proof: Proof, round_trip_ms: float) -> float:
    queries = proof.queries_before - proof.queries_after
    return proof.duration_ms_before - proof.duration_ms_after + queries * round_trip_ms


def _pages(report: Report, *, verbose: bool) -> Iterator[str]:
    pages = proven_pages(report)
    shown = pages if verbose or len(pages) <= _MAX_ENDPOINTS + 1 else pages[:_MAX_ENDPOINTS]
    if shown:
        yield "Proven, all changes of a page at once:"
        yield ""
        yield from _table(shown)
    if len(shown) < len(pages):
        yield f"and {plural(len(pages) - len(shown), 'more endpoint')} (-v 2 names them)"


def _table(pages: Sequence[tuple[Endpoint, Proof]]) -> Iterator[str]:
    queries = _arrows([(f"{p.queries_before:,}", f"{p.queries_after:,}") for _, p in pages])
    times = _arrows([(_ms(p.duration_ms_before), _ms(p.duration_ms_after)) for _, p in pages])
    changes = [change(proof) for _, proof in pages]
    columns = [
        max(map(len, column))
        for column in (["Queries", *queries], ["ms", *times], ["Time", *changes])
    ]
    room = WIDTH - sum(columns) - len(columns) * len(_GAP)
    names = [shorten(clean(endpoint.name), room) for endpoint, _ in pages]
    table = tabulate(
        [["Queries", "ms", "Time", "Endpoint"], *zip(queries, times, changes, names, strict=True)],
        tablefmt="plain",
        disable_numparse=True,
        colalign=("left", "left", "right", "left"),
        preserve_whitespace=True,
    )
    head, *body = table.splitlines()
    yield head
    yield _GAP.join("-" * wide for wide in [*columns, max(map(width, [*names, "Endpoint"]))])
    yield from body


def _arrows(pairs: Sequence[tuple[str, str]]) -> list[str]:
    """The arrows below one another."""
    before, after = (max(map(len, side)) for side in zip(*pairs, strict=True))
    return [f"{old.rjust(before)} -> {new.rjust(after)}" for old, new in pairs]


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:,.0f}" if milliseconds >= 9.95 else f"{milliseconds:.1f}"


def withdrawn(all_of_them: Sequence[Withdrawn]) -> str:
    """ "2 findings and 1 fix withdrawn: running the request again refuted them"."""
    fixes = sum(1 for each in all_of_them if each.code)
    findings = len(all_of_them) - fixes
    counts = [plural(findings, "finding")] if findings else []
    counts += [plural(fixes, "fix", "fixes")] if fixes else []
    them = "it" if len(all_of_them) == 1 else "them"
    return f"{' and '.join(counts)} withdrawn: running the request again refuted {them}"


def _withdrawn(all_of_them: Sequence[Withdrawn], root: str, *, verbose: bool) -> Iterator[str]:
    if not all_of_them:
        return
    yield from wrap(withdrawn(all_of_them) + (":" if verbose else " (-v 2 tells why)"))
    for each in all_of_them if verbose else ():
        finding = each.finding
        what = f"{finding.detector}: {finding.message} ({finding.endpoint})"
        yield from wrap(what, _INDENT, _INDENT + "  ")
        place = finding.origin or finding.location
        if place is not None:
            yield _DEEPER + shorten(f"--> {short_place(place, root)}", WIDTH - len(_DEEPER))
        if each.code:
            yield f"{_DEEPER}Tried:"
            yield from (_CODE + line for line in pasted(each.code, WIDTH - len(_CODE)))
        yield from wrap(f"{each.reason[:1].upper()}{each.reason[1:].rstrip('.')}.", _DEEPER)


def touched(report: Report) -> dict[tuple[str, ...], list[str]]:
    """What no rollback undoes, and the endpoints whose requests reached it."""
    found: dict[tuple[str, ...], list[str]] = {}
    for endpoint in report.endpoints:
        if endpoint.touched:
            found.setdefault(endpoint.touched, []).append(endpoint.name)
    return found


def _touched(report: Report, *, brief: bool, verbose: bool) -> Iterator[str]:
    found = touched(report)
    if not found:
        return
    if brief:
        count = plural(sum(map(len, found.values())), "endpoint")
        yield f"{count} reached more than the database (-v 2 names them)"
        return
    yield f"{BESIDE}:"
    shown = list(found.items())[: None if verbose else _MAX_ENDPOINTS]
    for what, (first, *others) in shown:
        names = [first, *others] if verbose else [first]
        yield from (_INDENT + shorten(clean(name), WIDTH - len(_INDENT)) for name in names)
        if len(names) <= len(others):
            yield f"{_INDENT}and {plural(len(others), 'more endpoint')} (-v 2 names them)"
        yield from (line for one in what for line in wrap(one, _DEEPER, _DEEPER + "  "))
    if len(shown) < len(found):
        left = sum(len(names) for names in list(found.values())[len(shown) :])
        yield f"{_INDENT}and {plural(left, 'more endpoint')} (-v 2 names them)"
