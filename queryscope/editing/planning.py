"""From findings to one edit: querysets that load more, and what reads their rows."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace

import libcst as cst

from ..core.findings import Finding
from . import templates
from .diffs import unified
from .plans import Plan
from .pruning import pruned
from .querysets import plans_for
from .rereads import instead, new_names, place_of
from .results import Edit, Edits, Refusal, Uncertain
from .sessions import Session


def edits_together(chosen: Iterable[Finding], known: Iterable[Finding], session: Session) -> Edits:
    """One edit of a session's files with the fixes of the findings ``chosen``."""
    done: list[Finding] = []
    refused: list[Refusal] = []
    known = tuple(known)
    for findings in querysets_of(chosen):
        alike = [f for f in known if _key(f) == _key(findings[0])]
        for finding, reason in _planned(findings, alike, session):
            if reason:
                refused.append(Refusal(finding, reason))
            else:
                done.append(finding)
    files, diff = {}, ""
    for path, text, new in session.results():
        files[path] = text.encoded(new)
        before, after = (t.replace("\n", text.newline) for t in (text.text, new))
        diff += unified(path, before, after, session.root)
    return Edits(Edit(files, diff), tuple(done), tuple(refused))


def querysets_of(findings: Iterable[Finding]) -> list[list[Finding]]:
    """Findings that one change of one queryset cures, together."""
    found: dict[object, list[Finding]] = {}
    for finding in findings:
        if finding.fix is not None:
            found.setdefault(_key(finding), []).append(finding)
    return list(found.values())


def _key(finding: Finding) -> tuple[object, ...]:
    """Equal for findings that one change of one queryset cures."""
    origin, fix = finding.origin, finding.fix
    where = (os.path.realpath(origin.file), origin.line) if origin else None
    if fix is None:
        return (where,)
    return where, fix.code, fix.methods, fix.deferral, fix.drops


def _planned(
    findings: Sequence[Finding], alike: Sequence[Finding], session: Session
) -> Iterator[tuple[Finding, str]]:
    """Each finding of a queryset with the reason why it has no edit, "" where it has one."""
    rewrites: list[tuple[Finding, Plan]] = []
    reasons: dict[int, str] = {}
    for finding in findings:
        try:
            rewrites += [(finding, plan) for plan in _rewriting(finding, session)]
        except Uncertain as refusal:
            reasons[id(finding)] = str(refusal)
    left = [f for f in findings if id(f) not in reasons]
    try:
        if not left:
            raise Uncertain(next(iter(reasons.values())))
        fix = findings[0].fix
        assert fix is not None
        fix = replace(fix, methods=pruned(fix.methods, _unread(left, alike)))
        plans = list(plans_for(fix, left, session))
        session.take([*plans, *(plan for _, plan in rewrites)])
    except Uncertain as refusal:
        reasons.update((id(f), reasons.get(id(f)) or str(refusal)) for f in findings)
    yield from ((finding, reasons.get(id(finding), "")) for finding in findings)


def _unread(left: Sequence[Finding], alike: Sequence[Finding]) -> frozenset[str]:
    """What the fix would put on the rows for readers that stay as they are."""
    read = _names(left)
    return frozenset(_names(f for f in alike if f not in left) - read)


def _names(findings: Iterable[Finding]) -> set[str]:
    rewrites = (f.fix.rewrite for f in findings if f.fix is not None)
    return {name for rewrite in rewrites if rewrite is not None for name in new_names(rewrite)}


def _rewriting(finding: Finding, session: Session) -> Iterator[Plan]:
    """What changes where the rows of a finding are read. Raises Uncertain."""
    fix, place, template = finding.fix, finding.location, finding.template
    assert fix is not None
    if fix.partial:
        raise Uncertain("what reads the rows has to change as well, in a way that is not known")
    rewrite = fix.rewrite
    if rewrite is None:
        return
    if rewrite.before.startswith("."):
        if template is None or not os.path.isfile(template.name):
            raise Uncertain(f"where {rewrite.before} is read is not known")
        text = session.text(template.name)
        templates.reread(text, finding, rewrite, session.root)
        yield Plan(
            template.name,
            text_change=lambda old: templates.reread(
                replace(text, text=old), finding, rewrite, session.root
            ),
        )
        return
    if place is None or not place.file.endswith(".py"):
        raise Uncertain(f"where {rewrite.before} is read is not known")
    parsed = session.parsed(place)
    node = place_of(parsed, place.line, rewrite)
    new = instead(parsed, node, rewrite)
    yield Plan(place.file, node, _constant(new), said=parsed.code(new), exclusive=True)


def _constant(new: cst.CSTNode) -> Callable[[cst.CSTNode], cst.CSTNode]:
    return lambda _: new
