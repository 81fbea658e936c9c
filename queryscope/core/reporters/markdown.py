"""A summary in Markdown, for $GITHUB_STEP_SUMMARY and for comments on pull requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..findings import Endpoint, Report
from .blocks import Block, blocks, pasted, savings, short_place
from .layout import cut, duration, plural
from .markup import code, details, fenced, text
from .problems import Problem, described, problems, statement
from .proof import figures, sentences
from .remarks import Remark, remarks, verdict
from .reruns import proven_pages
from .sites import places

#: Bytes; a comment on GitHub may have 65,536 characters.
_MOST = 60_000
#: What may stand before the findings, and each of two lists behind them.
_MOST_AROUND = 15_000
_MAX_ENDPOINTS = 20
_MAX_NAMES = 20
_MAX_PROBLEMS = 10
_MAX_STATEMENTS = 3
_MAX_CODE = 60
_MAX_LINE = 400
_ROOM = 88
_SQL = ("CREATE ", "DROP ")


def render(report: Report, *, root: str = "", verbose: bool = False) -> str:
    """The findings by what one change cures, the dearest first, as many as there is room for."""
    found = blocks(report.findings, report.round_trip_ms)
    # In a check nothing is only worth knowing: what is new fails it.
    notes = [b for b in found if b.severity == "info"] if report.gate is None else []
    head = _trimmed([f"## queryscope: {text(verdict(report))}", *_remarks(report, root)])
    around = (_proven(report), _notes(notes, root), _endpoints(report))
    tail = [section for section in around if section and _size(section) <= _MOST_AROUND]
    room = _MOST - sum(map(_size, [head, *tail]))
    told = [block for block in found if block not in notes]
    shown: list[list[str]] = []
    for number, block in enumerate(told, 1):
        section = list(_block(block, number, root))
        room -= _size(section)
        if room < _MAX_LINE:
            left = plural(len(told) - len(shown), "more change")
            shown.append([f"And {left}; the format `table` has no limit."])
            break
        shown.append(section)
    return "\n\n".join("\n".join(section) for section in [head, *shown, *tail]) + "\n"


def _trimmed(lines: Sequence[str]) -> list[str]:
    kept: list[str] = []
    for line in lines:
        if _size([*kept, line]) > _MOST_AROUND:
            return [*kept, "- and more"]
        kept.append(line)
    return kept


def _size(lines: Sequence[str]) -> int:
    return len("\n".join(lines).encode("utf-8", "backslashreplace")) + 2


def _remarks(report: Report, root: str) -> Iterator[str]:
    said = remarks(report, root)
    if said:
        yield ""
    for remark in said:
        yield from _remark(remark)


def _remark(remark: Remark) -> Iterator[str]:
    yield f"- {text(cut(remark.text, _MAX_LINE))}{':' if remark.names else ''}"
    for name in remark.names[:_MAX_NAMES]:
        yield f"  - {code(cut(name, _MAX_LINE))}"
    if len(remark.names) > _MAX_NAMES:
        yield f"  - and {len(remark.names) - _MAX_NAMES:,} more"


def _block(block: Block, number: int, root: str) -> Iterator[str]:
    kinds = code(", ".join(block.detectors))
    yield f"### {number}. {kinds} ({block.kind}): {text(savings(block))}"
    yield ""
    yield _where(block.endpoints)
    yield ""
    told = problems(block.findings)
    for problem in told[:_MAX_PROBLEMS]:
        yield f"- {_problem(problem, root)}"
    if len(told) > _MAX_PROBLEMS:
        yield f"- and {len(told) - _MAX_PROBLEMS:,} more"
    origin = block.findings[0].origin
    if origin is not None:
        yield f"- The rows come from {code(cut(short_place(origin, root), _MAX_LINE))}"
    for problem in told[:_MAX_STATEMENTS]:
        if sql := statement(problem.worst):
            yield from ["", *fenced(sql, "sql"), ""]
    yield from _remedy(block)


def _where(endpoints: Sequence[str]) -> str:
    first = code(cut(endpoints[0], _MAX_LINE))
    return first + (f" and {plural(len(endpoints) - 1, 'more endpoint')}" if endpoints[1:] else "")


def _problem(problem: Problem, root: str) -> str:
    finding = problem.worst
    told = text(cut(described(finding), _MAX_LINE))
    most = f" at most, at {len(problem.endpoints)} endpoints" if len(problem.endpoints) > 1 else ""
    return told + most + "".join(f", {code(cut(p, _MAX_LINE))}" for p in places(finding, root))


def _remedy(block: Block) -> Iterator[str]:
    hints = [finding.hint.partition(", then ") for finding in block.findings]
    changes = dict.fromkeys(change.rstrip(".") for change, _, _ in hints if change)
    steps = dict.fromkeys(then.rstrip(".") for _, _, then in hints if then)
    yield from (f"- Fix: {_sentence(change)}" for change in [*changes][:_MAX_PROBLEMS])
    for fix in block.fixes():
        imports = next(f.fix.imports for f in block.findings if f.fix and f.fix.code == fix)
        lines = [*imports, *([""] if imports else []), *pasted(fix, _ROOM)]
        cut_off = [f"... {plural(len(lines) - _MAX_CODE, 'more line')}"]
        lines = lines if len(lines) <= _MAX_CODE else [*lines[:_MAX_CODE], *cut_off]
        yield ""
        yield from fenced(lines, "sql" if fix.startswith(_SQL) else "python")
    proof = sentences(block.findings)[:_MAX_PROBLEMS]
    if steps or proof:
        yield ""
    yield from (f"- Then {_sentence(step)}" for step in [*steps][:_MAX_PROBLEMS])
    yield from (f"- {text(cut(sentence, _MAX_LINE))}" for sentence in proof)


def _sentence(raw: str) -> str:
    # SQL ends as it is pasted.
    return text(cut(raw, _MAX_LINE)) + ("" if raw.endswith(";") else ".")


def _notes(notes: Sequence[Block], root: str) -> list[str]:
    """What need not be changed now, one line each."""
    if not notes:
        return []
    lines = [f"- {code(', '.join(b.detectors))} {_note(b, root)}" for b in notes[:_MAX_ENDPOINTS]]
    if len(notes) > _MAX_ENDPOINTS:
        lines.append(f"- and {len(notes) - _MAX_ENDPOINTS:,} more")
    return details(f"Worth knowing: {plural(len(notes), 'place')}", lines)


def _note(block: Block, root: str) -> str:
    place = short_place(block.place, root) if block.place else block.endpoints[0]
    return f"{code(cut(place, _MAX_LINE))}: {text(savings(block))}"


def _proven(report: Report) -> list[str]:
    """Pages with all that is proven of them in place."""
    rows = proven_pages(report) if report.gate is None else []
    lines = [
        f"- {code(cut(endpoint.name, _MAX_LINE))}: {figures(proof)}"
        for endpoint, proof in rows[:_MAX_ENDPOINTS]
    ]
    if len(rows) > _MAX_ENDPOINTS:
        lines.append(f"- and {plural(len(rows) - _MAX_ENDPOINTS, 'more endpoint')}")
    return details("Proven, all changes of a page at once", lines) if lines else []


def _endpoints(report: Report) -> list[str]:
    judged = [endpoint for endpoint in report.endpoints if not endpoint.problem]
    judged.sort(key=lambda e: (-(e.database_ms + e.queries * report.round_trip_ms), e.name))
    if not judged:
        return []
    lines = ["| Queries | Distinct | DB ms | Endpoint |", "|---:|---:|---:|:---|"]
    lines += [_row(endpoint) for endpoint in judged[:_MAX_ENDPOINTS]]
    if len(judged) > _MAX_ENDPOINTS:
        lines += ["", f"And {plural(len(judged) - _MAX_ENDPOINTS, 'cheaper endpoint')}."]
    queries = plural(sum(endpoint.queries for endpoint in judged), "query")
    total = duration(sum(endpoint.database_ms for endpoint in judged))
    return details(f"{plural(len(judged), 'endpoint')}, {queries}, {total} in the database", lines)


def _row(endpoint: Endpoint) -> str:
    figures = f"{endpoint.queries:,} | {endpoint.distinct:,} | {endpoint.database_ms:,.1f}"
    return f"| {figures} | {code(cut(endpoint.name, _MAX_LINE))} |"
