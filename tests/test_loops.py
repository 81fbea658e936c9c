"""What reading a function tells of a loop around a line, and of the fields it sets."""

from __future__ import annotations

import pytest

from queryscope.loops import assigned_before_save, loop_around

SOURCE = """
def one():
    for task in tasks:
        task.status = "done"
        task.save()  # 5
    task.save()  # 6

def two():
    return [task.save() for task in tasks]  # 9

def three():
    names = [task.name for task in tasks]  # 12
    Task.objects.create(names=names)  # 13

def four():
    while True:
        for row in rows:
            make(row)  # 18
        stop()  # 19

def five(task):
    task.status, task.title = 1, "x"
    task.tries += 1
    task.save()  # 24

def six(task):
    task.status = 1
    task.close()
    task.save()  # 29

def seven(task):
    fill(task)
    task.save()  # 33

async def eight(task):
    task.status = 1
    await task.asave()  # 37

def nine(task):
    other.status = 1
    task.save()  # 41

def ten(task):
    task.status = 1
    task.save(); other.save()  # 45

def eleven():
    try:
        for row in rows:
            pass
    finally:
        make(row)  # 52
"""


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    path = tmp_path_factory.mktemp("loops") / "views.py"
    path.write_text(SOURCE)
    return str(path)


@pytest.mark.parametrize(
    ("line", "loop"),
    [(5, 3), (6, None), (9, 9), (12, None), (13, None), (18, 17), (19, 16), (52, None), (1, None)],
)
def test_the_innermost_loop_around_a_line(file, line, loop):
    assert loop_around(file, line) == loop


@pytest.mark.parametrize(
    ("line", "fields"),
    [
        (5, ("status",)),
        (24, ()),
        (29, ()),
        (33, ()),
        (37, ()),
        (41, ()),
        (45, ()),
        (13, ()),
    ],
)
def test_the_fields_that_are_set_before_a_save(file, line, fields):
    assert assigned_before_save(file, line) == fields


def test_a_file_that_cannot_be_read_says_nothing(tmp_path):
    missing = str(tmp_path / "missing.py")
    assert loop_around(missing, 1) is None
    assert assigned_before_save(missing, 1) == ()


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ("pass", ("status",)),
        ("task.title, task.tries = 'x', 1", ("status", "title", "tries")),
        ("print(task.title)", ("status",)),
        ("done = task.close()", ()),
        ("done = rename(task)", ()),
        ("task.tags.append(1)", ()),
        ("task.data['k'] = 1", ()),
        ("other = task", ()),
        ("task.__dict__.update(title='x')", ()),
        ("vars(task)['title'] = 'x'", ()),
        ("[setattr(task, name, 1) for name in names]", ()),
        ("for task.title in names: pass", ()),
        ("for each in tasks: each.title = 'x'", ()),
    ],
)
def test_fields_are_told_only_where_nothing_else_can_change(tmp_path, body, fields):
    source = f"def f():\n    for task in tasks:\n        task.status = 1\n        {body}\n"
    path = tmp_path / "saving.py"
    path.write_text(source + "        task.save()\n")
    assert assigned_before_save(str(path), 5) == fields
