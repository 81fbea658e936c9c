"""deferred-load on traces built by hand."""

from __future__ import annotations

import pytest

from queryscope.core.events import Offence

from .test_detection import found
from .traces import FORWARD, TITLE, group, line, loop, source, trace

ONE = source(single=True, rows=1, deferred=("description", "title"), only=("name",))


def of(*sources, **values):
    return found(trace(loop(TITLE, 1, **values), sources=sources))


def test_a_field_of_one_object_is_found():
    [finding] = of(ONE)
    assert (finding.detector, finding.severity, finding.confidence) == (
        "deferred-load",
        "info",
        "certain",
    )
    assert finding.message == "Task.title was left out and is loaded after all: 1 query"
    assert (finding.location, finding.origin, finding.saves) == (line(2), line(1), 1)
    assert finding.fix.code == 'Task.objects.only("name", "title")'


def test_a_joined_object_is_named_by_its_querysets_line():
    joined = source(
        1, "app.Project", parent=0, relation=FORWARD, loaded_by="select_related", single=True
    )
    offences = (Offence(origin=1, source=1, count=1, most=1),)
    asked = group(relation=TITLE, operation="attribute", offences=offences)
    [finding] = found(trace(asked, sources=(ONE, joined)))
    assert (finding.origin, finding.fix) == (line(1), None)


SILENT = {
    "a-row-of-a-list": (source(deferred=("title",)), {}),
    "library": (ONE, {"application": False}),
}


@pytest.mark.parametrize("case", SILENT)
def test_nothing_is_found(case):
    rows, values = SILENT[case]
    assert of(rows, **values) == ()
