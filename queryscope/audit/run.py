"""The audit itself: request every target, look at what was recorded, say what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db import connections
from django.db.models import Model

from .. import __version__
from ..conf import Settings
from ..core.events import TimelineEntry, Trace
from ..core.findings import Endpoint, Report, Skipped
from ..core.reporters.layout import plural
from ..inspection import inspect
from . import login, targets
from .arguments import ArgumentFiller
from .preflight import CannotRun, usable_aliases
from .progress import Progress
from .requests import Answer, Requester, host, uses_rest_framework
from .sandbox import quiet_surroundings, rolled_back
from .targets import Target

_NO_SUCH_OBJECT = {404, 410}
_NOT_AUTHENTICATED = {401, 403}
#: Reasons named when everything failed; the sum of them stays one line.
MAX_REASONS = 3


@dataclass(frozen=True, slots=True)
class Options:
    """What to audit. ``user`` is a name, None for the first superuser; ``database`` the alias
    whose queries count; ``urls`` empty means the whole URLconf.
    """

    settings: Settings
    urls: tuple[str, ...] = ()
    globs: tuple[str, ...] = ()
    user: str | None = None
    anonymous: bool = False
    admin: bool = False
    repeat: int = 1
    database: str = "default"


@dataclass(frozen=True, slots=True)
class Audited:
    """A report and who made its requests: a user's name, or "" for anonymous."""

    report: Report
    user: str


def audit(options: Options, progress: Progress) -> Audited:
    """Run the audit. Raises CannotRun or UnknownUser with one line that says what to do."""
    aliases = usable_aliases(options.database)
    with quiet_surroundings(host()):
        with rolled_back(aliases):
            user = _user(options)
            chosen, skipped = _targets(options, user, progress)
        requester = Requester(user, aliases)
        answers = _answers(chosen, requester, options.repeat, progress)
    report = _report(answers, skipped, options)
    _refuse_nothing(report, options.database)
    return Audited(report, login.name_of(user))


def _user(options: Options) -> Model | None:
    if options.anonymous:
        return None
    return login.find_user(options.user) if options.user else login.default_user()


def _targets(
    options: Options, user: Model | None, progress: Progress
) -> tuple[list[Target], list[Skipped]]:
    if options.urls:
        return targets.from_urls(options.urls, options.globs), []
    progress.note("choosing rows for the URLs")
    return targets.from_urlconf(ArgumentFiller(user), admin=options.admin, globs=options.globs)


def _answers(
    chosen: Sequence[Target], requester: Requester, repeat: int, progress: Progress
) -> list[tuple[Target, list[Answer]]]:
    progress.start(len(chosen))
    found = []
    try:
        for target in chosen:
            progress.note(target.name)
            found.append((target, _repeated(target, requester, repeat)))
            progress.step()
    except KeyboardInterrupt:
        progress.clear()
        raise CannotRun(
            f"interrupted after {len(found)} of {plural(len(chosen), 'endpoint')}"
        ) from None
    finally:
        progress.clear()
    return found


def _repeated(target: Target, requester: Requester, repeat: int) -> list[Answer]:
    """The measured answers; of an endpoint that fails, the failing one alone.

    A first request, which does not count, fills what a long-running server has long filled
    (compiled templates, content types) and finds a row that the user may see.
    """
    force = False
    for url in target.urls:
        first = requester.send(target.method, url, target.name)
        if first.status in _NOT_AUTHENTICATED and requester.user is not None:
            force = uses_rest_framework(target.view)
            if force:
                first = requester.send(target.method, url, target.name, force=True)
        if first.status not in _NO_SUCH_OBJECT:
            break
    if first.problem:
        return [first]
    answers = []
    for _ in range(repeat):
        answers.append(requester.send(target.method, url, target.name, force=force))
        if answers[-1].problem:
            return answers[-1:]
    return answers


def _report(
    answers: list[tuple[Target, list[Answer]]], skipped: list[Skipped], options: Options
) -> Report:
    traces, failed = [], []
    for target, given in answers:
        recorded = [only_database(answer.trace, options.database) for answer in given]
        if given[0].problem:
            failed.append(_failed(target, given[0], recorded[0]))
        else:
            traces.extend(recorded)
    report = inspect(*traces, settings=options.settings)
    connection = connections[options.database]
    database = {"alias": options.database, "vendor": connection.vendor, **report.database}
    return replace(
        report,
        endpoints=report.endpoints + tuple(failed),
        skipped=tuple(skipped),
        database=database,
        tool=report.tool or {"name": "queryscope", "version": __version__},
    )


def _failed(target: Target, answer: Answer, trace: Trace) -> Endpoint:
    return Endpoint(
        name=target.name,
        request=trace.request,
        status=answer.status,
        queries=trace.queries,
        distinct=trace.distinct,
        database_ms=trace.database_ms,
        duration_ms=trace.duration_ms,
        problem=answer.problem,
    )


def only_database(trace: Trace, alias: str) -> Trace:
    """The trace with the queries of one alias; unchanged when it has no others."""
    kept = [i for i, group in enumerate(trace.groups) if group.database == alias]
    if len(kept) == len(trace.groups):
        return trace
    place = {old: new for new, old in enumerate(kept)}
    groups = tuple(trace.groups[i] for i in kept)
    return replace(
        trace,
        groups=groups,
        queries=sum(group.count for group in groups),
        database_ms=sum(group.duration_ms for group in groups),
        timeline=tuple(
            TimelineEntry(place[entry.group], entry.start_ns, entry.duration_ns)
            for entry in trace.timeline
            if entry.group in place
        ),
        truncated=0,
    )


def _refuse_nothing(report: Report, alias: str) -> None:
    """Never green on nothing."""
    judged = [endpoint for endpoint in report.endpoints if not endpoint.problem]
    if any(endpoint.queries for endpoint in judged):
        return
    if not report.endpoints:
        why = "no route could be requested"
        if report.skipped:
            first = report.skipped[0]
            why += f"; {len(report.skipped)} skipped, first {first.route}: {first.reason}"
    elif len(judged) < len(report.endpoints):
        why = _why_failed(report.endpoints)
    else:
        why = f"{plural(len(judged), 'endpoint')} ran and none used database {alias!r}"
    raise CannotRun(f"captured no queries: {why}")


def _why_failed(endpoints: Sequence[Endpoint]) -> str:
    """The reasons on one line, the most frequent ones first, each with an endpoint to look at."""
    names: dict[str, list[str]] = {}
    for endpoint in endpoints:
        if endpoint.problem:
            names.setdefault(endpoint.problem, []).append(endpoint.name)
    reasons = sorted(names.items(), key=lambda reason: -len(reason[1]))
    told = [
        f"{problem} ({at[0]}{f' and {len(at) - 1} more' if len(at) > 1 else ''})"
        for problem, at in reasons[:MAX_REASONS]
    ]
    if len(reasons) > MAX_REASONS:
        told.append(plural(len(reasons) - MAX_REASONS, "other reason"))
    failed = sum(len(at) for at in names.values())
    return f"{failed} of {plural(len(endpoints), 'endpoint')} failed: {'; '.join(told)}"
