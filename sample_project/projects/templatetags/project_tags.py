from django import template

from ..models import Task

register = template.Library()


@register.inclusion_tag("projects/_team.html")
def team(project, limit=5):
    members = project.team_members.all()
    return {"members": members[:limit], "others": max(members.count() - limit, 0)}


@register.simple_tag
def open_task_count(project):
    return project.tasks.exclude(status__in=[Task.Status.DONE, Task.Status.CANCELLED]).count()


@register.filter
def last_word(task):
    comment = task.latest_comment()
    return f"{comment.author.display_name}: {comment.body}" if comment else ""


@register.filter
def priority_class(task):
    return f"priority-{task.get_priority_display().lower()}"
