"""The audit itself: request every target, look at what was recorded, say what was found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from django.db import connections
from django.db.models import Model

from .. import __version__
from ..conf import Settings
from ..core.budget_settings import unused
from ..core.events import Trace
from ..core.explained import STEP
from ..core.findings import Endpoint, Report, Skipped
from ..core.reporters.layout import plural
from ..databases.what_if import Mode
from ..inspection import Judged, judge
from ..recording import Recording
from ..suppressions import idle
from . import answers as answers_file
from . import login, targets
from .arguments import ArgumentFiller, Candidate
from .effects import united
from .indexes import Wanted, wanted
from .plans import Plans
from .preflight import CannotRun, usable_aliases
from .progress import Progress
from .proofs import Request, proven
from .requests import TIMEOUT_S, Answer, Requester, host, uses_rest_framework
from .sandbox import quiet_surroundings, rolled_back
from .siblings import Answered
from .targets import Target
from .traces import only_database
from .watched import Watched, measured, watched

_NO_SUCH_OBJECT = {404, 410}
_NOT_AUTHENTICATED = {401, 403}
#: Stands between a status and the arguments that met with it.
TRIED = ": tried "
#: Reasons named when everything failed; the sum of them stays one line.
MAX_REASONS = 3


@dataclass(frozen=True, slots=True)
class Options:
    """What to audit. ``user`` is a name, None for the first superuser; ``database`` the alias
    whose queries count; ``urls`` empty means the whole URLconf; ``timeout_s`` the seconds that a
    request may take, 0 for any; ``explain`` asks for the plans of what is slow,
    ``what_if`` tells how indexes are tried, None that none are advised; ``proof`` sends the
    requests again with the fixes in place, ``responses`` is a file for what was answered.
    """

    settings: Settings
    urls: tuple[str, ...] = ()
    globs: tuple[str, ...] = ()
    user: str | None = None
    anonymous: bool = False
    admin: bool = False
    repeat: int = 1
    database: str = "default"
    timeout_s: float = TIMEOUT_S
    explain: bool = True
    what_if: Mode | None = None
    proof: bool = False
    responses: str | None = None


@dataclass(frozen=True, slots=True)
class Audited:
    """A report and who made its requests: a user's name, or "" for anonymous; ``recordings`` are
    those of the requests that were judged."""

    report: Report
    user: str
    recordings: tuple[Recording, ...] = ()


def audit(options: Options, progress: Progress) -> Audited:
    """Run the audit. Raises CannotRun or UnknownUser with one line that says what to do."""
    aliases = usable_aliases(options.database)
    with quiet_surroundings(host()):
        with rolled_back(aliases):
            user = _user(options)
            chosen, skipped = _targets(options, user, progress)
        # Of a query that takes less no step can be worth telling.
        plans = Plans(options.database, STEP * options.settings.slow_query_ms)
        look = plans.look if options.explain and options.settings.explain else None
        keep = options.responses is not None
        requester = Requester(user, aliases, options.timeout_s, look, capture=keep)
        asked = _ask(chosen, requester, options.repeat, progress)
    answers = [answer for one in asked for answer in one.answers if not answer.problem]
    recordings = tuple(answer.recording for answer in answers)
    if options.responses is not None:
        found = {one.target.name: [a.response for a in one.answers] for one in asked}
        kept = {name: [each for each in all_ if each] for name, all_ in found.items()}
        answers_file.write(options.responses, kept)
    indexes = Wanted()
    if options.what_if is not None:
        progress.note("trying indexes")
        indexes = wanted(recordings, options.database, options.what_if)
        progress.clear()
    judged = _report(asked, skipped, options, plans, indexes)
    report = judged.report
    _refuse_nothing(report, options.database)
    if options.proof:
        requests = {one.target.name: one.request for one in asked}
        with quiet_surroundings(host()):
            report = proven(
                judged,
                [only_database(each.trace, options.database) for each in recordings],
                requests,
                requester,
                options.settings,
                options.database,
                progress,
            )
    return Audited(report, login.name_of(user), recordings)


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


@dataclass(frozen=True, slots=True)
class _Asked:
    """A target's measured answers, or the failing one alone, what its first request read, and what
    any of them reached that no rollback undoes.
    """

    target: Target
    request: Request
    answers: list[Answer]
    watched: Trace
    touched: tuple[str, ...]


def _ask(
    chosen: Sequence[Target], requester: Requester, repeat: int, progress: Progress
) -> list[_Asked]:
    progress.start(len(chosen))
    found: list[_Asked] = []
    answered = Answered()
    try:
        for target in chosen:
            progress.note(target.name)
            found.append(_repeated(target, requester, repeat, answered))
            progress.step()
    except KeyboardInterrupt:
        progress.clear()
        raise CannotRun(
            f"interrupted after {len(found)} of {plural(len(chosen), 'endpoint')}"
        ) from None
    finally:
        progress.clear()
    return found


def _repeated(target: Target, requester: Requester, repeat: int, answered: Answered) -> _Asked:
    """A first request, and those that are measured.

    The first fills what a long-running server has long filled (compiled templates, content types),
    finds a row that the user may see, and shows what is read of the rows: it does not count.
    """
    tried = []
    for candidate in answered.candidates(target):
        url = candidate.url
        first = _first(target, requester, url)
        if first.answer.status not in _NO_SUCH_OBJECT:
            answered.note(target, candidate)
            break
        tried.append((candidate, first))
    else:
        first = _nothing_there(tried)
    answers = [first.answer] if first.answer.problem else []
    while not first.answer.problem and len(answers) < repeat:
        answers.append(measured(requester, target.method, url, target.name, first))
        if answers[-1].problem:
            answers = answers[-1:]
            break
    touched = united(answer.effects for answer in (first.answer, *answers)).told
    request = Request(target.method, url, first.force)
    return _Asked(target, request, answers, first.trace, touched)


def _nothing_there(tried: Sequence[tuple[Candidate, Watched]]) -> Watched:
    """The first answer of those that are all 404, with what was chosen for its arguments."""
    candidate, first = tried[0]
    if not candidate.told:
        return first
    others = f" and {plural(len(tried) - 1, 'other URL')}" if len(tried) > 1 else ""
    problem = f"{first.answer.problem}{TRIED}{candidate.told}{others}; pass a URL to audit"
    return replace(first, answer=replace(first.answer, problem=problem))


def _first(target: Target, requester: Requester, url: str) -> Watched:
    first = watched(requester, target.method, url, target.name)
    may_force = requester.user is not None and uses_rest_framework(target.view)
    if first.answer.status in _NOT_AUTHENTICATED and may_force:
        return watched(requester, target.method, url, target.name, force=True)
    return first


def _report(
    asked: list[_Asked], skipped: list[Skipped], options: Options, plans: Plans, indexes: Wanted
) -> Judged:
    traces, failed, skipped = [], [], list(skipped)
    for target, given in ((one.target, one.answers) for one in asked):
        if given[0].refusal and target.route is not None:
            skipped.append(Skipped(target.route.name, given[0].refusal, expected=True))
            continue
        recorded = [only_database(answer.trace, options.database) for answer in given]
        if given[0].problem:
            failed.append(_failed(target, given[0], recorded[0]))
        else:
            traces.extend(recorded)
    seen = [only_database(one.watched, options.database) for one in asked]
    judged = judge(
        *traces,
        settings=options.settings,
        watched=seen,
        plans=plans.found,
        also=indexes.findings,
    )
    touched = {one.target.name: one.touched for one in asked}
    connection, report = connections[options.database], judged.report
    database = {"alias": options.database, "vendor": connection.vendor, **report.database}
    report = replace(
        report,
        endpoints=tuple(
            replace(each, touched=touched.get(each.name, ()))
            for each in (*report.endpoints, *failed)
        ),
        skipped=tuple(skipped),
        database=database,
        tool=report.tool or {"name": "queryscope", "version": __version__},
        indexes=indexes.indexes,
        notes=indexes.notes,
    )
    if options.urls or options.globs:
        return replace(judged, report=report)  # too little ran to speak of the whole project
    told = report.suppressions + idle(report, traces, options.settings)
    endpoints = [endpoint.name for endpoint in report.endpoints]
    routes = [one.route for one in skipped]
    notes = [
        *unused(options.settings.query_budgets, endpoints, routes),
        *unused(options.settings.unordered, endpoints, routes, "UNORDERED"),
    ]
    report = replace(report, suppressions=told, notes=(*report.notes, *notes), whole=True)
    return replace(judged, report=report)


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
            names.setdefault(endpoint.problem.partition(TRIED)[0], []).append(endpoint.name)
    reasons = sorted(names.items(), key=lambda reason: -len(reason[1]))
    told = [
        f"{problem} ({at[0]}{f' and {len(at) - 1} more' if len(at) > 1 else ''})"
        for problem, at in reasons[:MAX_REASONS]
    ]
    if len(reasons) > MAX_REASONS:
        told.append(plural(len(reasons) - MAX_REASONS, "other reason"))
    failed = sum(len(at) for at in names.values())
    return f"{failed} of {plural(len(endpoints), 'endpoint')} failed: {'; '.join(told)}"
