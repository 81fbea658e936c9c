from django.contrib import admin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.db import models

from .models import Profile, SecurityEvent, Settings, User

HTTPS_URLS = {models.URLField: {"assume_scheme": "https"}}


class ProfileInline(admin.StackedInline):
    model = Profile
    formfield_overrides = HTTPS_URLS


class SettingsInline(admin.StackedInline):
    model = Settings


@admin.register(User)
class UserAdmin(DjangoUserAdmin):
    list_display = ("username", "email", "job_title", "last_login_ip", "project_names", "is_staff")
    inlines = [ProfileInline, SettingsInline]

    @admin.display(description="Job title")
    def job_title(self, user):
        profile = getattr(user, "profile", None)
        return profile.job_title if profile else ""

    @admin.display(description="Projects")
    def project_names(self, user):
        return ", ".join(project.name for project in user.projects.all()[:3])


@admin.register(Profile)
class ProfileAdmin(admin.ModelAdmin):
    formfield_overrides = HTTPS_URLS
    list_display = ("__str__", "email", "location")
    search_fields = ("user__username", "job_title")

    @admin.display(description="Email")
    def email(self, profile):
        return profile.user.email


@admin.register(Settings)
class SettingsAdmin(admin.ModelAdmin):
    list_display = ("__str__", "theme", "time_zone", "weekly_digest")
    list_filter = ("theme", "weekly_digest")


@admin.register(SecurityEvent)
class SecurityEventAdmin(admin.ModelAdmin):
    list_display = ("created_at", "event_type", "who", "ip")
    list_filter = ("event_type",)
    raw_id_fields = ("user",)

    @admin.display(description="User")
    def who(self, event):
        return f"{event.user.display_name} <{event.user.email}>"
