from django.contrib.auth.mixins import LoginRequiredMixin
from django.db.models import Q
from django.views.generic import DetailView, ListView

from .models import Activity, Project, Task


class ProjectListView(LoginRequiredMixin, ListView):
    paginate_by = 25
    template_name = "projects/project_list.html"

    def get_queryset(self):
        projects = Project.objects.only("name", "status", "owner", "created_at")
        if query := self.request.GET.get("q", "").strip():
            projects = projects.filter(Q(name__icontains=query) | Q(description__icontains=query))
        status = self.request.GET.get("status")
        if status in Project.Status.values:
            projects = projects.filter(status=status)
        return projects

    def get_context_data(self, **kwargs):
        counts = [
            (label, Project.objects.filter(status=status).count())
            for status, label in Project.Status.choices
        ]
        return super().get_context_data(
            status_counts=counts, query=self.request.GET.get("q", ""), **kwargs
        )


class ProjectDetailView(LoginRequiredMixin, DetailView):
    model = Project
    template_name = "projects/project_detail.html"

    def get_context_data(self, **kwargs):
        tasks = self.object.tasks.all()
        return super().get_context_data(
            open_tasks=[task for task in tasks if not task.is_closed],
            closed_count=self.object.tasks.filter(status=Task.Status.DONE).count(),
            activities=Activity.objects.filter(
                content_type__model="task", object_id__in=self.object.tasks.values("pk")
            )[:15],
            **kwargs,
        )
