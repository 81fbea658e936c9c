"""The mark and the fixture, with the flag and without."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest

from queryscope.testing.pytest_marks import Mark, mark_of
from tests.testing.plugin_project import SERVICES, Outcome, Project

pytestmark = pytest.mark.any_database

#: What a test with ``max_queries`` does, its limit, and what its failure says.
MARKS = {
    "over": (2, "services.names()", ["4 queries, the budget is 2", "3 x  shop.Order.customer"]),
    "exact": (4, "services.names()", []),
    "own": (0, "Order.objects.count()", ["1 query, the budget is 0"]),
    "request": (0, "client.get('/page/')", ["1 query, the budget is 0", "shop/views.py"]),
}
MARKED = """

@pytest.mark.queryscope(max_queries={limit})
def test_{name}_function(client, orders):
    {body}


class {name}Tests(TestCase):
    def setUp(self):
        make_orders(3)

    @pytest.mark.queryscope(max_queries={limit})
    def test_{name}_method(self):
        client = self.client
        {body}
"""


@pytest.fixture(scope="module", params=[(), ("--queryscope",)], ids=["without", "with"])
def marked(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    cases = (
        MARKED.format(name=name, limit=limit, body=body) for name, (limit, body, _) in MARKS.items()
    )
    imports = """
import pytest
from django.test import TestCase
from shop import services
from shop.models import Order
from tests.conftest import make_orders
"""
    files = {
        "shop/services.py": SERVICES,
        "shop/views.py": """
            from django.http import HttpResponse
            from django.urls import path
            from shop.models import Order


            def page(request):
                return HttpResponse(Order.objects.count())


            urlpatterns = [path("page/", page)]
        """,
        "tests/test_marks.py": imports + "".join(cases),
    }
    return Project(tmp_path_factory.mktemp("marks"), files).pytest(*request.param, report=False)


@pytest.mark.parametrize("name", MARKS)
@pytest.mark.parametrize("kind", ["function", "method"])
def test_max_queries_holds_always(marked: Outcome, name: str, kind: str) -> None:
    _, _, said = MARKS[name]
    parts = re.split(r"\n_{3,} (.*) _{3,}\n", marked.text.partition("= short test summary")[0])
    told = "".join(text for title, text in pairwise(parts) if title.endswith(f"test_{name}_{kind}"))

    assert bool(told) is bool(said)
    for words in said:
        assert words in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"max_querys": 2}, "it takes no max_querys; did you mean 'max_queries'?"),
        ({"allow": ["n-plus-on"]}, "no detector 'n-plus-on'; did you mean 'n-plus-one'?"),
        ({"allow": "n-plus-one"}, "allow must be a list of detectors, not 'n-plus-one'"),
        ({"max_queries": -1}, "max_queries must be a whole number from 0 on, not -1"),
        ({"max_queries": True}, "max_queries must be a whole number from 0 on, not True"),
    ],
)
def test_wrong_marks(request: pytest.FixtureRequest, given: dict[str, Any], said: str) -> None:
    request.config.addinivalue_line("markers", "queryscope")
    request.node.add_marker(pytest.mark.queryscope(**given))

    with pytest.raises(pytest.UsageError, match=re.escape(said)):
        mark_of(request.node)


def test_marks_add_up(request: pytest.FixtureRequest) -> None:
    request.config.addinivalue_line("markers", "queryscope")
    assert mark_of(request.node) is None
    request.node.add_marker(pytest.mark.queryscope(max_queries=3, allow=["n-plus-one"]))
    request.node.add_marker(pytest.mark.queryscope(allow=["query-in-loop"]))

    assert mark_of(request.node) == Mark(3, frozenset({"n-plus-one", "query-in-loop"}))


def test_a_wrong_mark_is_wrong_usage(project: Project) -> None:
    project.write(
        {
            "tests/test_services.py": """
                import pytest

                @pytest.mark.queryscope(3)
                def test(): pass
            """
        }
    )

    outcome = project.pytest()

    assert outcome.status == pytest.ExitCode.USAGE_ERROR
    assert (
        "tests/test_services.py::test: @pytest.mark.queryscope: give max_queries=" in outcome.text
    )
    assert "Traceback" not in outcome.text


def test_the_fixture(project: Project) -> None:
    project.write(
        {
            "tests/test_services.py": """
                import pytest
                from shop import services
                from shop.models import Order


                def test_budget(queryscope, orders):
                    with queryscope.budget(queries=1):
                        Order.objects.count()
                    with pytest.raises(AssertionError, match="4 queries"):
                        with queryscope.budget(queries=3):
                            services.names()


                def test_no_n_plus_one(queryscope, orders):
                    with queryscope.assert_no_n_plus_one():
                        Order.objects.count()
                    with pytest.raises(AssertionError, match="an N.1"):
                        with queryscope.assert_no_n_plus_one():
                            services.names()
            """
        }
    )

    assert project.pytest().passed == 2
    assert project.pytest("--queryscope").passed == 2
