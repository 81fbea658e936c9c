"""What a finding brings along: the code to write instead, and the figures that prove it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

FixKind = Literal[
    "select_related",
    "prefetch_related",
    "prefetch_object",
    "annotate",
    "in_bulk",
    "bulk_create",
    "bulk_update",
    "only",
    "exists",
    "iterator",
    "cache",
    "index",
    "drop_index",
    "rewrite",
    "transaction",
]

#: Where what a fix may name is imported from.
_IMPORTS = {
    "django.contrib.contenttypes.prefetch": {"GenericPrefetch"},
    "django.contrib.postgres.indexes": {
        *("BrinIndex", "GinIndex", "GistIndex", "HashIndex", "OpClass"),
    },
    "django.core.paginator": {"Paginator"},
    "django.db.models.fields.json": {"KT", "KeyTextTransform", "KeyTransform"},
    "django.db.models.functions": {
        *("Abs", "Coalesce", "Collate", "Length", "Lower", "Trim", "Upper"),
    },
    "django.db.models": {
        *("Case", "Count", "Exists", "F", "OuterRef", "Prefetch", "Q", "Subquery", "Value", "When"),
        "prefetch_related_objects",
    },
}


@dataclass(frozen=True, slots=True)
class Rewrite:
    """An expression where rows are read, at the finding's location or template line, and what takes
    its place. ``elsewhere`` tells that other rows may be read there, which do not have it.
    """

    before: str
    after: str
    elsewhere: bool = False


@dataclass(frozen=True, slots=True)
class Fix:
    """What to write instead.

    ``lookups`` are the lookups that are missing, complete for the origin; ``code`` can be pasted.
    ``alternative`` does the same by other means, where Django has them, ``diff`` is a unified diff
    where an edit is certain.

    The same as parts, for who edits or tries it: ``methods`` are the calls to append to the
    origin's queryset, ``deferral`` the ``only()`` or ``defer()`` (or ``all()``, for none) that
    takes the place of what it has, ``drops`` the lookups to take out of what it loads eagerly, and
    ``rewrite`` what else changes where the rows are read. ``partial`` tells that more has to change
    there, in a way that the code does not show.
    """

    kind: FixKind
    lookups: tuple[str, ...]
    code: str
    diff: str | None = None
    alternative: str | None = None
    methods: str = ""
    deferral: str = ""
    drops: tuple[str, ...] = ()
    rewrite: Rewrite | None = None
    partial: bool = False

    @property
    def imports(self) -> tuple[str, ...]:
        """The lines that import what ``code`` names of Django, beside models."""
        used = set(re.findall(r"(?<!models\.)\b[A-Za-z_]+(?=\()", self.code))
        return tuple(
            f"from {module} import {', '.join(sorted(used & names))}"
            for module, names in _IMPORTS.items()
            if used & names
        )


@dataclass(frozen=True, slots=True)
class Proof:
    """Figures of the same request run again with the fix in place; durations in milliseconds.

    ``method`` is "rerun" for a request, for an index that was tried on queries how that was done.
    ``reordered`` tells that the response had the same rows in another order, where no query defines
    one.
    """

    queries_before: int
    queries_after: int
    duration_ms_before: float
    duration_ms_after: float
    cost_before: float | None
    cost_after: float | None
    same_response: bool
    method: str
    reordered: bool = False
