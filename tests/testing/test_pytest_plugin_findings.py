"""What counts in a test run and what does not: one project, one run, a case for each file pair."""

from __future__ import annotations

import re
from textwrap import dedent

import pytest

from tests.testing.plugin_cases import CASES
from tests.testing.plugin_project import FILES, Outcome, Project

pytestmark = pytest.mark.any_database

URLS = """
from django.urls import path
urlpatterns = [path("{name}/", page)]
"""

HELPERS = """
from shop.models import Order

def names():
    return [order.customer.name for order in Order.objects.all()]
"""

TEMPLATE = "{% for order in object_list %}{{ order.customer.name }}{% endfor %}"


def files() -> dict[str, str]:
    found = {
        "project_settings.py": FILES["project_settings.py"]
        .replace('"shop",', '"rest_framework", "shop",')
        .replace('"SLOW', '"QUERY_BUDGET": 5, "QUERY_BUDGETS": {"*budget/": 1}, "SLOW'),
        "tests/helpers.py": HELPERS,
        "shop/templates/view_template.html": TEMPLATE,
        "shop/management/__init__.py": "",
        "shop/management/commands/__init__.py": "",
    }
    for name, (application, test, _) in CASES.items():
        urls = URLS.format(name=name) if name.startswith("views") else ""
        found[f"shop/{name}.py"] = dedent(application) + urls
        found[f"tests/test_{name.rpartition('/')[2].removeprefix('test_')}.py"] = dedent(test)
    return found


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return Project(tmp_path_factory.mktemp("findings"), files())


@pytest.fixture(scope="module")
def outcome(project: Project) -> Outcome:
    return project.pytest("--queryscope")


def found_in(outcome: Outcome, name: str) -> list[str]:
    """The findings of a case: those whose endpoint is its page or a function of its module."""
    module, short = f"shop.{name.replace('/', '.')}.", name.rpartition("/")[2]
    return sorted(
        f"{detector} {endpoint.removeprefix(module)}"
        for detector, endpoint, _ in outcome.findings
        if endpoint.startswith(
            (module, f"GET /{short}/", f"tests/test_{short}.py::", f"{short}.html")
        )
    )


@pytest.mark.parametrize("name", CASES)
def test_findings(outcome: Outcome, name: str) -> None:
    assert found_in(outcome, name) == CASES[name][2]


def test_nothing_else_is_found(outcome: Outcome) -> None:
    told = [finding for name in CASES for finding in found_in(outcome, name)]

    assert len(outcome.findings) == len(told)
    assert outcome.report["run"] == "tests"


def test_tests_pass_as_without_it(outcome: Outcome, project: Project) -> None:
    without = project.pytest()

    assert without.status == 0, without.text
    assert outcome.passed == without.passed > len(CASES)
    assert outcome.status == 1


def test_names_the_tests_that_showed_a_finding(outcome: Outcome) -> None:
    told = re.split(r"\n(?=\d+\. )", outcome.summary)
    shown = {
        block.partition("\n")[2].split("\n")[0].strip(): re.findall(r"tests/\S+::\S+", block)
        for block in told
    }

    assert shown["GET /views_client/"] == ["tests/test_views_client.py::test"]
    assert shown["shop.allowed_by_one_only.names"] == [
        "tests/test_allowed_by_one_only.py::test_not"
    ]
    assert shown["shop.service_in_testcase.names"] == [
        "tests/test_service_in_testcase.py::Tests::test"
    ]


def test_says_what_was_seen_in_the_tests_own_code(outcome: Outcome) -> None:
    assert re.search(
        r"2 N\+1s in the code of tests do not count, the first at\s+tests/helpers.py:5",
        outcome.summary,
    )
    assert re.search(
        r"\d+ N\+1s over rows that tests hand to the application do not count, the first at\s+"
        r"shop/given_queryset.py:3\.",
        outcome.summary,
    )


@pytest.mark.parametrize(
    "options",
    [("-n", "2"), ("-p", "randomly"), ("-p", "randomly", "-n", "2")],
    ids=["xdist", "randomly", "both"],
)
def test_the_order_and_processes_of_tests_do_not_matter(
    outcome: Outcome, project: Project, options: tuple[str, ...]
) -> None:
    other = project.pytest("--queryscope", *options)

    assert other.findings == outcome.findings
    assert other.keys == outcome.keys
    assert other.status == 1
    assert other.text.count(" queryscope =") == 1
