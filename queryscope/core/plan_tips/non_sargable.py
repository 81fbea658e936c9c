"""A condition on something computed from a column, or on what a text ends with.

    Task.objects.filter(created_at__date=day)        (created_at AT TIME ZONE 'UTC')::date = ...
    User.objects.filter(email__iexact=email)         UPPER(email) = ...
    Task.objects.filter(title__icontains="fix")      UPPER(title) LIKE '%FIX%'

Why it hurts: an index is in the order of the column. What is computed from it may be in any order,
and so may texts by what is in their middle: all rows are read and computed.

Instead of:
    filter(created_at__date=day)
    filter(email__iexact=email)
    filter(title__icontains="fix")
use:
    filter(created_at__gte=start, created_at__lt=start + timedelta(days=1))
    models.Index(Upper("email"), name="user_email_upper_idx")
    GinIndex(OpClass(Upper("title"), name="gin_trgm_ops"), name="task_title_trgm_idx")

A scan counts when it read 10,000 rows and threw nine tenths away, and none of its other conditions
is one that an index answers and that few rows meet.
Silent: small tables, patterns that begin with a known text, and where the index is there.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlglot import exp

from .conditions import Condition, alternatives
from .remedies import remedy
from .rewrites import exists, rewrite, search, shown
from .scans import discards, read_and_kept, reading
from .tip import MANY_ROWS, Context, Tip

NAME = "non-sargable"


def tips(context: Context) -> Iterable[Tip]:
    """Speak of scans that discard rows by conditions no index answers."""
    for position in range(len(context.nodes)):
        scan = reading(context, position)
        if scan is None:
            continue
        in_vain = scan.read - (scan.kept or 0.0)
        if not (discards(scan) if scan.sequential else in_vain >= MANY_ROWS):
            continue
        found = _found(context, position)
        if found is not None:
            by, hint = found
            message = f"{read_and_kept(context, position, scan)}, by {by}"
            yield Tip(NAME, position, message, hint, scan.cost_ms)


def _found(context: Context, position: int) -> tuple[str, str] | None:
    """The condition in short, and how to ask it."""
    answer = remedy(context, position)
    if answer.remedy == "alternatives":
        searched = _searches(context, position, answer.conditions[0])
        hint = search(context, position, searched) if searched else ""
        by = " OR ".join(shown(context, position, each) for each in searched)
        return (by, hint) if hint else None
    condition = _first(context, position, answer.conditions)
    if answer.remedy != "rewrite" or condition is None:
        return None
    return shown(context, position, condition), rewrite(context, position, condition)


def _searches(context: Context, position: int, condition: Condition) -> list[Condition]:
    """The branches of an OR that looks for a text in several columns; [] for any other one."""
    if not isinstance(condition.tree, exp.Or) or context.is_sqlite:
        return []
    branches = alternatives(context, position, condition.tree)
    searched = [branch[0] for branch in branches if len(branch) == 1]
    all_are = len(searched) == len(branches) and all(each.kind == "wildcard" for each in searched)
    known = any(exists(context, position, each) for each in searched)
    return searched if all_are and not known else []


def _first(context: Context, position: int, asked: tuple[Condition, ...]) -> Condition | None:
    """The condition to speak of: none where an index has what one of them computes."""
    if any(exists(context, position, condition) for condition in asked):
        return None
    return next(iter(asked), None)
