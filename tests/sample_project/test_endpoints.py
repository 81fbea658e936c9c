from __future__ import annotations

import io

import pytest
from django.contrib.admin.sites import site
from django.core.management import call_command
from django.db import connection, transaction
from django.db.models import Count
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from sample_project.accounts.models import Profile, SecurityEvent, Settings, User
from sample_project.projects.models import Activity, Comment, Project, Tag, Task
from sample_project.scans.models import Bag, Bill, Scan
from sample_project.webhooks.models import Webhook, WebhookDelivery

pytestmark = pytest.mark.django_db

ENDPOINTS = [
    "/projects/",
    "/projects/?q=launch&status=active",
    "/projects/?page=2",
    "/projects/{project}/",
    "/api/auth/user/",
    "/api/projects/",
    "/api/projects/{project}/",
    "/api/tasks/",
    "/api/tasks/?project={project}&status=done",
    "/api/webhooks/",
    "/api/webhooks/1/",
    "/api/webhooks/1/deliveries/",
    "/api/stats",
    "/api/scans",
]
MODELS = [
    User,
    Profile,
    Settings,
    SecurityEvent,
    Project,
    Task,
    Comment,
    Tag,
    Activity,
    Webhook,
    WebhookDelivery,
    Bag,
    Scan,
    Bill,
]


@pytest.fixture(scope="module", autouse=True)
def tracker(django_db_setup, django_db_blocker):
    with django_db_blocker.unblock(), transaction.atomic():
        call_command("seed", scale="0.05", stdout=io.StringIO())
        yield
        transaction.set_rollback(True)


@pytest.fixture
def admin(client):
    client.force_login(User.objects.get(username="admin"))
    return client


def largest_project() -> int:
    return Project.objects.order_by().annotate(n=Count("tasks")).order_by("-n")[0].pk


def queries(client, url: str) -> int:
    with CaptureQueriesContext(connection) as captured:
        assert client.get(url).status_code == 200
    return len(captured)


@pytest.mark.parametrize("url", ENDPOINTS)
def test_endpoint_answers_the_admin(admin, url):
    assert admin.get(url.format(project=largest_project())).status_code == 200


@pytest.mark.parametrize("url", ENDPOINTS)
def test_endpoint_asks_a_stranger_to_log_in(client, url):
    response = client.get(url.format(project=1))
    if url.startswith("/api/"):
        assert response.status_code == 403
    else:
        assert response.url.startswith("/accounts/login/")


@pytest.mark.parametrize("page", ["changelist", "add", "change"])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_admin_page_answers(admin, model, page):
    args = [model.objects.first().pk] if page == "change" else []
    meta = model._meta
    url = reverse(f"admin:{meta.app_label}_{meta.model_name}_{page}", args=args)
    assert admin.get(url).status_code == 200


def test_every_model_is_in_the_admin():
    apps = {model._meta.app_label for model in MODELS}
    assert {m for m in site._registry if m._meta.app_label in apps} == set(MODELS)


@pytest.mark.parametrize(
    ("url", "model"),
    [
        ("/projects/", Project),
        ("/projects/{project}/", Task),
        ("/projects/{project}/", Activity),
        ("/api/auth/user/", Project),
        ("/api/auth/user/", SecurityEvent),
        ("/api/projects/", Project),
        ("/api/projects/{project}/", Task),
        ("/api/projects/{project}/", Comment),
        ("/api/tasks/", Task),
        ("/api/tasks/", Comment),
        ("/api/tasks/?project={project}&status=done", Task),
        ("/api/webhooks/", Webhook),
        ("/api/webhooks/1/deliveries/", WebhookDelivery),
        ("/api/stats", Bag),
        ("/api/stats", Bill),
        ("/api/scans", Scan),
        ("/admin/accounts/user/", User),
        ("/admin/accounts/profile/", Profile),
        ("/admin/accounts/settings/", Settings),
        ("/admin/accounts/securityevent/", SecurityEvent),
        ("/admin/projects/project/", Project),
        ("/admin/projects/task/", Task),
        ("/admin/projects/comment/", Comment),
        ("/admin/projects/tag/", Tag),
        ("/admin/projects/activity/", Activity),
        ("/admin/webhooks/webhook/", Webhook),
        ("/admin/webhooks/webhookdelivery/", WebhookDelivery),
        ("/admin/scans/bag/", Bag),
        ("/admin/scans/scan/", Scan),
        ("/admin/scans/bill/", Bill),
    ],
)
def test_more_rows_more_queries(admin, url, model):
    project = largest_project()
    url = url.format(project=project)
    Project.objects.update(owner=1)
    many = queries(admin, url)
    first = project if model is Project else model.objects.order_by("pk")[0].pk
    model.objects.exclude(pk=first).delete()
    assert queries(admin, url) < many


def test_the_project_list_asks_once_and_then_for_each_project(admin):
    few, many = (queries(admin, f"/api/projects/?page_size={size}") for size in (10, 40))
    assert many - few == 3 * 30  # owner, team members and tasks


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("project=abc", "project"),
        ("project=0", "project"),
        ("assigned_to=me", "assigned_to"),
        ("status=finished", "status"),
        ("priority=9", "priority"),
    ],
)
def test_a_bad_task_filter_is_explained(admin, query, field):
    response = admin.get(f"/api/tasks/?{query}")
    assert response.status_code == 400
    assert list(response.json()) == [field]


def test_task_filters_filter(admin):
    project = largest_project()
    found = admin.get(f"/api/tasks/?project={project}&status=done&page_size=500").json()
    expected = Task.objects.filter(project=project, status="done")
    assert {task["id"] for task in found["results"]} == set(expected.values_list("pk", flat=True))
    assert found["count"] > 1


def test_an_open_webhook_is_seen_by_its_owner_and_staff_only(client):
    webhook = Webhook.objects.create(user_id=5, url="https://hooks.example.com/5")
    for pk, status in ((4, 404), (5, 200), (1, 200)):
        client.force_login(User.objects.get(pk=pk))
        assert client.get(f"/api/webhooks/{webhook.pk}/").status_code == status
        assert client.get(f"/api/webhooks/{webhook.pk}/deliveries/").status_code == status


def test_a_new_task_is_recorded_and_delivered_to_the_team(admin):
    project = Project.objects.get(pk=1)
    Webhook.objects.all().delete()
    project.team_members.set([1, 4])
    for user, active, events in (
        (1, True, ["task.created"]),
        (4, True, ["comment.created"]),
        (4, False, ["task.created"]),
        (5, True, ["task.created"]),
    ):
        Webhook.objects.create(
            user_id=user, url="https://a.example/", is_active=active, events=events
        )
    response = admin.post("/api/tasks/", {"project": 1, "title": "Write it down"})
    assert response.status_code == 201
    assert Activity.objects.first().target == Task.objects.get(title="Write it down")
    assert [d.webhook.user_id for d in WebhookDelivery.objects.all()] == [1]


def test_a_comment_is_recorded_and_delivered_to_the_team():
    task = Task.objects.filter(project__team_members=1).first()
    Webhook.objects.all().delete()
    webhook = Webhook.objects.create(
        user_id=1, url="https://a.example/", events=["comment.created"]
    )
    task.comments.create(author_id=2, body="Looks good")
    assert Activity.objects.order_by("-pk")[0].actor_id == 2
    assert webhook.deliveries.get().payload["body"] == "Looks good"


def test_a_new_user_has_a_profile_and_settings():
    user = User.objects.create_user("new")
    assert user.profile.job_title == ""
    assert user.settings.theme == Settings.Theme.LIGHT


def test_a_login_is_recorded(client):
    client.post("/accounts/login/", {"username": "admin", "password": "admin"})
    event = SecurityEvent.objects.order_by("-pk")[0]
    assert (event.user.username, event.event_type, event.ip) == ("admin", "login", "127.0.0.1")


def test_pages_survive_a_user_without_profile_and_settings(client):
    user = User.objects.get(pk=1)
    user.profile.delete()
    user.settings.delete()
    client.force_login(User.objects.get(pk=1))
    for url in ("/projects/", f"/projects/{largest_project()}/", "/api/tasks/"):
        assert client.get(url).status_code == 200
