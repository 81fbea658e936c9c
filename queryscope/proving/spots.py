"""Where a query comes from, known before it runs: the spot of a group that a recording counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from types import FrameType
from typing import Any, Literal

from django.core.exceptions import EmptyResultSet
from django.db.models import Count
from django.db.models.query import RawQuerySet

from ..core.events import QueryGroup
from ..core.fingerprint import Statement
from ..recording import Recording
from ..stack import walk

Asked = Literal["rows", "count", "exists"]
#: What tells a group of one recording from its others, and is the same in the next one.
Key = tuple[str, str, Any, Any]


@dataclass(frozen=True, slots=True)
class Spot:
    """A place that asks one model for something. ``fingerprint`` tells it from another statement
    of that place; "" where there is no other.
    """

    site: Any
    alias: str
    model: type
    asked: Asked
    fingerprint: str = ""


def key_of(group: QueryGroup) -> Key:
    return group.fingerprint, group.database, group.location, group.template


class Spots:
    """The spots of a recording's groups."""

    def __init__(self, recording: Recording) -> None:
        groups = list(recording.ledger.groups.items())
        bare = [
            Spot(site, alias, group.model, _asked(group.operation))
            for (_, alias, site), group in groups
        ]
        places = Counter(bare)
        self._found: dict[Key, list[Spot]] = {}
        for spot, ((statement, *_), _), group in zip(
            bare, groups, recording.trace.groups, strict=True
        ):
            several = places[spot] > 1
            whole = (
                Spot(spot.site, spot.alias, spot.model, spot.asked, statement.fingerprint)
                if several
                else spot
            )
            self._found.setdefault(key_of(group), []).append(whole)

    def of(self, group: QueryGroup) -> list[Spot]:
        """Those of a group of this recording or of another of the same code."""
        return [spot for spot in self._found.get(key_of(group), ()) if spot.model is not None]


def _asked(operation: str) -> Asked:
    if operation == "count":
        return "count"
    return "exists" if operation == "exists" else "rows"


def find_spot(
    spots: Iterable[Spot], queryset: Any, asked: Asked, frame: FrameType, *, waiting: bool = False
) -> Spot | None:
    """The spot that a queryset is about to ask from; None where it is none of these.

    ``waiting`` tells that a coroutine is running that will wait for the answer, at an instruction
    that is not known yet.
    """
    near = [spot for spot in spots if spot.model is queryset.model and spot.asked == asked]
    if not near:
        return None
    site, alias = walk(frame).site, queryset.db
    if waiting and isinstance(site, tuple):
        near = [s for s in near if isinstance(s.site, tuple) and s.site[0] == site[0]]
    else:
        near = [spot for spot in near if spot.site == site]
    near = [spot for spot in near if spot.alias == alias]
    if len(near) == 1 and not near[0].fingerprint:
        return near[0]
    fingerprint = _fingerprint(queryset, asked) if near else ""
    return next((spot for spot in near if spot.fingerprint == fingerprint), None)


def _fingerprint(queryset: Any, asked: Asked) -> str | None:
    """Of what will be sent; None where nothing is asked: it can have no rows."""
    if isinstance(queryset, RawQuerySet):
        return Statement.of(str(queryset.raw_query)).fingerprint
    query = queryset.query.clone()
    if asked == "exists":
        query = query.exists()
    elif asked == "count":
        query = _counting(query)
    try:
        sql = query.get_compiler(using=queryset.db).as_sql()[0]
    except EmptyResultSet:
        return None
    return Statement.of(sql).fingerprint


def _counting(query: Any) -> Any:
    """As ``count()`` asks where it needs no subquery."""
    query.clear_ordering(force=True)
    query.clear_select_clause()
    query.add_annotation(Count("*"), "__count")
    return query
