"""What running a request again has shown, in words that every format shares."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..findings import Finding
from ..repairs import Proof
from .layout import clean, duration


def proof_of(finding: Finding) -> Proof | None:
    """The figures of its request run again, where they bear the fix out."""
    proof = finding.proof
    rerun = proof is not None and proof.method == "rerun"
    return proof if rerun and finding.confidence == "proven" else None


def figures(proof: Proof) -> str:
    """ "1,001 -> 3 queries, 845 -> 21 ms (-98 %), same response"."""
    parts = [_queries(proof), f"{span(proof)}{_percent(proof)}"]
    return ", ".join([*parts, "same response"] if proof.same_response else parts)


def _queries(proof: Proof) -> str:
    before, after = proof.queries_before, proof.queries_after
    noun = "query" if after == 1 else "queries"
    return f"{before:,} -> {after:,} {noun}" if before != after else f"{after:,} {noun} as before"


def span(proof: Proof) -> str:
    """ "845 -> 21 ms", "1.2 s -> 21 ms"."""
    before, after = duration(proof.duration_ms_before), duration(proof.duration_ms_after)
    same_unit = before.partition(" ")[2] == after.partition(" ")[2]
    return f"{before.partition(' ')[0] if same_unit else before} -> {after}"


def change(proof: Proof) -> str:
    """What became of the time: "-98 %"; "" where nothing did."""
    if not proof.duration_ms_before:
        return ""
    percent = round((proof.duration_ms_after / proof.duration_ms_before - 1) * 100)
    # Nothing that takes time takes none of it.
    percent = max(percent, -99) if proof.duration_ms_after else percent
    return f"{percent:+d} %" if percent else ""


def _percent(proof: Proof) -> str:
    said = change(proof)
    return f" ({said})" if said else ""


def said(findings: Sequence[Finding]) -> Iterator[tuple[str, ...]]:
    """What is proven of findings that one change cures, and why the rest is not: a sentence each,
    in parts that are not broken where there is room.

    Of several endpoints the one is told that gains most, of several figures the best.
    """
    proven = [(proof, finding) for finding in findings if (proof := proof_of(finding)) is not None]
    if proven:
        best, finding = max(proven, key=lambda pair: _gain(pair[0]))
        others = {proof for proof, f in proven if f.endpoint == finding.endpoint} - {best}
        several = len({finding.endpoint for finding in findings}) > 1
        where = (f"in {clean(finding.endpoint)}",) if several else ()
        yield f"Proven{_alone(finding) if others else ''}: {figures(best)}", *where
    reasons: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.unproven:
            reasons.setdefault(finding.unproven.rstrip("."), []).append(finding)
    for reason, members in reasons.items():
        yield (f"Not proven{_which(members, findings)}: {clean(reason)}",)


def sentences(findings: Sequence[Finding]) -> list[str]:
    """The same, each in a line of any length."""
    return [" ".join(parts) for parts in said(findings)]


def _alone(finding: Finding) -> str:
    """Where the figures are of one finding and the change is of more."""
    relation = _relation(finding)
    return f" for {relation} alone" if relation else " in part"


def _gain(proof: Proof) -> tuple[int, float]:
    return (
        proof.queries_before - proof.queries_after,
        proof.duration_ms_before - proof.duration_ms_after,
    )


def _which(members: Sequence[Finding], findings: Sequence[Finding]) -> str:
    """ " for Order.lines", " in GET /orders/": what tells them from the others."""
    others = [finding for finding in findings if finding not in members]
    if not others:
        return ""
    relations = {_relation(finding) for finding in members}
    if "" not in relations and not relations & {_relation(finding) for finding in others}:
        return f" for {', '.join(sorted(relations))}"
    endpoints = {finding.endpoint for finding in members}
    if len(endpoints) == 1 and not endpoints & {finding.endpoint for finding in others}:
        return f" in {clean(*endpoints)}"
    return " in part"


def _relation(finding: Finding) -> str:
    """ "Order.lines" of "orders.Order.lines"."""
    return clean((finding.relation or "").partition(".")[2])
