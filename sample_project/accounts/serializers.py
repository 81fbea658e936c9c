from rest_framework import serializers

from .models import Profile, SecurityEvent, Settings, User


class UserSummarySerializer(serializers.ModelSerializer):
    name = serializers.CharField(source="display_name", read_only=True)
    avatar = serializers.URLField(source="profile.avatar_url", default="", read_only=True)

    class Meta:
        model = User
        fields = ["id", "username", "name", "avatar"]


class ProfileSerializer(serializers.ModelSerializer):
    class Meta:
        model = Profile
        fields = ["job_title", "location", "avatar_url", "biography"]


class SettingsSerializer(serializers.ModelSerializer):
    class Meta:
        model = Settings
        fields = ["theme", "time_zone", "email_notifications", "weekly_digest"]


class SecurityEventSerializer(serializers.ModelSerializer):
    user = serializers.CharField(source="user.username", read_only=True)

    class Meta:
        model = SecurityEvent
        fields = ["id", "user", "event_type", "created_at", "ip"]


class CurrentUserSerializer(serializers.ModelSerializer):
    profile = ProfileSerializer(read_only=True)
    settings = SettingsSerializer(read_only=True)
    projects = serializers.SerializerMethodField()
    open_tasks = serializers.SerializerMethodField()
    workload = serializers.SerializerMethodField()
    recent_events = serializers.SerializerMethodField()

    class Meta:
        model = User
        fields = [
            "id",
            "username",
            "email",
            "profile",
            "settings",
            "projects",
            "open_tasks",
            "workload",
            "recent_events",
        ]

    def get_projects(self, user):
        return [
            {"id": project.id, "name": project.name, "owner": project.owner.display_name}
            for project in user.projects.all()[:20]
        ]

    def get_open_tasks(self, user):
        return user.assigned_tasks.exclude(status__in=["done", "cancelled"]).count()

    def get_workload(self, user):
        open_tasks = user.assigned_tasks.exclude(status__in=["done", "cancelled"]).count()
        if open_tasks > 25:
            return "heavy"
        return "normal" if open_tasks > 5 else "light"

    def get_recent_events(self, user):
        events = SecurityEvent.objects.filter(user_id=user.pk)[:10]
        return SecurityEventSerializer(events, many=True).data
