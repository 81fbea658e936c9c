"""Wide columns that are loaded for a list, and that nothing reads.

    for article in Article.objects.all():       title, slug, and 20 kB of body each
        print(article.title)

Why it hurts: the database reads the text, the network carries it and Python decodes it, for nobody.

Instead of:
    Article.objects.all()
use:
    Article.objects.defer("body")

Only an audit, and tests that say record(reads=True), see what is read. A column counts when no row
of any request that passes the line had it read. It is reported when such columns held 50 kB or more
in one request, and at least half of all that the rows held. The data may hide a branch that reads
it: confidence likely. An audit runs its request without them, which proves it for that one.

Silent: keys; rows of get() and first(), and fewer than three; rows that are saved, pickled, copied,
streamed, serialised as a whole, edited in a form or kept for later; models with a from_db() of
their own; failed requests; what the same class or function reads elsewhere.

To allow one: the comment "# queryscope: ignore[over-fetch] why" on its line or on
the line above, or an entry of QUERYSCOPE["ALLOW"].
"""

from __future__ import annotations

from collections.abc import Iterable

from ..detection import Case, Detection
from ..exercise import Column, Exercise, Load, Tree, trees
from ..findings import Finding
from ..fixes import class_name, expression
from ..repairs import Fix

NAME = "over-fetch"

#: Bytes in one request, and their share of all bytes, from which it matters.
_MUCH = 50_000
_SHARE = 0.5
#: A column that holds less of them is not worth naming.
_WORTH_NAMING = 0.1


def detect(case: Case) -> Iterable[Detection]:
    """Find querysets whose unread columns outweigh the others."""
    for tree in trees(case.trace):
        origin = tree.origin
        if origin.single or origin.raw or origin.combined or origin.choices:
            continue
        load, columns = case.exercise.load(tree), _wide(tree, case.exercise)
        if columns:
            yield Detection(_finding(tree, load, columns), frozenset(), source=origin)


def _wide(tree: Tree, exercise: Exercise) -> dict[Column, int]:
    """The columns to leave out, the widest first, with their bytes; empty when they are light."""
    load, unread = exercise.load(tree), exercise.unread(tree)
    held = {column: size for column, size in load.unread.items() if column in unread}
    total = sum(held.values())
    named = {column: size for column, size in held.items() if size >= _WORTH_NAMING * total}
    saved = sum(named.values())
    if saved < _MUCH or saved < _SHARE * load.size:
        return {}
    return dict(sorted(named.items(), key=lambda item: (-item[1], item[0])))


def _finding(tree: Tree, load: Load, columns: dict[Column, int]) -> Finding:
    trace, origin = tree.trace, tree.origin
    group = trace.groups[origin.group] if origin.group is not None else None
    where, saved = origin.location, sum(columns.values())
    place = f" at {where.file.rpartition('/')[2]}:{where.line}" if where else ""
    names = [(load.models.get(way, ""), name) for way, name in columns]
    are = "is" if len(names) == 1 else "are"
    whose = ", ".join(f"{class_name(model)}.{name}" for model, name in names)
    return Finding(
        detector=NAME,
        severity="info",
        confidence="likely",
        endpoint=trace.name,
        request=trace.request,
        message=(
            f"{whose} {are} loaded for {load.rows:,} rows and never read: "
            f"{saved / 1000:,.0f} of {load.size / 1000:,.0f} kB"
        ),
        hint=f"Leave the {'column' if len(names) == 1 else 'columns'} out of the queryset{place}.",
        location=where,
        origin=where,
        template=None,
        model=names[0][0],
        relation=".".join(names[0]),
        tables=group.tables if group else (),
        fingerprint=group.fingerprint if group else "",
        digest=group.digest if group else "",
        count=origin.evaluations,
        duration_ms=group.duration_ms if group else 0.0,
        fix=_fix(tree, columns),
    )


def _fix(tree: Tree, columns: dict[Column, int]) -> Fix:
    lookups = tuple("__".join((*way, name)) for way, name in columns)
    names = ", ".join(f'"{lookup}"' for lookup in lookups)
    methods = f".defer({names})"
    if tree.origin.changelist:
        code = (
            f"def get_queryset(self, request):\n    return super().get_queryset(request){methods}"
        )
    else:
        code = expression(tree.origin) + methods
    return Fix("only", lookups, code, methods=methods)
