"""Findings as an audit has them, for edits of files that a test writes."""

from __future__ import annotations

from pathlib import Path

from queryscope.core.findings import Finding
from queryscope.core.repairs import Fix, Proof, Rewrite
from queryscope.core.sightings import Location, TemplateLine

PROOF = Proof(11, 2, 5.0, 1.0, None, None, True, "rerun")


def location(file: Path, code: str, function: str = "page") -> Location:
    """The line of a file that holds some code, the first one of several."""
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
        if code in line:
            return Location(str(file), number, function, line.strip())
    raise AssertionError(f"{code} is not in {file}")


def fix(
    methods: str = "",
    *,
    head: str = "Book.objects",
    deferral: str = "",
    drops: tuple[str, ...] = (),
    kept: tuple[str, ...] = (),
    rewrite: Rewrite | None = None,
    partial: bool = False,
    code: str = "",
) -> Fix:
    return Fix(
        "select_related",
        kept,
        code or f"{head}{deferral}{methods}",
        methods=methods,
        deferral=deferral,
        drops=drops,
        rewrite=rewrite,
        partial=partial,
    )


def finding(
    fixed: Fix,
    origin: Location | None,
    where: Location | None = None,
    *,
    template: TemplateLine | None = None,
    proof: Proof | None = PROOF,
    endpoint: str = "GET /",
) -> Finding:
    return Finding(
        detector="n-plus-one",
        severity="error",
        confidence="proven" if proof else "certain",
        endpoint=endpoint,
        request="/",
        message="Book.author is loaded for each Book row: 10 queries",
        hint="Change the queryset.",
        location=where or origin,
        origin=origin,
        template=template,
        model="testapp.Book",
        relation="testapp.Book.author",
        tables=("testapp_author",),
        fingerprint="",
        digest="",
        count=10,
        duration_ms=4.0,
        fix=fixed,
        proof=proof,
    )
