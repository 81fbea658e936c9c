"""A trace as data: through JSON and back, and what is refused."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queryscope.core.events import Offence, QueryGroup, Relation, Source, TimelineEntry, Trace
from queryscope.core.sightings import Location, TemplateLine, Usage

# What JSON can carry: text without lone surrogates, numbers that are finite.
texts = st.text(max_size=20)
whole = st.integers(min_value=0, max_value=10**6)
milliseconds = st.floats(min_value=0, max_value=1e6)
marks = st.integers(min_value=-(2**63), max_value=2**63 - 1)
locations = st.none() | st.builds(Location, texts, whole, texts, texts)
templates = st.none() | st.builds(TemplateLine, texts, whole)
relations = st.none() | st.from_type(Relation)
groups = st.builds(
    QueryGroup,
    duration_ms=milliseconds,
    slowest_ms=milliseconds,
    count=whole,
    location=locations,
    template=templates,
    relation=relations,
    tables=st.lists(texts, max_size=3).map(tuple),
    conditions=st.lists(texts, max_size=3).map(tuple),
    repeats=st.dictionaries(marks, whole, max_size=4),
    offences=st.lists(st.builds(Offence, whole, whole, whole, whole), max_size=3).map(tuple),
)
lists = st.lists(texts, max_size=3).map(tuple)
usages = st.none() | st.builds(
    Usage,
    touched=lists,
    lookups=lists,
    prefetches=lists,
    mentioned=lists,
    unread=st.dictionaries(texts, whole, max_size=3),
)
sources = st.builds(
    Source,
    usage=usages,
    selected=lists,
    location=locations,
    template=templates,
    relation=relations,
    deferred=st.lists(texts, max_size=3).map(tuple),
)
traces = st.builds(
    Trace,
    duration_ms=milliseconds,
    database_ms=milliseconds,
    queries=whole,
    groups=st.lists(groups, max_size=3).map(tuple),
    sources=st.lists(sources, max_size=3).map(tuple),
    timeline=st.lists(st.builds(TimelineEntry, whole, whole, whole)).map(tuple),
    version=st.just(1),
)


@given(traces)
def test_a_trace_comes_back_from_json_as_it_was(trace):
    assert Trace.from_dict(json.loads(json.dumps(trace.as_dict()))) == trace


EMPTY = Trace("GET /", "/", 200, 1.0, 0, 0, 0.0)

REFUSED = [
    None,
    [],
    {},
    "trace",
    {**EMPTY.as_dict(), "version": 0},
    {**EMPTY.as_dict(), "version": None},
    {k: v for k, v in EMPTY.as_dict().items() if k != "groups"},
    {**EMPTY.as_dict(), "surprise": 1},
    {**EMPTY.as_dict(), "groups": [{"fingerprint": "SELECT 1"}]},
    {**EMPTY.as_dict(), "groups": [None]},
    {**EMPTY.as_dict(), "groups": 5},
    {**EMPTY.as_dict(), "sources": [{}]},
    {**EMPTY.as_dict(), "timeline": [[1]]},
]


@pytest.mark.parametrize("data", REFUSED, ids=range(len(REFUSED)))
def test_what_is_no_trace_is_refused(data):
    with pytest.raises(ValueError, match="not a queryscope trace"):
        Trace.from_dict(data)


@pytest.mark.parametrize(
    "thing",
    [EMPTY, Location("a.py", 1, "f"), TemplateLine("a.html", 1), Offence(0, 0, 1, 1)],
    ids=lambda thing: type(thing).__name__,
)
def test_data_is_frozen_and_small(thing):
    name = dataclasses.fields(thing)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(thing, name, None)
    assert not hasattr(thing, "__dict__")


def test_a_relation_is_labelled_as_code_writes_it():
    relation = Relation(
        "projects.Task", "comment_set", "comment", "reverse-many", "projects.Comment"
    )
    assert relation.label == "projects.Task.comment_set"
