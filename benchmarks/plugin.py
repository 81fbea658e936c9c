"""What ``pytest --queryscope`` costs a suite of 500 tests that ask the database a lot.

    python benchmarks/plugin.py [--rounds 5] [--tests 500]

A project is written to a temporary folder; its suite runs in turns without the plugin, with the
plugin installed and idle, and with its flag. Figures are seconds of CPU, the least of all rounds.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).parents[1]

SETTINGS = """
SECRET_KEY = "benchmark"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "shop"]
MIDDLEWARE = ["django.middleware.common.CommonMiddleware"]
ROOT_URLCONF = "shop.urls"
ALLOWED_HOSTS = ["*"]
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
"""
MODELS = """
from django.db import models


class Customer(models.Model):
    name = models.CharField(max_length=50)
    email = models.EmailField(default="")


class Product(models.Model):
    name = models.CharField(max_length=50)
    price = models.IntegerField(default=1)


class Order(models.Model):
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="orders")
    number = models.IntegerField(default=0)
    paid = models.BooleanField(default=False)


class Line(models.Model):
    order = models.ForeignKey(Order, models.CASCADE, related_name="lines")
    product = models.ForeignKey(Product, models.CASCADE)
    amount = models.IntegerField(default=1)
"""
SERVICES = """
from django.db.models import F, Sum

from shop.models import Line, Order, Product


def total(order):
    return order.lines.aggregate(total=Sum(F("amount") * F("product__price")))["total"]


def pay(number):
    order = Order.objects.select_related("customer").get(number=number)
    order.paid = True
    order.save(update_fields=["paid"])
    return order.customer.name


def add(number, product, amount):
    order = Order.objects.get(number=number)
    line, made = Line.objects.get_or_create(
        order=order, product=Product.objects.get(name=product), defaults={"amount": amount}
    )
    if not made:
        line.amount += amount
        line.save()
    return total(order)


def export():
    orders = Order.objects.select_related("customer").prefetch_related("lines__product")
    return [
        (order.customer.name, [(line.product.name, line.amount) for line in order.lines.all()])
        for order in orders
    ]
"""
VIEWS = """
from django.http import JsonResponse
from django.shortcuts import get_object_or_404

from shop import services
from shop.models import Customer, Order


def orders(request):
    found = Order.objects.select_related("customer").prefetch_related("lines__product")
    rows = [
        {"customer": o.customer.name, "lines": [line.product.name for line in o.lines.all()]}
        for o in found
    ]
    return JsonResponse({"count": Order.objects.count(), "orders": rows})


def order(request, number):
    found = get_object_or_404(Order, number=number)
    if request.method == "POST":
        services.pay(number)
    customer = found.customer
    others = customer.orders.exclude(pk=found.pk).count()
    return JsonResponse({"total": services.total(found), "others": others, "name": customer.name})


def customers(request):
    rows = [{"name": c.name, "orders": c.orders.count()} for c in Customer.objects.all()]
    return JsonResponse({"customers": rows})
"""
URLS = """
from django.urls import path

from shop import views

urlpatterns = [
    path("orders/", views.orders),
    path("orders/<int:number>/", views.order),
    path("customers/", views.customers),
]
"""
CONFTEST = """
import pytest

from shop.models import Customer, Line, Order, Product


@pytest.fixture
def shop(db):
    products = [Product.objects.create(name=f"p{n}", price=n + 1) for n in range(3)]
    for n in range(3):
        customer = Customer.objects.create(name=f"c{n}")
        for m in range(2):
            order = Order.objects.create(customer=customer, number=n * 2 + m)
            for product in products[: m + 1]:
                Line.objects.create(order=order, product=product)
"""
#: The kinds of tests, in turns; each is a function of its own, as in a suite that people wrote.
TESTS = """
def test_list_{n}(client, shop):
    answer = client.get("/orders/").json()
    assert answer["count"] == 6
    assert answer["orders"][0]["customer"] == "c0"
    assert Order.objects.filter(paid=False).count() == 6


def test_detail_{n}(client, shop):
    assert client.get("/orders/3/").json()["others"] == 1
    assert client.post("/orders/3/").status_code == 200
    assert Order.objects.get(number=3).paid
    assert client.get("/orders/99/").status_code == 404


def test_services_{n}(shop):
    assert services.pay(2) == "c1"
    assert services.add(2, "p2", {n}) == 1 + {n} * 3
    assert services.add(2, "p2", 1) == 4 + {n} * 3
    assert len(services.export()) == 6


def test_customers_{n}(client, shop):
    Customer.objects.create(name="x{n}", email="x@example.com")
    names = [row["name"] for row in client.get("/customers/").json()["customers"]]
    assert names == ["c0", "c1", "c2", "x{n}"]


def test_models_{n}(shop):
    order = Order.objects.get(number=4)
    assert [line.product.name for line in order.lines.all()] == ["p0"]
    order.lines.update(amount={n})
    assert order.lines.get().amount == {n}
    order.customer.delete()
    assert not Order.objects.filter(number__gte=4).exists()
"""
IMPORTS = "from shop import services\nfrom shop.models import Customer, Order\n"


def write(folder: Path, tests: int) -> None:
    files = {
        "benchmark_settings.py": SETTINGS,
        "pytest.ini": "[pytest]\nDJANGO_SETTINGS_MODULE = benchmark_settings\npythonpath = .\n",
        "shop/__init__.py": "",
        "shop/models.py": MODELS,
        "shop/services.py": SERVICES,
        "shop/views.py": VIEWS,
        "shop/urls.py": URLS,
        "tests/__init__.py": "",
        "tests/conftest.py": CONFTEST,
    }
    for start in range(0, tests // 5, 10):
        group = (TESTS.format(n=n) for n in range(start + 1, min(start + 10, tests // 5) + 1))
        files[f"tests/test_{start:04}.py"] = IMPORTS + "".join(group)
    installed = "site/queryscope-0.dist-info"
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    point = project["entry-points"]["pytest11"]["queryscope"]
    files[f"{installed}/entry_points.txt"] = f"[pytest11]\nqueryscope = {point}\n"
    files[f"{installed}/METADATA"] = "Metadata-Version: 2.1\nName: queryscope\nVersion: 0\n"
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def seconds(folder: Path, *arguments: str, installed: bool = True) -> float:
    """CPU of one run of the suite, in seconds."""
    paths = [str(REPOSITORY), *([str(folder / "site")] if installed else [])]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:randomly",
            "-p",
            "no:cacheprovider",
            "-W",
            "ignore",
            *arguments,
        ],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if " passed" not in done.stdout or " failed" in done.stdout:
        raise SystemExit(done.stdout + done.stderr)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--tests", type=int, default=500)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder, options.tests)
        runs: dict[str, list[float]] = {"without": [], "idle": [], "recording": []}
        for _ in range(options.rounds):
            runs["without"].append(seconds(folder, installed=False))
            runs["idle"].append(seconds(folder))
            runs["recording"].append(seconds(folder, "--queryscope", "--queryscope-update"))
        least = min(runs["without"])
        for label, figures in runs.items():
            print(f"{label:10} {min(figures):6.2f} s  {min(figures) / least - 1:+6.1%}")


if __name__ == "__main__":
    main()
