"""Reports with anything in them that a report may have."""

from __future__ import annotations

from hypothesis import strategies as st

from queryscope.core.advice import AdvisedIndex, Served
from queryscope.core.findings import Endpoint, Finding, Report, Skipped, Suppression, Withdrawn
from queryscope.core.indexes import IndexDefinition, IndexKey
from queryscope.core.repairs import Fix, Proof, Rewrite
from queryscope.core.sightings import Location, TemplateLine

# What JSON can carry: text without lone surrogates, numbers that are finite.
texts = st.text(max_size=10)
numbers = st.integers(0, 10**9)
floats = st.floats(0, 1e9)
maybe = st.none() | floats
lists = st.lists(texts, max_size=2).map(tuple)
locations = st.none() | st.builds(Location, texts, numbers, texts, texts)
proofs = st.none() | st.builds(
    Proof,
    numbers,
    numbers,
    duration_ms_before=floats,
    duration_ms_after=floats,
    cost_before=maybe,
    cost_after=maybe,
)
fixes = st.none() | st.builds(
    Fix,
    lookups=lists,
    diff=st.none() | texts,
    methods=texts,
    deferral=texts,
    drops=lists,
    rewrite=st.none() | st.builds(Rewrite, elsewhere=st.booleans()),
    partial=st.booleans(),
)
common = {"count": numbers, "duration_ms": floats, "saves": numbers, "saves_ms": floats}
findings = st.builds(
    Finding,
    severity=st.sampled_from(["error", "warning", "info"]),
    location=locations,
    origin=locations,
    template=st.none() | st.builds(TemplateLine, texts, numbers),
    tables=lists,
    waiting=st.booleans(),
    fix=fixes,
    proof=proofs,
    unproven=texts,
    **common,
)
endpoints = st.builds(
    Endpoint,
    status=st.none() | numbers,
    queries=numbers,
    distinct=numbers,
    database_ms=floats,
    duration_ms=floats,
    share=floats,
    median_ms=maybe,
    p95_ms=maybe,
    repeats=numbers,
    problem=st.none() | texts,
    proof=proofs,
    touched=lists,
)
suppressions = st.builds(
    Suppression,
    line=st.none() | numbers,
    detectors=lists,
    status=st.sampled_from(["used", "unused", "expired", "misspelt"]),
    findings=st.lists(findings, max_size=1).map(tuple),
)
definitions = st.builds(
    IndexDefinition,
    keys=st.lists(st.builds(IndexKey, columns=lists), min_size=1, max_size=2).map(tuple),
    include=lists,
)
served = st.builds(
    Served,
    calls=floats,
    cost_before=maybe,
    cost_after=maybe,
    duration_ms_before=maybe,
    duration_ms_after=maybe,
    endpoints=lists,
)
indexes = st.builds(
    AdvisedIndex,
    definition=definitions,
    served=st.lists(served, max_size=1).map(tuple),
    size_bytes=numbers,
    why=lists,
    method=st.sampled_from(["measured", "hypothetical", "none"]),
    write_bytes=numbers,
    build_ms=maybe,
)
any_report = st.builds(
    Report,
    endpoints=st.lists(endpoints, max_size=2).map(tuple),
    findings=st.lists(findings, max_size=2).map(tuple),
    skipped=st.lists(st.builds(Skipped), max_size=1).map(tuple),
    database=st.fixed_dictionaries({"vendor": texts, "aliases": st.dictionaries(texts, texts)}),
    tool=st.dictionaries(texts, texts, max_size=2),
    round_trip_ms=floats,
    suppressions=st.lists(suppressions, max_size=1).map(tuple),
    withdrawn=st.lists(st.builds(Withdrawn, findings, code=texts), max_size=1).map(tuple),
    indexes=st.lists(indexes, max_size=1).map(tuple),
    notes=lists,
    run=st.sampled_from(["audit", "tests"]),
    whole=st.booleans(),
    chosen=st.booleans(),
    hidden=lists,
    gate=st.none(),
)
