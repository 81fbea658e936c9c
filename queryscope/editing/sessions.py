"""All files of one edit: each is read once, changed once, and takes all its changes or none."""

from __future__ import annotations

import copy
import os
from collections.abc import Iterable, Iterator

import libcst as cst

from ..core.sightings import Location
from . import templates
from .imports import with_imports
from .layout import laid_out
from .modules import Bound
from .parsed import Parsed
from .plans import Plan
from .results import Uncertain
from .styles import style_of
from .texts import Text, read


class Session:
    """What is to change. File names are given from ``root``."""

    def __init__(self, root: str, since: float | None) -> None:
        self.root = os.path.realpath(root)
        self._since = since
        self._texts: dict[str, Text] = {}
        self._parsed: dict[str, Parsed] = {}
        self._plans: dict[str, list[Plan]] = {}
        self._new: dict[str, str] = {}
        templates.forget()

    def anew(self) -> Session:
        """A session with the same files, in which nothing changes yet."""
        session = copy.copy(self)
        session._plans, session._new = {}, {}
        return session

    def text(self, path: str) -> Text:
        """A file as it is. Raises Uncertain where it may not be edited."""
        path = os.path.realpath(path)
        if path not in self._texts:
            self._texts[path] = read(path, self._since)
        return self._texts[path]

    def parsed(self, place: Location) -> Parsed:
        """The tree of the file with a line, as that was seen. Raises Uncertain."""
        path = os.path.realpath(place.file)
        if path not in self._parsed:
            self._parsed[path] = Parsed(self.text(path))
        parsed = self._parsed[path]
        lines = parsed.lines
        if place.line > len(lines) or (place.code and lines[place.line - 1].strip() != place.code):
            raise Uncertain(f"line {place.line} of {os.path.basename(path)} has changed")
        return parsed

    def take(self, plans: Iterable[Plan]) -> None:
        """Take changes that belong together: all of them, or Uncertain is raised."""
        added: dict[str, list[Plan]] = {}
        for plan in plans:
            path = os.path.realpath(plan.file)
            taken = [*self._plans.get(path, ()), *added.get(path, ())]
            if not any(_repeats(plan, other) for other in taken):
                added.setdefault(path, []).append(plan)
        edited = {
            path: self._edited(path, [*self._plans.get(path, ()), *new])
            for path, new in added.items()
        }
        self._new.update(edited)
        for path, new in added.items():
            self._plans.setdefault(path, []).extend(new)

    def results(self) -> Iterator[tuple[str, Text, str]]:
        """Each file that changes with its text and the new one."""
        for path, new in sorted(self._new.items()):
            if new != self._texts[path].text:
                yield path, self._texts[path], new

    def _edited(self, path: str, plans: Iterable[Plan]) -> str:
        plans = list(plans)
        text = self._texts[path]
        new = text.text
        for plan in plans:
            if plan.text_change is not None:
                new = plan.text_change(new)
        if not (nodes := [plan for plan in plans if plan.node is not None]):
            return new
        parsed = self._parsed[path]
        new = parsed.module.visit(_Changes(nodes)).code
        style = style_of(parsed)
        new = laid_out(text.text, new, style)
        needed: dict[str, Bound] = {}
        for plan in nodes:
            needed.update(plan.imports)
        new = with_imports(new, path, needed, style)
        text.encoded(new)
        try:
            compile(new, path, "exec", dont_inherit=True)
        except SyntaxError as error:
            raise Uncertain("this Python cannot read what would be there") from error
        return new


def _repeats(plan: Plan, other: Plan) -> bool:
    """Whether the same is done there already. Raises Uncertain where another thing is."""
    if plan.node is None or plan.node is not other.node:
        return False
    if plan.said == other.said and plan.said:
        return True
    if plan.exclusive or other.exclusive:
        raise Uncertain("another fix changes the same expression")
    return False


class _Changes(cst.CSTTransformer):
    """Puts the changes of the nodes in, inner ones first."""

    def __init__(self, plans: Iterable[Plan]) -> None:
        super().__init__()
        self._plans: dict[cst.CSTNode, list[Plan]] = {}
        for plan in plans:
            if plan.node is not None:
                self._plans.setdefault(plan.node, []).append(plan)

    def on_leave(self, original_node, updated_node):  # type: ignore[no-untyped-def]
        updated_node = super().on_leave(original_node, updated_node)
        for plan in self._plans.get(original_node, ()):
            assert plan.change is not None
            updated_node = plan.change(updated_node)
        return updated_node
