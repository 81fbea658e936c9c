from django.contrib import admin

from .models import Activity, Comment, Project, Tag, Task


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin):
    list_display = ("name", "colour", "task_count")

    @admin.display(description="Tasks")
    def task_count(self, tag):
        return tag.tasks.count()


@admin.register(Project)
class ProjectAdmin(admin.ModelAdmin):
    list_display = ("name", "owner_name", "status", "progress", "members", "created_at")
    list_filter = ("status",)
    search_fields = ("name", "description")
    raw_id_fields = ("owner", "team_members")

    @admin.display(description="Owner", ordering="owner__last_name")
    def owner_name(self, project):
        return project.owner.display_name

    @admin.display(description="Members")
    def members(self, project):
        return ", ".join(user.username for user in project.team_members.all())


class CommentInline(admin.TabularInline):
    model = Comment
    extra = 0
    raw_id_fields = ("author",)


@admin.register(Task)
class TaskAdmin(admin.ModelAdmin):
    list_display = ("title", "project", "assignee_name", "status", "priority", "tag_names")
    list_filter = ("status", "priority")
    search_fields = ("title", "description", "project__name")
    raw_id_fields = ("project", "assigned_to")
    inlines = [CommentInline]

    @admin.display(description="Tags")
    def tag_names(self, task):
        return ", ".join(task.tags.values_list("name", flat=True))


@admin.register(Comment)
class CommentAdmin(admin.ModelAdmin):
    list_display = ("__str__", "project_name", "created_at")
    raw_id_fields = ("task", "author")

    @admin.display(description="Project")
    def project_name(self, comment):
        return comment.task.project.name


@admin.register(Activity)
class ActivityAdmin(admin.ModelAdmin):
    list_display = ("created_at", "actor", "verb", "target")
    list_filter = ("verb",)
    raw_id_fields = ("actor",)
