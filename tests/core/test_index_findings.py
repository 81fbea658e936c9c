from __future__ import annotations

import json

import pytest

from queryscope.core.advice import Advice, AdvisedIndex, DroppableIndex, Served
from queryscope.core.detectors import DETECTORS, NAMES
from queryscope.core.index_findings import index_findings
from queryscope.core.indexes import IndexDefinition, IndexKey
from queryscope.core.repairs import Fix
from queryscope.core.sightings import Location

INDEX = IndexDefinition(
    "task", (IndexKey("project_id"), IndexKey("at", True)), condition='"gone" IS NULL'
)
SERVED = (
    Served("d1", "SELECT 1", 100, 50.0, 5.0, 10.0, 1.0, endpoints=("GET /a/",)),
    Served("d2", "SELECT 2", 10, 90.0, 9.0, 20.0, 2.0, endpoints=("GET /b/",)),
)


def advised(**options: object) -> AdvisedIndex:
    given = {"served": SERVED, "size_bytes": 8192, "why": ("project_id is asked for",)}
    return AdvisedIndex(INDEX, **{**given, "method": "measured"} | options)


def test_a_missing_index_that_was_measured() -> None:
    line = 'models.Index(fields=["project", "-at"], condition=models.Q(gone=None), name="x")'
    place = Location("task.py", 7, "Task", "class Task")
    [finding] = index_findings(
        Advice(indexes=(advised(),)), {INDEX: Fix("index", (), line)}, places={"task": place}
    )
    assert (finding.detector, finding.severity, finding.confidence) == (
        "missing-index",
        "warning",
        "proven",
    )
    assert (
        finding.message
        == "2 queries want an index on task (project_id, at DESC) where gone IS NULL:"
        " 1.2 s -> 120 ms in all, 8.0 kB"
    )
    assert (finding.fix.kind, finding.fix.code, finding.fix.imports) == ("index", line, ())
    assert finding.hint == "Add it to the indexes of the model's Meta. project_id is asked for."
    assert (finding.count, finding.duration_ms, finding.saves_ms) == (110, 1200.0, 1080.0)
    assert finding.cost_ms(1.0) == 1080.0
    assert (finding.proof.duration_ms_before, finding.proof.duration_ms_after) == (1200.0, 120.0)
    assert (finding.proof.cost_before, finding.proof.cost_after) == (5900.0, 590.0)
    assert (finding.endpoint, finding.location) == ("GET /a/", place)
    json.dumps(finding.as_dict(), allow_nan=False)


@pytest.mark.parametrize(
    ("method", "proof", "confidence"),
    [
        ("hypothetical", "a hypothetical index (HypoPG)", "likely"),
        ("none", None, "likely"),
    ],
)
def test_what_was_not_measured_is_likely(method: str, proof: str | None, confidence: str) -> None:
    untimed = tuple(Served(s.digest, "", s.calls, s.cost_before, s.cost_after) for s in SERVED)
    [finding] = index_findings(Advice(indexes=(advised(method=method, served=untimed),)))
    assert finding.confidence == confidence
    assert (finding.proof.method if finding.proof else None) == proof
    assert (finding.duration_ms, finding.saves_ms) == (0.0, 0.0)
    assert finding.fix.code == INDEX.create_sql()
    assert finding.hint.startswith("Run it as SQL.")


@pytest.mark.parametrize(
    ("kind", "caveats", "detector", "severity", "confidence"),
    [
        ("redundant", (), "redundant-index", "warning", "certain"),
        ("unused", (), "unused-index", "warning", "certain"),
        ("unused", ("Young.",), "unused-index", "info", "likely"),
    ],
)
def test_indexes_to_drop(kind, caveats, detector, severity, confidence) -> None:
    index = DroppableIndex(
        "i", "task", kind, 8192, "nobody needs it", drop='DROP INDEX "i"', caveats=caveats
    )
    [finding] = index_findings(Advice(droppable=(index,)), drops={"i": "Take it out of Meta"})
    assert (finding.detector, finding.severity, finding.confidence) == (
        detector,
        severity,
        confidence,
    )
    assert finding.message == "i of task need not be there: nobody needs it"
    assert finding.hint == " ".join(["Take it out of Meta.", *caveats])
    assert (finding.fix.kind, finding.fix.code) == ("drop_index", 'DROP INDEX "i"')
    [other] = index_findings(Advice(droppable=(index,)))
    assert other.hint.startswith('Drop it: DROP INDEX "i".')


def test_each_index_is_a_finding_of_its_own() -> None:
    two = (
        DroppableIndex("i", "task", "unused", 1, ""),
        DroppableIndex("j", "task", "unused", 1, ""),
    )
    assert len({finding.key for finding in index_findings(Advice(droppable=two))}) == 2


@pytest.mark.parametrize("name", ["missing-index", "redundant-index", "unused-index"])
def test_they_are_documented_and_silent_in_one_request(name: str) -> None:
    detector = DETECTORS[NAMES.index(name)]
    assert "Why it hurts:" in detector.__doc__
    assert tuple(detector.detect(None)) == ()
