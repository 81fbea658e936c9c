"""From findings to a trial: which spots change, and what is read there in place of the database."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from django.apps import apps
from django.db.models import Model
from django.db.models.manager import BaseManager

from ..core.detection import Detection
from ..core.events import MANY_RELATIONS, Offence, QueryGroup, Source, Trace
from ..core.fixes import Counted, Need, Path, Remedy, eager_fix
from ..core.repairs import Fix
from ..core.sightings import Reading
from .changes import Answer, Change
from .spots import Key, Spot, Spots, key_of
from .trial import Halved, Trial

_ON_ROWS = "prefetch_related_objects(rows"
#: Why the fix of a detector is no change of a queryset that could be put in place.
_BY_DETECTOR = {
    "write-in-loop": "it changes code that writes",
    "unbounded-query": "fewer rows are another response",
}
_ELSEWHERE = "it changes the code around the query, not its queryset"


@dataclass(frozen=True, slots=True)
class Part:
    """One finding and the fix of it alone, as it is tried."""

    detection: Detection
    fix: Fix
    remedy: Remedy

    @property
    def queryset(self) -> object:
        """Equal for parts that change one queryset."""
        need = self.detection.need
        return need.queryset if need is not None else self.detection.finding.identity

    def joined(self, parts: Iterable[Part]) -> Fix:
        """The fix of the queryset for these parts of it, the same for each of them."""
        need = self.detection.need
        if need is None:
            return self.fix
        remedy = Remedy()
        for part in parts:
            if part.queryset == self.queryset:
                remedy = remedy | part.remedy
        fix = eager_fix(need.origin, remedy, self.fix.kind)
        return replace(fix, rewrite=self.fix.rewrite, partial=self.fix.partial)


def obstacle(detection: Detection) -> str:
    """Why no request can show whether a finding's fix helps; "" where one can."""
    fix, detector = detection.finding.fix, detection.finding.detector
    if fix is None or detection.finding.proof is not None:
        return ""
    if detection.origin is None:
        if detector == "n-plus-one":
            return "the queryset of these rows was not seen"
        return _BY_DETECTOR.get(detector, _ELSEWHERE)
    if fix.partial:
        return "what reads the rows has to change as well, in a way that the code does not show"
    if detection.need is None and not (fix.drops or fix.methods):
        return _ELSEWHERE
    return ""


def parts_of(detection: Detection) -> tuple[Part, ...]:
    """The finding's own fix, and what could be tried in its place."""
    need, fix = detection.need, detection.finding.fix
    assert fix is not None
    if need is None:
        return (Part(detection, fix, Remedy()),)
    remedies = [need.remedy]
    if any(path.selectable for path in need.remedy.paths):
        paths = tuple(replace(path, prefetched=True) for path in need.remedy.paths)
        remedies.append(replace(need.remedy, paths=paths))
        if any(map(_leaves_out, need.remedy.paths)):
            del remedies[0]
    parts = (Part(detection, _fix(need, remedy, fix), remedy) for remedy in remedies)
    # A path through what is prefetched already has one way only.
    return tuple({part.fix.code: part for part in parts}.values())


def _leaves_out(path: Path) -> bool:
    """Whether a join would find rows that the base manager of their model hides, if not today."""
    managers = (apps.get_model(step.target)._base_manager for step in path.steps)
    return any(type(each).get_queryset is not BaseManager.get_queryset for each in managers)


def _fix(need: Need, remedy: Remedy, known: Fix) -> Fix:
    kind = need.kind if remedy == need.remedy else "prefetch_related"
    fix = eager_fix(need.origin, remedy, kind)
    return replace(fix, rewrite=known.rewrite, partial=known.partial)


def trial_of(parts: Iterable[Part], spots: Spots, statements: tuple[str, ...] = ()) -> Trial:
    """All the parts at once."""
    parts = tuple(parts)
    changes: dict[Spot, Change] = {}
    answers: dict[Spot, Answer] = {}
    for part in parts:
        for spot in _origins(part.detection, spots):
            change = _change(part, part.joined(parts))
            known = changes.get(spot)
            changes[spot] = change if known is None else known | change
        for group in _groups(part.detection):
            answer = _answer(part, group)
            if answer is not None:
                answers.update(dict.fromkeys(spots.of(group), answer))
        for step, group in _narrowed_on_the_way(part):
            answer = Answer(step, rows=step.rows)
            answers.update(dict.fromkeys(spots.of(group), answer))
    unordered = bool(statements) or any(_loads_unordered(part.remedy) for part in parts)
    return Trial(changes, answers, statements=statements, unordered=unordered)


def _loads_unordered(remedy: Remedy) -> bool:
    """Whether it loads many rows of a model without an order, in another way than before."""
    steps = [step for path in remedy.paths for step in path.steps]
    return any(
        step.kind in MANY_RELATIONS
        and not apps.get_model(step.target)._meta.ordering
        and not (step.reading is not None and ".order_by(" in step.reading.narrowing)
        for step in steps
    )


def _origins(detection: Detection, spots: Spots) -> list[Spot]:
    origin, trace = detection.origin, detection.trace
    if origin is None or trace is None or origin.group is None:
        return []
    return spots.of(trace.groups[origin.group])


def origin_keys(detection: Detection) -> Iterator[Key]:
    """What tells the queries that load the origin's rows, in whichever endpoint."""
    origin, trace = detection.origin, detection.trace
    if origin is not None and trace is not None and origin.group is not None:
        yield key_of(trace.groups[origin.group])


def _groups(detection: Detection) -> list[QueryGroup]:
    trace = detection.trace
    return [trace.groups[index] for index in sorted(detection.groups)] if trace else []


def _change(part: Part, fix: Fix) -> Change:
    origin = part.detection.origin
    rows = fix.code if fix.code.startswith(_ON_ROWS) else ""
    location = origin.location if origin is not None else None
    methods = "" if rows or fix.drops else fix.methods
    kept = fix.lookups if fix.drops else ()
    drops = frozenset(fix.drops)
    return Change(methods, fix.deferral, drops, kept, rows, location, _named(part))


def _named(part: Part) -> frozenset[type[Model]]:
    """The models whose managers the code of a part may name."""
    relations = {step for path in part.remedy.paths for step in path.steps}
    relations |= {counted.relation for counted in part.remedy.counted}
    relations |= {group.relation for group in _groups(part.detection) if group.relation}
    return frozenset(apps.get_model(each.target) for each in relations if each.target)


def queries_of(detection: Detection, trace: Trace) -> int:
    """The number of a finding's queries in another trace of its endpoint."""
    return sum(group.count for group in groups_in(detection, trace))


def groups_in(detection: Detection, trace: Trace) -> list[QueryGroup]:
    """The queries of a finding in another trace of its endpoint."""
    keys = {key_of(group) for group in _groups(detection)}
    return [group for group in trace.groups if key_of(group) in keys]


def tables_of(detection: Detection) -> Iterator[str]:
    """What the queries of a finding read."""
    for group in _groups(detection):
        yield from group.tables


def _answer(part: Part, group: QueryGroup) -> Answer | None:
    if part.fix.rewrite is None or group.relation is None:
        return None
    reading = group.reading or Reading()
    if part.fix.kind == "annotate":
        counted = Counted(group.relation, group.operation == "exists", reading)
        return Answer(reading, value=counted.name)
    last = part.remedy.paths[0].steps[-1] if part.remedy.paths else None
    if last is not None and last.reading is not None:
        return Answer(reading, rows=last.reading.rows)
    return Answer(reading, relation=group.relation.name)


def _narrowed_on_the_way(part: Part) -> Iterator[tuple[Reading, QueryGroup]]:
    """Managers between the origin and what is loaded which the fix narrows by itself."""
    trace = part.detection.trace
    known = {
        (step.model, step.name): step.reading
        for path in part.remedy.paths
        for step in path.steps[:-1]
        if step.reading is not None
    }
    offences = [o for group in _groups(part.detection) for o in group.offences] if known else []
    for offence in offences:
        assert trace is not None
        node: Source | None = trace.sources[offence.source]
        while node is not None:
            relation = node.relation
            reading = known.get((relation.model, relation.name)) if relation else None
            if reading is not None and node.group is not None:
                yield reading, trace.groups[node.group]
            node = trace.sources[node.parent] if node.parent is not None else None


def was_met(detection: Detection, spots: Spots) -> bool:
    """Whether the request that was sent again shows what the finding is about."""
    groups = _groups(detection)
    return bool(_origins(detection, spots)) and all(spots.of(group) for group in groups)


def halves_of(
    detections: Iterable[Detection], spots: Spots, half: Halved
) -> tuple[Trial, list[Detection]]:
    """A trial without half of the rows that multiply queries, and whose queries it should halve."""
    halved: dict[Spot, Halved] = {}
    concerned = []
    for detection in detections:
        roots = [spot for index in _roots(detection) for spot in _spots(detection, index, spots)]
        if roots:
            halved.update(dict.fromkeys(roots, half))
            concerned.append(detection)
    return Trial(halved=halved), concerned


def _spots(detection: Detection, group: int, spots: Spots) -> list[Spot]:
    assert detection.trace is not None
    return spots.of(detection.trace.groups[group])


def _roots(detection: Detection) -> set[int]:
    """The groups that load the rows which multiply a finding's queries."""
    found = set()
    for offence in (o for group in _groups(detection) for o in group.offences):
        assert detection.trace is not None
        node = _root(detection.trace, offence)
        if not node.single and node.rows > 1 and node.group is not None:
            found.add(node.group)
    return found


def _root(trace: Trace, offence: Offence) -> Source:
    node = trace.sources[offence.origin]
    while node.group is None and node.parent is not None:
        node = trace.sources[node.parent]
    return node


def caused(detection: Detection, trace: Trace) -> int:
    """The queries of a finding in another trace, as far as the same rows cause them: not those of
    rows that the code loads elsewhere when some are missing.
    """
    assert detection.trace is not None
    roots = {key_of(detection.trace.groups[index]) for index in _roots(detection)}
    count = 0
    for offence in (o for group in groups_in(detection, trace) for o in group.offences):
        root = _root(trace, offence).group
        if root is not None and key_of(trace.groups[root]) in roots:
            count += offence.count
    return count
