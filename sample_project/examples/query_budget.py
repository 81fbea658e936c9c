from django.db.models import Count, IntegerField, OuterRef, Subquery
from django.db.models.functions import Coalesce
from django.http import JsonResponse

from sample_project.accounts.models import SecurityEvent, User
from sample_project.projects.models import Activity, Comment, Project, Task
from sample_project.scans.models import Bag, Scan
from sample_project.webhooks.models import Webhook


def page(request):
    user = User.objects.order_by("pk").first()
    if user is None:
        return JsonResponse({})
    return JsonResponse(
        {
            "user": user.username,
            "projects": user.projects.count(),
            "owned_projects": user.owned_projects.count(),
            "tasks": user.assigned_tasks.count(),
            "comments": user.comments.count(),
            "activities": user.activities.count(),
            "security_events": user.security_events.count(),
            "webhooks": user.webhooks.count(),
            "bags": user.bags.count(),
            "scans": user.scans.count(),
            "theme": user.settings.theme,
            "job_title": user.profile.job_title,
        }
    )


def count_of(model, field):
    """How many rows of `model` name the outer user in `field`, as one subquery."""
    rows = model.objects.filter(**{field: OuterRef("pk")}).order_by().values(field)
    return Coalesce(
        Subquery(rows.annotate(n=Count("pk")).values("n"), output_field=IntegerField()), 0
    )


def fixed(request):
    users = User.objects.select_related("settings", "profile").annotate(
        project_count=count_of(Project.team_members.through, "user"),
        owned_count=count_of(Project, "owner"),
        task_count=count_of(Task, "assigned_to"),
        comment_count=count_of(Comment, "author"),
        activity_count=count_of(Activity, "actor"),
        event_count=count_of(SecurityEvent, "user"),
        webhook_count=count_of(Webhook, "user"),
        bag_count=count_of(Bag, "owner"),
        scan_count=count_of(Scan, "scanned_by"),
    )
    user = users.order_by("pk").first()
    if user is None:
        return JsonResponse({})
    return JsonResponse(
        {
            "user": user.username,
            "projects": user.project_count,
            "owned_projects": user.owned_count,
            "tasks": user.task_count,
            "comments": user.comment_count,
            "activities": user.activity_count,
            "security_events": user.event_count,
            "webhooks": user.webhook_count,
            "bags": user.bag_count,
            "scans": user.scan_count,
            "theme": user.settings.theme,
            "job_title": user.profile.job_title,
        }
    )
