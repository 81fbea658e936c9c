"""A test run against its baseline: new, known, more, fixed, not seen."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys

import pytest

from tests.testing.plugin_project import BASELINE, REPOSITORY, SERVICES, TESTS, Project

pytestmark = pytest.mark.any_environment

SECOND = """

    def numbers():
        return [order.customer.pk for order in Order.objects.all() if order.customer.name == ""]
"""
FIXED = SERVICES.replace("Order.objects.all()", 'Order.objects.select_related("customer")')
ALLOWING = f"""
    import pytest

    pytestmark = pytest.mark.queryscope(allow=["n-plus-one"])
{TESTS}
"""


def test_the_life_of_a_baseline(project: Project) -> None:
    """New, accepted, known, more of it, fixed, taken out."""
    new = project.pytest("--queryscope")
    assert (new.status, "1 new finding, cured by 1 change." in new.text) == (1, True), new.text

    accepted = project.pytest("--queryscope", "--queryscope-update")
    assert accepted.status == 0, accepted.text
    blocks = json.loads((project.folder / BASELINE).read_text())["findings"]
    assert [(block["key"], block["run"]) for block in blocks] == [
        ("n-plus-one::shop/services.py::names::shop.Order.customer", "tests")
    ]

    known = project.pytest("--queryscope", cwd="tests")
    assert known.status == 0, known.text
    assert f"1 known finding, accepted in {BASELINE}." in known.text

    project.write(
        {
            "shop/services.py": SERVICES + SECOND,
            "tests/test_more.py": TESTS.replace(
                "test_names(orders)", "test_numbers(orders)"
            ).replace('services.names() == ["", "", ""]', "services.numbers()"),
        }
    )
    more = project.pytest("--queryscope", "-n", "2")
    assert more.status == 1, more.text
    assert "tests/test_more.py::test_numbers" in more.summary
    assert "tests/test_services.py::test_names" not in more.summary

    (project.folder / "tests/test_more.py").unlink()
    project.write({"shop/services.py": FIXED})
    fixed = project.pytest("--queryscope")
    assert fixed.status == 0, fixed.text
    assert "1 known finding fixed" in fixed.text
    assert project.pytest("--queryscope", "--queryscope-strict").status == 1

    assert project.pytest("--queryscope", "--queryscope-update").status == 0
    assert json.loads((project.folder / BASELINE).read_text())["findings"] == []


@pytest.mark.parametrize(
    ("files", "options"),
    [
        ({}, ["tests/test_other.py"]),
        ({}, ["--ignore=tests/test_services.py"]),
        ({}, ["-k", "other", "-n1"]),
        ({"tests/test_services.py": "import pytest\n@pytest.mark.skip\ndef test(): pass\n"}, []),
        ({"tests/test_services.py": ALLOWING}, []),
    ],
    ids=["named", "ignored", "deselected", "skipped", "allowed"],
)
def test_a_run_of_some_tests_fixes_nothing(
    project: Project, files: dict[str, str], options: list[str]
) -> None:
    other = """
        from shop import services

        def test_other(orders):
            services.one(1)
    """
    project.write({"tests/test_other.py": other})
    accepted = project.accept()
    project.write(files)

    told = project.pytest("--queryscope", *options)
    outcome = project.pytest("--queryscope", "--queryscope-update", *options)

    assert (told.status, "fixed" in told.summary) == (0, False), told.text
    assert outcome.status == 0, outcome.text
    assert (project.folder / BASELINE).read_text() == accepted


#: A page that shows an N+1 only where it is asked for details.
DETAILS = {
    "shop/views.py": """
        from django.http import HttpResponse
        from django.urls import path
        from shop.models import Order


        def page(request):
            orders = Order.objects.all()
            detailed = "details" in request.GET
            return HttpResponse("".join(o.customer.name if detailed else "" for o in orders))


        urlpatterns = [path("page/", page)]
    """,
    "tests/test_services.py": """
        def test_plain(client, orders):
            assert client.get("/page/").status_code == 200


        def test_details(client, orders):
            assert client.get("/page/?details=1").status_code == 200


        def test_more():
            pass
    """,
}
FAILING = {"tests/test_more.py": "def test_failing(): assert not 'this'\n"}
SKIPPING = {"tests/test_more.py": "import pytest\n@pytest.mark.skip\ndef test(): pass\n"}


@pytest.mark.parametrize(
    ("files", "options", "status"),
    [
        ({}, ["-k", "plain"], 0),
        ({}, ["-k", "plain", "-n1"], 0),
        (FAILING, [], 1),
        (FAILING, ["-x"], 1),
    ],
    ids=["deselected", "deselected by a worker", "failing", "failing at once"],
)
def test_what_a_part_of_the_tests_does_not_show_is_still_there(
    project: Project, files: dict[str, str], options: list[str], status: int
) -> None:
    """The page brings its rows, but other requests of it would show what is wrong."""
    project.write(DETAILS)
    accepted = project.accept()
    assert "n-plus-one" in accepted
    if files:
        page = DETAILS["shop/views.py"]
        project.write({**files, "shop/views.py": page.replace("objects.all()", SELECTED)})

    told = project.pytest("--queryscope", *options)
    updated = project.pytest("--queryscope", "--queryscope-update", *options)

    assert (told.status, updated.status) == (status, status), told.text
    assert "1 known finding not exercised by this run." in told.summary
    assert "fixed" not in told.summary
    assert "Nothing was taken out:" in updated.summary
    assert (project.folder / BASELINE).read_text() == accepted


SELECTED = 'objects.select_related("customer")'


def test_a_test_that_is_always_skipped_hides_no_fix(project: Project) -> None:
    project.write(SKIPPING)
    project.accept()
    project.write({"shop/services.py": FIXED})

    assert "1 known finding fixed" in project.pytest("--queryscope").summary


def test_rows_are_the_most_of_all_requests(project: Project) -> None:
    """Those of the request with the most queries are not all there are."""
    project.write(
        {
            "shop/views.py": """
                from django.http import HttpResponse
                from django.urls import path
                from shop.models import Customer, Order, Parcel


                def page(request):
                    if "number" in request.GET:
                        return HttpResponse(len(Order.objects.all()))
                    every = [*Customer.objects.all(), *Customer.objects.order_by("name")]
                    return HttpResponse(len([*every, *Parcel.objects.all()]))


                urlpatterns = [path("page/", page)]
            """,
            "tests/test_services.py": """
                from tests.conftest import make_orders


                def test_number(client, orders):
                    assert client.get("/page/?number=1").status_code == 200


                def test_one(client, one_order):
                    assert client.get("/page/").status_code == 200


                def test_four(client, orders):
                    make_orders(1)
                    assert client.get("/page/").status_code == 200
            """,
        }
    )

    for options in ([], ["-n2"]):
        endpoint = project.pytest("--queryscope", *options).report["endpoints"][0]
        assert endpoint["rows"] == {"shop.Customer": 4, "shop.Order": 3}
        assert endpoint["queries"] == 3


def test_what_an_audit_has_accepted_is_known(project: Project) -> None:
    project.accept()
    baseline = project.folder / BASELINE
    baseline.write_text(baseline.read_text().replace('"run": "tests"', '"run": "audit"'))

    outcome = project.pytest("--queryscope")

    assert outcome.status == 0, outcome.text
    assert "1 known finding, accepted in" in outcome.summary


@pytest.mark.parametrize("form", [[], ["--queryscope-format=github"]], ids=["summary", "github"])
def test_what_was_renamed_is_asked_about(project: Project, form: list[str]) -> None:
    project.accept()
    project.write(
        {
            "shop/services.py": SERVICES.replace("names()", "all_names()"),
            "tests/test_services.py": TESTS.replace("services.names()", "services.all_names()"),
        }
    )

    moved = project.pytest("--queryscope", *form, report=False)

    assert moved.status == 1, moved.text
    assert moved.summary.count("Moved?") == 1
    assert "--queryscope-update" in moved.summary
    assert not re.search(r"check --|--prune", moved.summary)
    if not form:
        assert "fixed" not in moved.summary
    assert project.pytest("--queryscope", "--queryscope-update").status == 0
    assert "all_names" in (project.folder / BASELINE).read_text()
    assert "::names::" not in (project.folder / BASELINE).read_text()


def test_a_run_of_all_tests_forgets_what_is_gone(project: Project) -> None:
    other = TESTS.replace("services.names()", "services.one(1)").replace('["", "", ""]', "None")
    project.accept()
    project.write({"tests/test_services.py": other.replace("== None", "is not None")})

    outcome = project.pytest("--queryscope")

    assert outcome.status == 0, outcome.text
    assert "1 known finding fixed" in outcome.summary


@pytest.mark.parametrize("option", ["--collect-only", "--fixtures"])
def test_listing_tests_judges_nothing(project: Project, option: str) -> None:
    accepted = project.accept()

    outcome = project.pytest("--queryscope", "--queryscope-update", option, report=False)

    assert (outcome.status, " queryscope =" in outcome.text) == (0, False)
    assert (project.folder / BASELINE).read_text() == accepted


def test_its_own_faults_are_no_failures(project: Project) -> None:
    broken = """
        from queryscope.testing import keeping, pytest_marks

        def fail(*args, **kwargs):
            raise RuntimeError("out of order")

        keeping.Keeper.keep = fail
    """
    project.write({"conftest.py": broken})

    outcome = project.pytest("--queryscope")

    assert (outcome.status, outcome.passed) == (0, 1), outcome.text
    assert "No query was recorded" in outcome.summary


def test_a_fault_in_judging_is_not_green(project: Project) -> None:
    broken = """
        from queryscope.testing import collecting

        def fail(*args, **kwargs):
            raise RuntimeError("out of order")

        collecting.judge = fail
    """
    project.write({"conftest.py": broken})

    outcome = project.pytest("--queryscope", report=False)

    assert (outcome.status, outcome.passed) == (1, 1), outcome.text
    assert "queryscope failed, nothing was judged: RuntimeError('out of order')" in outcome.summary


def test_the_report_is_read_by_the_command(project: Project) -> None:
    outcome = project.pytest("--queryscope")
    assert outcome.report["whole"] is True
    project.write(
        {
            "with_queryscope.py": """
                from project_settings import *

                INSTALLED_APPS = [*INSTALLED_APPS, "queryscope"]
            """
        }
    )

    done = subprocess.run(
        [sys.executable, "-m", "django", "queryscope", "check", "--from", "report.json"],
        cwd=project.folder,
        env={
            **os.environ,
            "PYTHONPATH": f"{REPOSITORY}{os.pathsep}{project.folder}",
            "DJANGO_SETTINGS_MODULE": "with_queryscope",
        },
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1, done.stderr
    assert "1 new finding." in done.stdout
