from __future__ import annotations

import io
import signal
import subprocess
import sys
from datetime import UTC, datetime

import pytest
from django.contrib.auth import authenticate
from django.core.management import CommandError, call_command
from django.db import connection
from django.db.models import Count, Exists, F, ForeignKey, Max, Min, OuterRef

from sample_project.accounts.models import SecurityEvent, User
from sample_project.projects.management.commands.seed import MODELS
from sample_project.projects.models import Activity, Comment, Project, Tag, Task
from sample_project.projects.seeding.progress import Progress
from sample_project.scans.models import Bag, Bill, Scan
from sample_project.webhooks.models import Webhook, WebhookDelivery

pytestmark = pytest.mark.django_db


def seed(**options: object) -> str:
    out = io.StringIO()
    call_command("seed", stdout=out, **options)
    return out.getvalue()


def everything() -> dict[str, list[tuple]]:
    """Every row of every table, but for the through tables' own ids and the salted password."""
    rows = {}
    for model in MODELS:
        skipped = {"password", "id"} if model._meta.auto_created else {"password"}
        names = [field.attname for field in model._meta.fields if field.attname not in skipped]
        rows[model._meta.label] = list(model._base_manager.order_by("pk").values_list(*names))
    return rows


@pytest.mark.any_database
def test_a_scale_multiplies_the_defaults():
    rows = {
        User: 10,
        SecurityEvent: 200,
        Project: 100,
        Task: 1_000,
        Comment: 1_200,
        Activity: 1_000,
        Webhook: 4,
        WebhookDelivery: 400,
        Bag: 50,
        Scan: 300,
        Bill: 70,
    }
    seed(scale="0.1")
    assert {model: model.objects.count() for model in rows} == rows


def test_same_seed_same_rows():
    seed(scale="0.05")
    first = everything()
    seed(scale="0.05", flush=True)
    assert everything() == first


@pytest.mark.any_database
def test_another_seed_makes_other_rows():
    seed(scale="0.05")
    first = everything()
    seed(scale="0.05", seed="7", flush=True)
    assert everything()["projects.Task"] != first["projects.Task"]


def test_a_second_run_changes_nothing_and_says_so():
    seed(scale="0.05")
    first = everything()
    assert seed(scale="0.1").startswith("Already seeded: 5 users, 50 projects, 500 tasks")
    assert everything() == first


def test_flush_replaces_what_is_there():
    seed(scale="0.05")
    Task.objects.create(project_id=1, title="Mine")
    assert seed(scale="0.02", flush=True).startswith("Seeded 5 users, 20 projects, 200 tasks")
    assert not Task.objects.filter(title="Mine").exists()


def test_nothing_is_put_beside_rows_of_somebody_else():
    User.objects.create_user("somebody")
    with pytest.raises(CommandError, match=r"accounts_user already holds 1 row.*--flush"):
        seed(scale="0.05")
    assert not Project.objects.exists()


@pytest.mark.parametrize(
    ("model", "values"),
    [
        (User, {"username": "new"}),
        (Tag, {"name": "new"}),
        (Project, {"owner_id": 1, "name": "new"}),
        (Task, {"project_id": 1, "title": "new"}),
        (Comment, {"task_id": 1, "author_id": 1, "body": "new"}),
        (Webhook, {"user_id": 1, "url": "https://example.com/"}),
        (Bag, {"owner_id": 1, "code": "new", "weight_kg": 1}),
        (Project.team_members.through, {"project_id": 1, "user_id": 5}),
    ],
)
def test_the_next_row_gets_the_next_id(model, values):
    seed(scale="0.05")
    Project.objects.get(pk=1).team_members.clear()
    last = Project.team_members.through.objects.aggregate(last=Max("pk"))["last"]
    if model is not Project.team_members.through:
        last = model.objects.aggregate(last=Max("pk"))["last"]
    assert model.objects.create(**values).pk == last + 1


def test_every_reference_leads_somewhere():
    seed(scale="0.05")
    references = [
        (model, field)
        for model in MODELS
        for field in model._meta.fields
        if isinstance(field, ForeignKey)
    ]
    assert references
    for model, field in references:
        parents = field.related_model._base_manager.filter(pk=OuterRef(field.attname))
        rows = model._base_manager.filter(**{f"{field.attname}__isnull": False})
        assert rows.exists(), field
        assert not rows.exclude(Exists(parents)).exists(), field


def test_every_activity_has_its_target():
    seed(scale="0.05")
    assert all(activity.target for activity in Activity.objects.prefetch_related("target"))


@pytest.mark.any_database
def test_the_tracker_is_skewed_like_a_real_one():
    seed()
    per_project = [count for _, count in tasks_by("project")]
    assert per_project[0] > 8 * per_project[len(per_project) // 2]
    per_person = [count for person, count in tasks_by("assigned_to") if person]
    assert per_person[0] > 10 * per_person[-1]
    assert 0.2 < Task.objects.filter(assigned_to=None).count() / 10_000 < 0.24
    assert 0.6 < Task.objects.filter(status="done").count() / 10_000 < 0.68
    assert 0 < Task.objects.filter(status="blocked").count() / 10_000 < 0.012
    assert Task.objects.filter(project=7, status="done").exists()


def tasks_by(field: str) -> list[tuple]:
    counts = Task.objects.order_by().values_list(field).annotate(n=Count("pk"))
    return list(counts.order_by("-n"))


@pytest.mark.any_database
def test_rows_lie_in_two_years_and_after_what_they_belong_to():
    seed(scale="0.1")
    times = Task.objects.aggregate(first=Min("created_at"), last=Max("created_at"))
    assert datetime(2024, 1, 1, tzinfo=UTC) <= times["first"] < datetime(2024, 3, 1, tzinfo=UTC)
    assert datetime(2025, 12, 1, tzinfo=UTC) < times["last"] < datetime(2026, 1, 1, tzinfo=UTC)
    assert not Task.objects.filter(created_at__lt=F("project__created_at")).exists()
    assert not Comment.objects.filter(created_at__lt=F("task__created_at")).exists()
    assert not Scan.objects.filter(created_at__lt=F("bag__created_at")).exists()


def test_admin_can_log_in_and_two_others_are_staff():
    seed(scale="0.05")
    assert authenticate(username="admin", password="admin").is_superuser
    assert User.objects.filter(is_staff=True).count() == 3
    assert User.objects.filter(is_superuser=True).count() == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"scale": "many"}, "--scale: 'many' is not a number above 0"),
        ({"scale": "0"}, "--scale: '0' is not a number above 0"),
        ({"scale": "-1"}, "--scale: '-1' is not a number above 0"),
        ({"scale": "nan"}, "--scale: 'nan' is not a number above 0"),
        ({"scale": "inf"}, "--scale: 'inf' is not a number above 0"),
        ({"scale": "1001"}, "at most 1,000"),
        ({"seed": "x"}, "--seed: 'x' is not a whole number"),
        ({"database": "elsewhere"}, r"--database: no alias 'elsewhere' in DATABASES \(known:"),
    ],
)
def test_a_bad_argument_is_one_line(options, message):
    with pytest.raises(CommandError, match=message) as caught:
        seed(**options)
    assert "\n" not in str(caught.value)
    assert not User.objects.exists()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def watched(stream: io.StringIO) -> str:
    progress = Progress(stream, total=4_000)
    assert len(list(progress.watch(iter([()] * 3_001), 3_000, "tasks"))) == 3_001
    return stream.getvalue()


def test_the_progress_bar_shows_share_time_left_and_table():
    last = watched(Terminal()).rpartition("\r")[2]
    assert " 75% " in last
    assert "s left" in last
    assert last.rstrip().endswith("tasks")


def test_no_progress_bar_in_a_file():
    assert watched(io.StringIO()) == ""


# A process of its own: it is killed, or beside another one.
CHILD = """
import os, signal, sys
import django
from django.conf import settings

name, action = sys.argv[1:]
settings.DATABASES["default"]["NAME"] = name
# The tracker's own apps: a check of the test app's models would ask the database first.
settings.INSTALLED_APPS = [a for a in settings.INSTALLED_APPS if a != "tests.testapp"]
django.setup()
from django.core.management import call_command, execute_from_command_line
from sample_project.projects.management.commands import seed

if action == "migrate":
    call_command("migrate", verbosity=0)
    sys.exit()
if action == "die":
    load = seed.load
    def load_until_comments(table, using):
        load(table, using)
        if table.model.__name__ == "Comment":
            os.kill(os.getpid(), signal.SIGKILL)
    seed.load = load_until_comments
execute_from_command_line(["manage.py", "seed", "--scale", "0.05"])
"""


def child(name: str, action: str) -> subprocess.Popen:
    return subprocess.Popen(
        [sys.executable, "-c", CHILD, name, action],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def database_name(transactional_db, tmp_path) -> str:
    """A database that another process can open: the server's, or an SQLite file."""
    if connection.vendor == "sqlite":
        path = str(tmp_path / "tracker.sqlite3")
        migration = child(path, "migrate")
        migration.communicate()
        assert migration.returncode == 0
        return path
    return connection.settings_dict["NAME"]


def test_a_kill_half_way_leaves_nothing(database_name):
    killed = child(database_name, "die")
    killed.communicate()
    assert killed.returncode == -signal.SIGKILL
    out, err = child(database_name, "seed").communicate()
    assert out.startswith("Seeded 5 users, 50 projects, 500 tasks"), err


@pytest.mark.skipif(connection.vendor != "postgresql", reason="SQLite has one writer, by a lock")
def test_of_two_at_once_one_seeds(database_name):
    both = [child(database_name, "seed") for _ in range(2)]
    answers = sorted(process.communicate()[0].partition(" ")[0] for process in both)
    assert answers == ["Already", "Seeded"]


def test_a_database_without_tables_is_one_line(transactional_db, tmp_path):
    missing = str(tmp_path / "empty.sqlite3") if connection.vendor == "sqlite" else "no_such_one"
    process = child(missing, "seed")
    _, err = process.communicate()
    assert process.returncode == 1
    assert err.startswith("CommandError: Nothing was seeded: "), err
    assert err.endswith("run migrate first.\n")
    assert err.count("\n") == 1
