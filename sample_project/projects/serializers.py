from rest_framework import serializers

from sample_project.accounts.serializers import UserSummarySerializer

from .models import Comment, Project, Tag, Task


class TagSerializer(serializers.ModelSerializer):
    class Meta:
        model = Tag
        fields = ["id", "name", "colour"]


class CommentSerializer(serializers.ModelSerializer):
    author = serializers.CharField(source="author.display_name", read_only=True)

    class Meta:
        model = Comment
        fields = ["id", "author", "body", "created_at"]


class ProjectTaskSerializer(serializers.ModelSerializer):
    """A task as its project shows it, without what the project says already."""

    class Meta:
        model = Task
        fields = ["id", "title", "status", "priority", "due_date", "is_overdue"]


class ProjectTaskDetailSerializer(ProjectTaskSerializer):
    assignee = serializers.CharField(source="assignee_name", read_only=True)
    tags = serializers.SlugRelatedField("name", many=True, read_only=True)

    class Meta(ProjectTaskSerializer.Meta):
        fields = [*ProjectTaskSerializer.Meta.fields, "assignee", "tags"]


class ProjectSerializer(serializers.ModelSerializer):
    owner = serializers.CharField(source="owner.display_name", read_only=True)
    team_members = serializers.SlugRelatedField("username", many=True, read_only=True)
    tasks = ProjectTaskSerializer(many=True, read_only=True)

    class Meta:
        model = Project
        fields = ["id", "name", "status", "owner", "team_members", "tasks", "created_at"]


class ProjectDetailSerializer(serializers.ModelSerializer):
    owner = UserSummarySerializer(read_only=True)
    team_members = UserSummarySerializer(many=True, read_only=True)
    tasks = ProjectTaskDetailSerializer(many=True, read_only=True)
    recent_comments = serializers.SerializerMethodField()

    class Meta:
        model = Project
        fields = [
            "id",
            "name",
            "description",
            "status",
            "progress",
            "owner",
            "team_members",
            "tasks",
            "recent_comments",
            "created_at",
        ]

    def get_recent_comments(self, project):
        comments = Comment.objects.filter(task__project=project).order_by("-created_at")[:20]
        return CommentSerializer(comments, many=True).data


class TaskSerializer(serializers.ModelSerializer):
    project = serializers.CharField(source="project.name", read_only=True)
    project_owner = serializers.CharField(source="project.owner.username", read_only=True)
    assigned_to = UserSummarySerializer(read_only=True)
    tags = TagSerializer(many=True, read_only=True)
    comment_count = serializers.IntegerField(source="comments.count", read_only=True)
    latest_comment = serializers.SerializerMethodField()

    class Meta:
        model = Task
        fields = [
            "id",
            "title",
            "project",
            "project_owner",
            "assigned_to",
            "status",
            "priority",
            "due_date",
            "is_overdue",
            "tags",
            "comment_count",
            "latest_comment",
            "created_at",
        ]

    def get_latest_comment(self, task):
        comment = task.latest_comment()
        return CommentSerializer(comment).data if comment else None


class TaskWriteSerializer(serializers.ModelSerializer):
    class Meta:
        model = Task
        fields = [
            "id",
            "project",
            "title",
            "description",
            "status",
            "priority",
            "assigned_to",
            "due_date",
            "tags",
        ]


class TaskFilterSerializer(serializers.Serializer):
    """The filters that the task list takes from the query string."""

    project = serializers.IntegerField(required=False, min_value=1)
    assigned_to = serializers.IntegerField(required=False, min_value=1)
    status = serializers.ChoiceField(Task.Status.choices, required=False)
    priority = serializers.ChoiceField(Task.Priority.choices, required=False)
