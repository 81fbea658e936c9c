"""Workflow commands of GitHub Actions: annotations at lines, then the rest in the step's log.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from ..changes import is_changed
from ..findings import Report, Suppression
from .layout import clean, plural, shorten
from .problems import Problem, described, problems, remedy
from .remarks import remarks, strict, verdict
from .sites import Site, project_file, site_of

Kind = Literal["error", "warning", "notice"]
_KINDS: tuple[Kind, ...] = ("error", "warning", "notice")
_OF_SEVERITY: dict[str, Kind] = {"error": "error", "warning": "warning", "info": "notice"}
#: GitHub shows no more annotations of a kind and step.
_MOST = 10
_TITLE = 120
_MAX_NAMES = 20


@dataclass(frozen=True, slots=True)
class Annotation:
    """``lines`` are the message; without a ``site`` it is shown with the run alone."""

    kind: Kind
    site: Site | None
    title: str
    lines: tuple[str, ...]
    changed: bool = False

    @property
    def command(self) -> str:
        """ "::error file=shop/views.py,line=3,title=n-plus-one::message"."""
        place = {"file": clean(self.site.file), "line": str(self.site.line)} if self.site else {}
        properties = {**place, "title": shorten(clean(self.title), _TITLE)}
        given = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
        return f"::{self.kind} {given}::{_data(chr(10).join(map(clean, self.lines)))}"

    @property
    def brief(self) -> str:
        """One line of the log."""
        place = f"{self.site}: " if self.site else ""
        return f"{self.kind}: {place}{self.title}: {self.lines[0]}"


def render(report: Report, *, root: str = "", verbose: bool = False) -> str:
    """The worst annotations of each kind first; ``verbose`` adds nothing."""
    made = list(_annotations(report, root))
    # What is only worth knowing, and is elsewhere, needs no annotation.
    aside = [one for one in made if one.kind == "notice" and one.site is None]
    aside = aside if report.gate is None else []
    # On a pull request GitHub shows those beside the code that are on lines it changes.
    made.sort(key=lambda one: (_KINDS.index(one.kind), not one.changed))
    shown, rest = _fitting([one for one in made if one not in aside])
    lines = [annotation.command for annotation in shown]
    if rest:
        lines.append(f"::notice title=queryscope::{_counted(rest)} more in the log of this step")
    lines.append(f"queryscope: {verdict(report)}")
    lines += [_plain(f"- {annotation.brief}") for annotation in [*rest, *aside]]
    for remark in remarks(report, root):
        lines.append(_plain(f"- {remark.text}{':' if remark.names else ''}"))
        lines += [_plain(f"  - {name}") for name in remark.names[:_MAX_NAMES]]
        if len(remark.names) > _MAX_NAMES:
            lines.append(f"  - and {len(remark.names) - _MAX_NAMES:,} more")
    return "\n".join(lines) + "\n"


def _annotations(report: Report, root: str) -> Iterator[Annotation]:
    if report.gate is not None and report.gate.failing:
        yield Annotation("error", None, "queryscope --strict", tuple(strict(report.gate)))
    for suppression in report.suppressions:
        if not suppression.holds:
            yield _of_suppression(suppression, root)
    for problem in problems(report.findings):
        yield _of_problem(problem, report, root)


def _of_suppression(suppression: Suppression, root: str) -> Annotation:
    file = project_file(suppression.file, root) if suppression.file else None
    site = Site(file, suppression.line or 1, "") if file else None
    return Annotation("error", site, suppression.name, (suppression.message,))


def _of_problem(problem: Problem, report: Report, root: str) -> Annotation:
    worst = problem.worst
    site = site_of(worst, root, report.changed)
    changed = report.changed or {}
    return Annotation(
        kind=_OF_SEVERITY[problem.severity],
        site=site,
        title=f"{worst.detector} in {problem.where}",
        lines=(described(worst), *remedy(worst, problem.findings)),
        changed=site is not None and is_changed(changed, site.file, site.line),
    )


def _fitting(
    annotations: Sequence[Annotation],
) -> tuple[list[Annotation], list[Annotation]]:
    """Those that are shown, with room for a notice that tells of the others."""
    by_kind = {kind: [one for one in annotations if one.kind == kind] for kind in _KINDS}
    over = any(len(found) > _MOST for found in by_kind.values())
    most = {kind: _MOST - (over and kind == "notice") for kind in _KINDS}
    shown = [one for kind, found in by_kind.items() for one in found[: most[kind]]]
    return shown, [one for kind, found in by_kind.items() for one in found[most[kind] :]]


def _counted(annotations: Iterable[Annotation]) -> str:
    kinds = [annotation.kind for annotation in annotations]
    return ", ".join(plural(kinds.count(kind), kind) for kind in _KINDS if kind in kinds)


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _plain(line: str) -> str:
    """A line of the log that is no command: the runner looks for "##[" anywhere in it."""
    return clean(line).replace("##[", "# #[")
