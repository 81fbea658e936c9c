"""What an audit requests: every route of the URLconf, or the URLs that were named."""

from __future__ import annotations

import fnmatch
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from django.conf import settings
from django.urls import Resolver404, resolve

from ..core.findings import Skipped
from ..core.names import nearest
from ..core.url_patterns import readable
from .arguments import ArgumentFiller, Candidate, CannotFill, NoRows
from .failures import told
from .preflight import CannotRun
from .routes import Route, accepts, audit_method, reason_to_skip, walk


@dataclass(frozen=True, slots=True)
class Target:
    """One endpoint to request: ``candidates`` are tried until one is not answered with 404.

    ``route`` is None where the URL was named by the user.
    """

    name: str
    method: str
    candidates: tuple[Candidate, ...]
    view: Any
    label: str = ""
    route: Route | None = None

    def matches(self, globs: Sequence[str]) -> bool:
        """Whether the name, its route or its URL name fits one of the shell-style patterns."""
        names = (self.name, self.name.partition(" ")[2], self.label)
        return any(fnmatch.fnmatchcase(name, glob) for glob in globs for name in names if name)


def from_urlconf(
    filler: ArgumentFiller, *, admin: bool = False, globs: Sequence[str] = ()
) -> tuple[list[Target], list[Skipped]]:
    """A target for every route that can be requested, and why each of the others cannot.

    Raises CannotRun when ``globs`` are given and none fits.
    """
    targets, skipped, seen = [], [], []
    for route in walk():
        method = audit_method(route.view)
        name = f"{method or 'GET'} {route.name}"
        target = Target(name, method or "GET", (), route.view, route.label, route)
        seen.append(route.name)
        if globs and not target.matches(globs):
            continue
        found: list[Candidate] = []
        reason = never = reason_to_skip(route, admin=admin)
        try:
            found = [] if reason else _reaching(route, filler)
        except NoRows as error:
            reason = str(error)
        except CannotFill as error:
            reason = _of_any_path(route, "none") if route.catch_all else str(error)
        except Exception as error:  # of the project's own code: a metaclass, a lazy queryset
            reason = f"its arguments cannot be chosen: {told(error)}"
        if found:
            targets.append(replace(target, candidates=tuple(found)))
            if route.catch_all and "" in (_captured(found[0].url, route) or ()):
                reason = _of_any_path(route, "only one")
        if reason:
            skipped.append(Skipped(route.name, reason, expected=never is not None))
    if globs and not targets:
        _refuse_globs(globs, seen, skipped)
    return targets, skipped


def _of_any_path(route: Route, requested: str) -> str:
    """Said of a catch-all, by name: only a person knows the pages that it serves."""
    example = route.name.partition("{")[0].removesuffix("*") + "blog/"
    return (
        f"{route.name} answers any path and {requested} was requested; pass its URLs: "
        f"manage.py queryscope audit {example}"
    )


def _reaching(route: Route, filler: ArgumentFiller) -> list[Candidate]:
    """URLs of the route that Django resolves to it. Raises CannotFill when there is none."""
    made, found = [], []
    try:
        for candidate in filler.candidates(route):
            made.append(candidate)
            if reaches(route, candidate.url):
                found.append(candidate)
    except CannotFill:
        if not found:
            raise
    except UnicodeEncodeError:
        raise CannotFill("its URL is not valid Unicode: no browser can ask for it") from None
    if not found:
        raise CannotFill(f"an earlier route answers {made[0].url}; pass a URL to audit")
    return found


def reaches(route: Route, url: str) -> bool:
    """Whether Django resolves the URL to the route, and somebody may link to it."""
    captured = _captured(url, route)
    if captured is None:
        return False
    made_up = "//" in url or bool(captured) != bool(route.arguments)
    # Where the empty path is another route's, or is none, nobody links to it.
    return not (made_up and (route.catch_all or route.any_path))


def _captured(url: str, route: Route) -> tuple[Any, ...] | None:
    """Arguments that the route's view receives for the URL; None when it is another view's."""
    try:
        match = resolve(unquote(url))
    except Resolver404:
        return None
    named = match.captured_kwargs or {}  # type: ignore[attr-defined]
    return (*match.args, *named.values()) if match.func is route.view else None


def _refuse_globs(globs: Sequence[str], seen: list[str], skipped: list[Skipped]) -> None:
    wanted = ", ".join(repr(glob) for glob in globs)
    if skipped:
        first = skipped[0]
        raise CannotRun(f"--endpoint {wanted}: {first.route} cannot be audited: {first.reason}")
    hint = nearest(globs[0].partition(" ")[2] or globs[0], seen)
    raise CannotRun(f"--endpoint {wanted}: no route fits{hint}")


def from_urls(urls: Sequence[str], globs: Sequence[str] = ()) -> list[Target]:
    """A target for each URL, named after its route; after itself where several share the route.

    Raises CannotRun for one that no view answers to GET or HEAD.
    """
    targets = [_named(url) for url in dict.fromkeys(urls)]
    count = Counter(target.name for target in targets)
    targets = [
        replace(t, name=f"{t.method} {t.candidates[0].url}") if count[t.name] > 1 else t
        for t in targets
    ]
    fitting = [t for t in targets if not globs or t.matches(globs)]
    if not fitting:
        raise CannotRun(f"--endpoint {globs[0]!r}: none of the given URLs fits")
    return fitting


def _named(given: str) -> Target:
    parts = urlsplit(given)
    path = "/" + parts.path.lstrip("/")
    try:
        given.encode()
    except UnicodeEncodeError:
        raise CannotRun(f"URL {given!r} is not valid UTF-8; write its bytes as %XX") from None
    prefix = (settings.FORCE_SCRIPT_NAME or "").rstrip("/")
    if prefix and path.startswith(prefix + "/"):
        path = path.removeprefix(prefix)
    try:
        match = resolve(unquote(path))
    except Resolver404:
        known = [route.name for route in walk()]
        hint = f"; did you mean {path + '/'!r}?" if _resolves(path + "/") else nearest(path, known)
        raise CannotRun(f"URL {given!r}: no route answers it{hint}") from None
    method = audit_method(match.func)
    if method is None:
        raise CannotRun(f"URL {given!r} {accepts(match.func)}; an audit sends GET and HEAD")
    name = readable(match.route, match.captured_kwargs or ())  # type: ignore[attr-defined]
    url = urlunsplit(("", "", path, parts.query, ""))
    label = match.view_name or ""
    return Target(f"{method} {name}", method, (Candidate(url),), match.func, label)


def _resolves(path: str) -> bool:
    try:
        resolve(unquote(path))
    except Resolver404:
        return False
    return True
