"""500 tests that do little but query: what a plugin costs shows nowhere as much as here."""

from __future__ import annotations

import pytest
from django.test import TestCase
from tracker.models import Person, Project, Task

from benchmarks.suite import services

pytestmark = pytest.mark.django_db
REPEATS = range(100)


@pytest.fixture
def rows() -> list[Task]:
    people = [Person.objects.create(name=f"p{n}", email=f"p{n}@example.com") for n in range(4)]
    found = []
    for n in range(6):
        project = Project.objects.create(name=f"{n}", status="open", owner=people[n % 4])
        for number in range(3):
            found.append(
                Task.objects.create(
                    title=f"{n}.{number}",
                    description="text",
                    status="open" if number else "done",
                    priority=number,
                    project=project,
                    assigned_to=people[number],
                )
            )
    return found


@pytest.mark.parametrize("repeat", REPEATS)
def test_board(client, rows, repeat):
    page = client.get("/board/").content.decode()
    assert all(task.title in page for task in rows)
    assert Task.objects.count() == 18


@pytest.mark.parametrize("repeat", REPEATS)
def test_lists(client, rows, repeat):
    assert len(client.get("/tasks/").json()["tasks"]) == 18
    assert [size for _, size, _ in client.get("/projects/").json()["projects"]] == [3] * 6


@pytest.mark.parametrize("repeat", REPEATS)
def test_closing(client, rows, repeat):
    for task in rows[:5]:
        assert client.post(f"/tasks/{task.pk}/close/").status_code == 200
    for task in rows[:5]:
        task.refresh_from_db()
        assert task.status == "done"
    assert client.get(f"/projects/{rows[0].project_id}/").json()["done"] == 3


@pytest.mark.parametrize("repeat", REPEATS)
def test_services(rows, repeat):
    before, after = Person.objects.order_by("pk")[:2]
    assert services.summary() == {"open": 12, "done": 6}
    assert services.urgency() == 1.5
    assert services.hand_over(before, after) == 2
    assert not Project.objects.filter(owner=before).exists()


class ProjectTests(TestCase):
    @classmethod
    def setUpTestData(cls):
        cls.owner = Person.objects.create(name="owner", email="owner@example.com")

    def setUp(self):
        self.projects = [
            Project.objects.create(name=str(n), status="open", owner=self.owner) for n in range(10)
        ]


def _test(self):
    for project in self.projects:
        project.status = "done"
        project.save()
        assert Project.objects.filter(pk=project.pk, status="done").exists()
    assert self.client.get("/projects/").status_code == 200


for _number in REPEATS:
    setattr(ProjectTests, f"test_{_number}", _test)
