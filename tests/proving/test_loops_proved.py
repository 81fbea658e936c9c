"""Each way of asking once a row, run again with its fix put in place: nothing is pasted here."""

from __future__ import annotations

import pytest

from tests.test_patterns import CASES, SHARED, rows_of
from tests.test_patterns import shown as sorted_text
from tests.test_remedies import CASES as NARROWED
from tests.test_remedies import PLAIN
from tests.testapp import loops, narrowed
from tests.testapp.models import Book

from .asking import proved

pytestmark = pytest.mark.django_db

#: Loops whose fix leaves to the reader how the loaded rows are to be read.
LEFT = {"aggregate", "contains"}


@pytest.mark.parametrize("case", [*CASES, *SHARED], ids=str)
def test_it_is_proven(library, case):
    rows = rows_of(case)
    told = proved(
        lambda: getattr(loops, case.loop)(rows()),
        text=lambda values: "\n".join(sorted_text(values, case.loop)),
    )
    for verdict in told.verdicts:
        if case.loop in LEFT:
            assert verdict.unproven.startswith("what reads the rows has to change as well")
            continue
        assert (verdict.unproven, verdict.refuted, verdict.withdrawn) == ("", (), "")
        assert verdict.proof.queries_after < verdict.proof.queries_before
        assert (verdict.proof.same_response, verdict.proof.method) == (True, "rerun")


@pytest.mark.parametrize(("loop", "model", "code"), NARROWED, ids=[case[0] for case in NARROWED])
def test_a_narrowed_manager_is_proven(library, loop, model, code):
    rows = model.objects.all()
    told = proved(
        lambda: getattr(narrowed, loop)(rows.all()),
        text=lambda values: "\n".join(sorted_text(values, "" if "order_by" not in code else loop)),
    )
    for verdict in told.verdicts:
        assert (verdict.unproven, verdict.refuted, verdict.withdrawn) == ("", (), "")
        assert verdict.proof.queries_after < verdict.proof.queries_before


@pytest.mark.parametrize(("loop", "relation"), PLAIN, ids=[case[0] for case in PLAIN])
def test_what_has_to_be_narrowed_by_hand_is_not(library, loop, relation):
    told = proved(lambda: getattr(narrowed, loop)(Book.objects.all()))
    assert not any(verdict.proof for verdict in told.verdicts)
    assert any(verdict.unproven for verdict in told.verdicts)
