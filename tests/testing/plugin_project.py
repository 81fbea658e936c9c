"""A small project on which the tests of the pytest plugin run pytest, as its developers do."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from textwrap import dedent
from typing import Any

REPOSITORY = Path(__file__).parents[2]
BASELINE = "queryscope-baseline.json"

FILES = {
    "pytest.ini": """
        [pytest]
        DJANGO_SETTINGS_MODULE = project_settings
        pythonpath = .
        asyncio_mode = auto
        asyncio_default_fixture_loop_scope = function
        addopts =
            --strict-markers --no-migrations -p no:randomly -p no:cacheprovider
            -p no:hypothesispytest -p no:faker -p no:anyio
        filterwarnings =
            error
            default::pytest.PytestUnraisableExceptionWarning
    """,
    "project_settings.py": """
        SECRET_KEY = "tests"
        DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
        DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
        INSTALLED_APPS = [
            "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.staticfiles",
            "shop",
        ]
        STATIC_URL = "/static/"
        ROOT_URLCONF = "shop.urls"
        ALLOWED_HOSTS = ["*"]
        USE_TZ = True
        QUERYSCOPE = {"SLOW_QUERY_MS": 3_600_000}
        TEMPLATES = [{
            "BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True,
        }]
    """,
    "shop/__init__.py": "",
    "shop/models.py": """
        from django.db import models


        class Customer(models.Model):
            name = models.CharField(max_length=50, default="")


        class Order(models.Model):
            customer = models.ForeignKey(Customer, models.CASCADE)
            number = models.IntegerField(default=0)

            @property
            def customer_name(self):
                return self.customer.name


        class Parcel(models.Model):
            number = models.IntegerField(default=0)
    """,
    "shop/urls.py": """
        import importlib
        import pkgutil

        import shop

        urlpatterns = []
        for module in pkgutil.iter_modules(shop.__path__):
            if module.name.startswith("views"):
                urlpatterns += importlib.import_module(f"shop.{module.name}").urlpatterns
    """,
    "tests/__init__.py": "",
    "tests/conftest.py": """
        import pytest

        from shop.models import Customer, Order


        def make_orders(count):
            for number in range(count):
                Order.objects.create(customer=Customer.objects.create(), number=number)


        @pytest.fixture
        def orders(db):
            make_orders(3)


        @pytest.fixture
        def one_order(db):
            make_orders(1)
    """,
}


#: A service with an N+1, and a test that shows it.
SERVICES = """
    from shop.models import Order


    def names():
        return [order.customer.name for order in Order.objects.all()]


    def one(key):
        return Order.objects.get(pk=key)
"""
TESTS = """
    from shop import services


    def test_names(orders):
        assert services.names() == ["", "", ""]
"""


@dataclass(frozen=True)
class Outcome:
    """How a run of pytest ended: exit status, what it printed, the report it wrote."""

    status: int
    text: str
    report: dict[str, Any] = field(default_factory=dict)

    @property
    def summary(self) -> str:
        """The part that queryscope printed."""
        return self.text.partition(" queryscope =")[2].partition("\n")[2]

    @property
    def passed(self) -> int:
        found = re.search(r"(\d+) passed", self.text)
        broken = re.search(r"\d+ (failed|error)", self.text)
        return int(found[1]) if found and not broken else 0

    @property
    def findings(self) -> list[tuple[str, str, str]]:
        """Detector, endpoint and file with line of each, sorted."""
        return sorted(
            (finding["detector"], finding["endpoint"], _place(finding))
            for finding in self.report["findings"]
        )

    @property
    def keys(self) -> list[str]:
        return sorted(finding["key"] for finding in self.report["findings"])


def _place(finding: dict[str, Any]) -> str:
    place = finding["location"] or finding["origin"]
    return f"{Path(place['file']).name}:{place['line']}" if place else ""


#: The files of a project -> the baseline that a run of its tests writes.
_accepted: dict[tuple[tuple[str, str], ...], str] = {}


class Project:
    """The files of a project in ``folder``, and the plugin as an installed package has it."""

    def __init__(self, folder: Path, files: Mapping[str, str]) -> None:
        self.folder = folder / "project"
        self.write({**FILES, **files})
        self._site = folder / "site"
        installed = self._site / "queryscope-0.1.0.dist-info"
        installed.mkdir(parents=True)
        project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
        points = project["entry-points"]["pytest11"]
        lines = [f"{name} = {module}" for name, module in points.items()]
        (installed / "entry_points.txt").write_text("\n".join(["[pytest11]", *lines]))
        (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: queryscope\nVersion: 0\n")

    def write(self, files: Mapping[str, str]) -> None:
        for name, text in files.items():
            path = self.folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(dedent(text))

    def accept(self) -> str:
        """Its baseline, by a run that writes one, unless the same files were run before."""
        paths = sorted(path for path in self.folder.rglob("*") if path.suffix in (".py", ".ini"))
        files = tuple((str(path.relative_to(self.folder)), path.read_text()) for path in paths)
        baseline = self.folder / BASELINE
        if files in _accepted:
            baseline.write_text(_accepted[files])
        else:
            outcome = self.pytest("--queryscope", "--queryscope-update")
            assert outcome.status == 0, outcome.text
            _accepted[files] = baseline.read_text()
        return _accepted[files]

    def pytest(self, *arguments: str, cwd: str = ".", report: bool = True) -> Outcome:
        """Run it; with ``report`` and the flag also write and read the JSON report."""
        output = self.folder / "report.json"
        output.unlink(missing_ok=True)
        wanted = report and "--queryscope" in arguments
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *arguments]
            + ([f"--queryscope-output={output}"] if wanted else []),
            cwd=self.folder / cwd,
            env={
                **_environment(),
                "PYTHONPATH": os.pathsep.join([str(REPOSITORY), str(self._site)]),
                # A file may be changed within a second, to the same size.
                "PYTHONDONTWRITEBYTECODE": "1",
            },
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        text = done.stdout + done.stderr
        written = json.loads(output.read_text()) if wanted and output.exists() else {}
        return Outcome(done.returncode, text, written)


def _environment() -> dict[str, str]:
    """Without what this test run has set for itself."""
    ours = ("PYTEST_", "DJANGO_", "COV_", "DATABASE")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}
