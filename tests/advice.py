"""Takes a finding at its word: runs the code of its fix, and reads what its hint says to read."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from django.contrib.contenttypes.prefetch import GenericPrefetch
from django.db.models import (
    Count,
    Exists,
    OuterRef,
    Prefetch,
    Q,
    Subquery,
    prefetch_related_objects,
)
from django.db.models.functions import Coalesce

from queryscope.core.findings import Finding

from .testapp import models

NAMES: dict[str, Any] = {
    **vars(models),
    "Coalesce": Coalesce,
    "Count": Count,
    "Exists": Exists,
    "GenericPrefetch": GenericPrefetch,
    "OuterRef": OuterRef,
    "Prefetch": Prefetch,
    "Q": Q,
    "Subquery": Subquery,
    "prefetch_related_objects": prefetch_related_objects,
}
_READ = re.compile(r"then read (.+?) instead of (\w+)\..+")


def rereading(finding: Finding) -> Callable[[Any], Any] | None:
    """What the hint says to read of a row instead; None where it says nothing of that."""
    found = _READ.search(finding.hint)
    if found is None:
        return None
    code, row_name = found.groups()
    return lambda row: eval(code, {**NAMES, row_name: row})
