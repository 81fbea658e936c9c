"""Models as a person writes them -> the same with an index in Meta, and nothing else changed."""

from __future__ import annotations

import ast
import textwrap
from pathlib import Path
from types import ModuleType

import pytest
from django.db import models
from django.test.utils import isolate_apps

from queryscope.model_edits import UncertainEdit, edited, model_edit

CODE = 'models.Index(fields=["a"], name="a_idx")'


def model_in(source: str, name: str = "Thing") -> type[models.Model]:
    module = ModuleType("edited")
    with isolate_apps("tests.testapp"):
        exec(compile(source, "edited.py", "exec"), vars(module))
    found = module
    for part in name.split("."):
        found = getattr(found, part)
    return found


def source(body: str, before: str = "from django.db import models", name: str = "Thing") -> str:
    indented = textwrap.indent(textwrap.dedent(body).strip("\n"), "    ")
    return f"{before}\n\n\nclass {name}(models.Model):\n{indented}\n"


LABEL = 'class Meta:\n    app_label = "testapp"'


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (
            f"a = models.IntegerField()\n\n{LABEL}",
            f"a = models.IntegerField()\n\n{LABEL}\n    indexes = [\n        {CODE},\n    ]",
        ),
        (
            f"a = models.IntegerField()\n\n{LABEL}\n\ndef b(self):\n    return 1",
            f"a = models.IntegerField()\n\n{LABEL}\n    indexes = [\n        {CODE},\n    ]\n\n"
            "def b(self):\n    return 1",
        ),
        (
            f'a = models.IntegerField()\n\n{LABEL}\n    indexes = [models.Index(fields=["a"])]',
            f"a = models.IntegerField()\n\n{LABEL}\n    indexes = [\n"
            f'        models.Index(fields=["a"]),\n        {CODE},\n    ]',
        ),
        (
            f"a = models.IntegerField()\n\n{LABEL}\n    indexes = [\n"
            '        models.Index(fields=["a"]),\n    ]\n    ordering = ["a"]',
            f"a = models.IntegerField()\n\n{LABEL}\n    indexes = [\n"
            f'        models.Index(fields=["a"]),\n        {CODE},\n    ]\n    ordering = ["a"]',
        ),
        (
            f"a = models.IntegerField()\n\n{LABEL}\n    indexes = ()",
            f"a = models.IntegerField()\n\n{LABEL}\n    indexes = [\n        {CODE},\n    ]",
        ),
    ],
)
def test_the_index_goes_into_meta(body: str, expected: str) -> None:
    before = source(body)
    after = edited(before, model_in(before), [CODE])
    assert after == source(expected)
    assert "a_idx" in [index.name for index in model_in(after)._meta.indexes]


def test_a_model_without_meta_gets_one_after_its_fields() -> None:
    # In an app of the test run, for which a model without Meta needs no label.
    before = source("a = models.IntegerField()\n\n@property\ndef b(self):\n    return 1")
    namespace = {"__name__": "tests.testapp.models"}
    with isolate_apps("tests.testapp"):
        exec(before, namespace)
    assert edited(before, namespace["Thing"], [CODE]) == source(
        f"a = models.IntegerField()\n\nclass Meta:\n    indexes = [\n        {CODE},\n    ]\n\n"
        "@property\ndef b(self):\n    return 1"
    )


ABSTRACT = (
    "from django.db import models\n\n\nclass Base(models.Model):\n    a = models.IntegerField()\n\n"
    '    class Meta:\n        abstract = True\n        app_label = "testapp"\n        {}\n\n\n'
    "class Thing(Base):\n    b = models.IntegerField()\n"
)


def test_what_an_abstract_parent_says_is_kept() -> None:
    before = ABSTRACT.format('ordering = ["a"]')
    after = edited(before, model_in(before), [CODE])
    assert "    class Meta(Base.Meta):\n" in after
    changed = model_in(after)
    assert changed._meta.ordering == ["a"]
    assert [index.name for index in changed._meta.indexes] == ["a_idx"]


@pytest.mark.parametrize(
    "before",
    [
        ABSTRACT.format('indexes = [models.Index(fields=["a"])]'),
        source(f"a = models.IntegerField()\n\n{LABEL}\n    indexes = list([])"),
        source(
            f"a = models.IntegerField()\n\n{LABEL}\n    indexes = [models.Index(fields=['a']),\n"
            "        models.Index(fields=['id'])]"
        ),
    ],
)
def test_what_is_put_together_elsewhere_is_left_to_a_person(before: str) -> None:
    with pytest.raises(UncertainEdit):
        edited(before, model_in(before), [CODE])


@pytest.mark.parametrize(
    ("before", "imports", "after"),
    [
        (
            "from django.db import models",
            ["from django.db.models.functions import Upper"],
            "from django.db import models\nfrom django.db.models.functions import Upper",
        ),
        (
            "from django.db import models",
            ["from django.contrib.postgres.indexes import GinIndex"],
            "from django.contrib.postgres.indexes import GinIndex\nfrom django.db import models",
        ),
        (
            "from __future__ import annotations\n\nfrom django.db import models\nimport os",
            ["import datetime", "from django.db.models.functions import Upper"],
            "from __future__ import annotations\n\nimport datetime\nfrom django.db import models\n"
            "from django.db.models.functions import Upper\nimport os",
        ),
        (
            "from django.db import models\nfrom django.db.models.functions import Upper",
            ["from django.db.models.functions import Upper"],
            "from django.db import models\nfrom django.db.models.functions import Upper",
        ),
    ],
)
def test_imports_stand_beside_those_of_django(before: str, imports: list[str], after: str) -> None:
    body = f"a = models.IntegerField()\n\n{LABEL}"
    found = edited(source(body, before), model_in(source(body, before)), [CODE], imports)
    assert found.startswith(f"{after}\n\n\nclass Thing")
    ast.parse(found)


def test_the_edit_of_a_model_of_the_project() -> None:
    from sample_project.projects.models import Task

    edit = model_edit(Task, [CODE], [], "")
    assert edit is not None
    assert edit.text.endswith(f"put into Task.Meta: indexes = [{CODE}]")
    assert edit.diff.startswith(f"--- {edit.file}\n+++ {edit.file}\n@@ ")
    added = [line for line in edit.diff.splitlines()[2:] if line.startswith("+")]
    assert added == ["+        indexes = [", f"+            {CODE},", "+        ]"]
    lines = Path(edit.file).read_text().splitlines()
    assert lines[edit.line - 1].strip() == "class Meta:"
