"""What must not change: idle without its flag, harmless with it, at home everywhere."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.testing.plugin_project import REPOSITORY, Project

pytestmark = pytest.mark.any_database


def test_is_idle_without_its_flag(project: Project) -> None:
    project.write(
        {
            "tests/test_services.py": """
                import sys

                def test():
                    loaded = [name for name in sys.modules if name.startswith("queryscope")]
                    assert sorted(loaded) == ["queryscope", "queryscope.pytest_plugin"]
            """
        }
    )

    assert project.pytest().passed == 1


def test_django_is_not_imported_by_loading_it() -> None:
    code = "import sys, queryscope.pytest_plugin; sys.exit('django' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False).returncode == 0


def test_does_no_harm(project: Project) -> None:
    """What tests see of their queries is the same."""
    project.write(
        {
            "tests/test_services.py": """
                import random

                import pytest
                from django.core.handlers.base import BaseHandler
                from django.db import connection
                from django.test import TestCase
                from django.test.utils import CaptureQueriesContext
                from shop import services
                from shop.models import Order
                from tests.conftest import make_orders


                class Tests(TestCase):
                    def test_counts(self):
                        make_orders(2)
                        with self.assertNumQueries(3), CaptureQueriesContext(connection) as seen:
                            services.names()
                        assert len(seen) == 3


                def test_pytest_counts(orders, django_assert_num_queries):
                    with django_assert_num_queries(4):
                        services.names()


                def test_blocked():
                    with pytest.raises(RuntimeError, match="Database access not allowed"):
                        services.names()


                def test_wrappers(orders):
                    seen = []

                    def wrapper(execute, sql, params, many, context):
                        seen.append(sql)
                        return execute(sql, params, many, context)

                    with connection.execute_wrapper(wrapper):
                        services.names()
                    assert len(seen) == 4
                    assert wrapper not in connection.execute_wrappers


                def test_random_numbers_go_on():
                    random.seed(7)
                    first = random.random()
                    random.seed(7)
                    services.one
                    assert random.random() == first
            """
        }
    )

    outcome = project.pytest("--queryscope")

    assert outcome.passed == 5, outcome.text


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({"tests/test_services.py": "def test(): pass\n"}, id="nothing of Django"),
        pytest.param(
            {
                "tests/test_services.py": "from django.conf import settings\ndef test(): pass\n",
            },
            id="settings that nobody made",
        ),
    ],
)
def test_says_when_django_is_not_set_up(project: Project, files: dict[str, str]) -> None:
    project.write({"pytest.ini": "[pytest]\n", "tests/conftest.py": "", **files})

    outcome = project.pytest("--queryscope", "-p", "no:django", "-p", "no:randomly", report=False)

    assert outcome.status == 0, outcome.text
    assert "Django is not set up" in outcome.summary


def test_works_without_pytest_django(project: Project) -> None:
    project.write(
        {
            "pytest.ini": "[pytest]\npythonpath = .\n",
            "tests/conftest.py": """
                import os

                import django

                os.environ["DJANGO_SETTINGS_MODULE"] = "project_settings"
                django.setup()
            """,
            "tests/test_services.py": """
                from django.core.management import call_command
                from shop import services
                from shop.models import Customer, Order

                def test_names():
                    call_command("migrate", run_syncdb=True, verbosity=0)
                    Order.objects.create(customer=Customer.objects.create())
                    assert services.names() == [""]
            """,
        }
    )

    outcome = project.pytest("--queryscope", "-p", "no:django", "-p", "no:randomly")

    assert outcome.status == 1, outcome.text
    assert [detector for detector, _, _ in outcome.findings] == ["n-plus-one"]


def test_a_worker_that_crashes_is_told(project: Project) -> None:
    project.write({"tests/test_crash.py": "import os\ndef test_crash(): os._exit(3)\n"})

    outcome = project.pytest("--queryscope", "-n1", "--max-worker-restart=1")

    assert outcome.status == 1
    assert "ended early" in outcome.summary
