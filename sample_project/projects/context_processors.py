from .models import Project, Task


def sidebar(request):
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    projects = user.projects.filter(status=Project.Status.ACTIVE).order_by("name")[:8]
    settings = getattr(user, "settings", None)
    return {
        "sidebar_projects": [
            {"project": project, "open_tasks": project.tasks.exclude(status="done").count()}
            for project in projects
        ],
        "my_open_tasks": user.assigned_tasks.exclude(status=Task.Status.DONE).count(),
        "theme": settings.theme if settings else "light",
    }
