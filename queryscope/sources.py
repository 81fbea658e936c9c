"""The mutable side of a trace's sources: places that evaluate querysets, and each evaluation.

Nothing in here refers back to the recording or its groups, so that a recording is freed when it is
let go, without waiting for the cyclic collector.
"""

from __future__ import annotations

from typing import Literal

from .core.events import Relation
from .core.sightings import Usage

LoadedBy = Literal["queryset", "lazy", "prefetch", "select_related"]


class SourceNode:
    """A place that evaluates a queryset, below the rows it was reached from.

    ``group`` is the index of the group whose queries evaluate it; None for rows that came along
    with those above, by ``select_related``.
    """

    __slots__ = (
        "evaluations",
        "forgotten",
        "group",
        "index",
        "loaded_by",
        "parent",
        "relation",
        "rows",
        "single",
        "streamed",
        "usage",
    )

    def __init__(
        self,
        index: int,
        parent: SourceNode | None,
        group: int | None,
        loaded_by: LoadedBy,
        relation: Relation | None,
        *,
        single: bool,
        streamed: bool = False,
    ) -> None:
        self.index = index
        self.parent = parent
        self.group = group
        self.loaded_by = loaded_by
        self.relation = relation
        self.single = single
        self.streamed = streamed
        self.evaluations = 0
        self.rows = 0
        #: Some of its rows are not remembered, so that what was read of them is not known.
        self.forgotten = False
        self.usage: Usage | None = None


class Evaluation:
    """One evaluation of a source."""

    __slots__ = ("_root", "source")

    def __init__(self, source: SourceNode, parent: Evaluation | None) -> None:
        self.source = source
        source.evaluations += 1
        self._root: Evaluation | None = None
        if parent is not None and not (parent._root is None and parent.source.single):
            self._root = parent.root

    @property
    def root(self) -> Evaluation:
        """The outermost evaluation of several rows above this one, or this one."""
        return self._root or self
