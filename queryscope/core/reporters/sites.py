"""Where a finding is: a line of the project for what can show only those, else any line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass

from ..changes import Changes, is_changed
from ..findings import Finding
from ..paths import is_packaged
from ..sightings import Location
from .blocks import short_place
from .layout import clean


@dataclass(frozen=True, slots=True)
class Site:
    """A line of the project: ``file`` is below the root, with forward slashes. ``role`` says what
    happens there, ``function`` and ``code`` are "" where they are not known."""

    file: str
    line: int
    role: str
    function: str = ""
    code: str = ""

    def __str__(self) -> str:
        return f"{clean(self.file)}:{self.line}"


def project_file(file: str, root: str) -> str | None:
    """The path below ``root`` with forward slashes; None for what is elsewhere or installed."""
    root = os.path.normpath(root).rstrip(os.sep) + os.sep if root else ""
    file = os.path.normpath(file)
    if not root or not file.startswith(root) or is_packaged(file):
        return None
    return file[len(root) :].replace(os.sep, "/")


def sites(finding: Finding, root: str) -> tuple[Site, ...]:
    """The lines of the project that a finding names: what causes it, the rows, the template."""
    found: dict[tuple[str, int], Site] = {}
    for site in _sites(finding, root):
        found.setdefault((site.file, site.line), site)
    return tuple(found.values())


def _sites(finding: Finding, root: str) -> Iterator[Site]:
    for place, role in (
        (finding.location, "The queries are caused here"),
        (finding.origin, "The rows come from here"),
    ):
        file = project_file(place.file, root) if place is not None else None
        if place is not None and file is not None:
            # A template has no functions, whatever its engine calls them.
            function = place.function if file.endswith(".py") else ""
            yield Site(file, max(place.line, 1), role, function, place.code.strip())
    template = finding.template
    file = project_file(template.name, root) if template is not None else None
    if template is not None and file is not None:
        yield Site(file, max(template.line, 1), "The template reads it here")


def site_of(finding: Finding, root: str, changed: Changes | None = None) -> Site | None:
    """Where to show it: a line that was changed if one of them was, else what causes it."""
    found = sites(finding, root)
    for site in found if changed else ():
        if is_changed(changed or {}, site.file, site.line):
            return site
    return found[0] if found else None


def places(finding: Finding, root: str) -> Iterator[str]:
    """Where it happens, as one reads it, in the project or not: the template's line, the code's."""
    template, location = finding.template, finding.location
    if template is not None:
        yield short_place(Location(template.name, template.line, ""), root)
    if location is not None and location != finding.origin:
        yield short_place(location, root)
