"""Which line of the project stands for a finding."""

from __future__ import annotations

from typing import Any

import pytest

from queryscope.core.reporters.sites import project_file, site_of, sites
from queryscope.core.sightings import Location, TemplateLine

from . import reports

MODELS = Location(reports.MODELS, 31, "Order.label")
VIEWS = Location(reports.VIEWS, 12, "order_list")
ADMIN = Location(reports.ADMIN, 9, "render")
HTML = TemplateLine(f"{reports.ROOT}/shop/list.html", 14)


@pytest.mark.parametrize(
    ("file", "root", "expected"),
    [
        ("/home/ann/shop/a/b.py", "/home/ann/shop", "a/b.py"),
        ("/home/ann/shop/a/b.py", "/home/ann/shop/", "a/b.py"),
        ("/home/ann/shop/a/../b.py", "/home/ann/shop", "b.py"),
        ("/home/ann/shop/../b.py", "/home/ann/shop", None),
        ("/home/ann/shop2/b.py", "/home/ann/shop", None),
        ("/home/ann/shop/.venv/lib/python3.13/site-packages/x.py", "/home/ann/shop", None),
        ("/usr/lib/python3/dist-packages/x.py", "/", None),
        ("/srv/x.py", "/", "srv/x.py"),
        ("/home/ann/shop/a.py", "", None),
        ("orders/list.html", "/home/ann/shop", None),
        ("<unknown source>", "/home/ann/shop", None),
        ("", "/home/ann/shop", None),
    ],
)
def test_files_of_the_project(file: str, root: str, expected: str | None) -> None:
    assert project_file(file, root) == expected


@pytest.mark.parametrize(
    ("places", "shown"),
    [
        ({"location": MODELS, "origin": VIEWS, "template": HTML}, "shop/orders/models.py:31"),
        ({"location": ADMIN, "origin": VIEWS, "template": HTML}, "shop/orders/views.py:12"),
        ({"location": ADMIN, "origin": ADMIN, "template": HTML}, "shop/list.html:14"),
        ({"location": None, "origin": VIEWS}, "shop/orders/views.py:12"),
        ({"location": Location(reports.VIEWS, 0, ""), "origin": None}, "shop/orders/views.py:1"),
        ({"location": ADMIN, "origin": ADMIN}, "None"),
        ({"location": None, "origin": None}, "None"),
        ({"location": None, "origin": None, "template": TemplateLine("list.html", 1)}, "None"),
    ],
)
def test_the_first_line_of_the_project(places: dict[str, Any], shown: str) -> None:
    assert str(site_of(reports.finding(**places), reports.ROOT)) == shown


@pytest.mark.parametrize(
    ("changed", "shown"),
    [
        (None, "shop/orders/models.py:31"),
        ({}, "shop/orders/models.py:31"),
        ({"shop/orders/views.py": ((10, 12),)}, "shop/orders/views.py:12"),
        ({"shop/list.html": ((14, 14),)}, "shop/list.html:14"),
        ({"shop/list.html": ((1, 13), (15, 99))}, "shop/orders/models.py:31"),
        ({"shop/list.html": ((14, 14),), "shop/orders/models.py": ((31, 31),)}, "models.py:31"),
    ],
)
def test_a_changed_line_comes_first(changed: Any, shown: str) -> None:
    found = reports.finding(location=MODELS, origin=VIEWS, template=HTML)
    assert str(site_of(found, reports.ROOT, changed)).endswith(shown)


def test_a_line_is_told_once() -> None:
    found = sites(reports.finding(location=VIEWS, origin=VIEWS, template=HTML), reports.ROOT)
    assert [str(site) for site in found] == ["shop/orders/views.py:12", "shop/list.html:14"]


def test_a_template_has_no_functions() -> None:
    place = Location(HTML.name, 14, "render", "{{ order }}")
    (site,) = sites(reports.finding(location=place, origin=None), reports.ROOT)
    assert (site.function, site.code) == ("", "{{ order }}")
