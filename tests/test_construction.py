"""Where a queryset was built, seen from the line that evaluated it."""

from __future__ import annotations

from pathlib import Path

import pytest

from queryscope.construction import built_at, given_as

CASES = {
    "same line": "return list(Task.objects.all())  #B #E",
    "variable": "tasks = Task.objects.all()  #B\nreturn render(tasks)  #E",
    "refined": "t = Task.objects.all()  #B\nt = t.filter(a=1)\nreturn render(t)  #E",
    "context": "c = {}\nc['t'] = Task.objects.all()  #B\nreturn render(c)  #E",
    "paginator": "t = Task.objects.all()  #B\np = P(t, 9)\nq = p.page(1)\nreturn r(q)  #E",
    "loop": "t = Task.objects.all()  #B\nfor one in t:  #E\n    one.x()",
    "chain over lines": "t = (\n    Task.objects  #B\n    .all()\n)\nreturn list(t)  #E",
    "with": "t = Task.objects.all()  #B\nwith a():\n    return list(t)  #E",
    "head of a with": "with opened(Task.objects.all()) as t:  #B\n    return list(t)  #E",
    "head over lines": "with (\n    a(),\n    b(Task.objects.all()) as t,  #B\n):\n    t()  #E",
    "async with": "async with opened(Task.objects.all()) as t:  #B\n    return list(t)  #E",
    "in the head itself": "with opened(\n    Task.objects.all()  #B\n) as t:  #E\n    pass",
    "branch": "t = Task.objects.all()  #B\nif t:  #E\n    pass",
    "module": "t = models.Task.objects.all()  #B\nreturn list(t)  #E",
    "own manager": "t = Task.published.all()  #B\nreturn list(t)  #E",
    "two, one reaches": "a = Task.objects.first()\nb = Task.objects.all()  #B\nreturn list(b)  #E",
    "two reach": "a = Task.objects.all()\nb = Task.objects.all()\nreturn list(a | b)  #E",
    "handed in": "a = Task.objects.count()\nreturn list(tasks)  #E",
    "another model": "a = Note.objects.all()\nreturn list(a)  #E",
    "one object": "a = Task.objects.first()\nreturn list(a.kids())  #E",
    "one by index": "a = Task.objects.all()[0]\nreturn list(a.kids())  #E",
    "a slice": "a = Task.objects.all()[:5]  #B\nreturn list(a)  #E",
    "a shortcut": "a = get_object_or_404(Task.objects.all(), pk=1)\nreturn list(a.kids())  #E",
    "a comprehension": "a = [t.x for t in Task.objects.all()]\nreturn list(a + tasks)  #E",
    "a list beside": "a = list(Task.objects.all())\nb = Task.objects.all()  #B\nreturn r(a, b)  #E",
    "a loop beside": "for a in Task.objects.all():\n    b = f(a)\nreturn list(b)  #E",
    "its own comprehension": "return [t.x for t in Task.objects.all()]  #B #E",
    "no manager": "a = Task.Status.DONE\nreturn list(a)  #E",
}


@pytest.mark.parametrize("name", CASES)
def test_built_at(name: str, tmp_path: Path) -> None:
    body = CASES[name].splitlines()
    file = tmp_path / "code.py"
    file.write_text("async def view(request, tasks):\n" + "".join(f"    {line}\n" for line in body))
    lines = dict(enumerate(body, start=2))
    evaluated = next(n for n, text in lines.items() if "#E" in text)
    expected = next((n for n, text in lines.items() if "#B" in text), None)
    found = built_at(str(file), evaluated, "Task", ("objects", "published"))
    assert (found and found[0]) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("t = project.tasks.all()\nreturn list(t)", 2),
        ("return list(project.tasks.all())", 2),
        ("t = project.notes.all()\nreturn list(t)", None),
    ],
)
def test_a_related_manager_is_found_by_its_name(
    source: str, expected: int | None, tmp_path: Path
) -> None:
    file = tmp_path / "code.py"
    file.write_text("def view(project):\n" + "".join(f"    {x}\n" for x in source.splitlines()))
    found = built_at(str(file), 1 + len(source.splitlines()), None, ("tasks",))
    assert found == (expected and (expected, "tasks"))


@pytest.mark.parametrize("text", ["", "def broken(:\n", "x = 1\n"])
def test_what_cannot_be_read_is_left_alone(text: str, tmp_path: Path) -> None:
    file = tmp_path / "code.py"
    file.write_text(text)
    assert built_at(str(file), 1, "Task", ("objects",)) is None


GIVEN = {
    "dict": "return r({'rows': Task.objects.all()})  #B",
    "name": "t = Task.objects.all()  #B\nreturn r({'rows': t})",
    "key": "c['rows'] = Task.objects.all()  #B",
    "keyword": "return super().get_context_data(rows=Task.objects.all())  #B",
    "locals": "rows = Task.objects.all()  #B\nreturn r(locals())",
    "another key": "a = Task.objects.all()\nreturn r({'a': a, 'rows': made()})",
    "evaluated": "return r({'rows': list(Task.objects.all())})",
    "either": "c = {'rows': Task.objects.all()}\nif c:\n    c['rows'] = Task.objects.none()",
}


@pytest.mark.parametrize("name", GIVEN)
def test_given_as(name: str, tmp_path: Path) -> None:
    body = GIVEN[name].splitlines()
    file = tmp_path / "code.py"
    file.write_text("def view(request, c):\n" + "".join(f"    {line}\n" for line in body))
    expected = next((n for n, text in enumerate(body, 2) if "#B" in text), None)
    given = given_as(str(file), 1, "rows", "Task", ("objects",))
    assert given is not None
    assert (given.built and given.built[0]) == expected
    assert given_as(str(file), 1, "nothing", "Task", ("objects",)) is None or name == "locals"
