"""``manage.py queryscope fix`` in a project of its own, in fresh interpreters."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from .shop_project import Shop, built
from .test_files import applied

BEFORE = "for book in Book.objects.all()"
AFTER = 'for book in Book.objects.select_related("author")'


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Shop:
    return built(tmp_path_factory.mktemp("shop"))


@pytest.fixture
def shop(original: Shop, tmp_path: Path) -> Shop:
    folder = tmp_path / "shop"
    shutil.copytree(original.folder, folder)
    return Shop(folder)


def test_proven_fixes_are_shown(shop: Shop) -> None:
    before = shop.views
    done = shop.fix()
    assert done.returncode == 1, done.stderr
    assert done.stdout.startswith("--- a/shop/views.py\n+++ b/shop/views.py\n@@ ")
    assert "-    return JsonResponse(" in done.stdout
    assert shop.views == before
    applied(done.stdout, shop.folder)
    assert AFTER in shop.views
    again = shop.fix()
    assert (again.returncode, again.stdout) == (0, "")
    assert "no finding has a proven fix" in again.stderr


def test_proven_fixes_are_written_and_confirmed(shop: Shop) -> None:
    subprocess.run(["git", "init", "--quiet", "."], cwd=shop.folder, check=True)
    done = shop.fix("--write")
    assert done.returncode == 0, done.stderr
    assert "Written: shop/views.py\n" in done.stdout
    assert "GET /books/     13 → 1\n" in done.stdout
    assert "1 of 1 finding gone." in done.stdout
    assert AFTER in shop.views
    assert "shop/views.py has changes that are in no commit" in done.stderr


def test_only_chosen_detectors_are_fixed(shop: Shop) -> None:
    done = shop.fix("--write", "--ignore", "n-plus-one")
    assert (done.returncode, done.stdout) == (0, "")
    assert BEFORE in shop.views


def test_only_chosen_endpoints_are_fixed(shop: Shop) -> None:
    done = shop.fix("/authors/")
    assert (done.returncode, done.stdout) == (0, "")


FRAGILE = """

def authors(request):
    with open(__file__) as source:
        if "select_related(" + '"author' in source.read():
            {}
    return JsonResponse({{}})
"""


def test_files_are_as_they_were_when_an_endpoint_answers_otherwise(shop: Shop) -> None:
    shop.add(FRAGILE.format('return JsonResponse({"torn": True})') + "Author.objects.none()\n")
    before = shop.views
    done = shop.fix("--write")
    assert done.returncode == 1, done.stderr
    assert "ANSWERS OTHERWISE with the fixes: GET /authors/: the body" in done.stderr
    assert "all files are as they were" in done.stderr
    assert shop.views == before


def test_files_are_as_they_were_when_an_endpoint_fails(shop: Shop) -> None:
    shop.add(FRAGILE.format('raise RuntimeError("torn")') + "Author.objects.none()\n")
    before = shop.views
    done = shop.fix("--write")
    assert done.returncode == 1, done.stderr
    assert (
        "FAILS with the fixes: GET /authors/: 500 Internal Server Error: RuntimeError: torn"
        in done.stderr
    )
    assert "all files are as they were" in done.stderr
    assert shop.views == before


def test_files_are_as_they_were_when_nothing_runs(shop: Shop) -> None:
    check = FRAGILE.format("raise SystemExit(3)").replace("def authors(request)", "def check()")
    shop.add(f"{check}\n\ncheck()\n")
    before = shop.views
    done = shop.fix("--write")
    assert done.returncode == 2
    assert "all files are as they were: the audit failed with the fixes" in done.stderr
    assert shop.views == before


def test_new_findings_are_told_with_how_to_undo(shop: Shop) -> None:
    slow = "[str(b.author.name) for b in Book.objects.order_by('pk')]"
    shop.add(FRAGILE.format(slow))
    before = shop.views
    done = shop.fix("--write")
    assert done.returncode == 1, done.stderr
    assert "NEW with the fixes: GET /authors/: Book.author is loaded for each Book" in done.stderr
    assert AFTER in shop.views
    _, _, undo = done.stderr.partition("to undo: ")
    subprocess.run(undo.strip(), shell=True, cwd=shop.folder, check=True)
    assert shop.views == before


def test_what_cannot_be_edited_is_told_with_its_code(shop: Shop) -> None:
    text = shop.views.replace(BEFORE, "for book in rows()")
    text += "\n\ndef rows():\n    return list(Book.objects.all()) + list(Book.objects.all())\n"
    (shop.folder / "shop" / "views.py").write_text(text)
    done = shop.fix("--write")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no certain edit: line 15 has several such querysets; write: Book.obj" in done.stderr


def test_libcst_is_asked_for_in_one_line(shop: Shop) -> None:
    (shop.folder / "sitecustomize.py").write_text('import sys\n\nsys.modules["libcst"] = None\n')
    done = shop.fix()
    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        'CommandError: libcst is not installed; run: pip install "queryscope[fix]"'
    ]
