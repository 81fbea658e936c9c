from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils import timezone


class User(AbstractUser):
    @property
    def display_name(self):
        return self.get_full_name() or self.username

    @property
    def initials(self):
        return "".join(word[0] for word in self.display_name.split()[:2]).upper()

    @property
    def last_login_ip(self):
        event = self.security_events.filter(event_type=SecurityEvent.Type.LOGIN).first()
        return event.ip if event else None


class Profile(models.Model):
    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="profile")
    job_title = models.CharField(max_length=80, blank=True)
    location = models.CharField(max_length=80, blank=True)
    avatar_url = models.URLField(blank=True)
    biography = models.TextField(blank=True)

    def __str__(self):
        return f"{self.user.display_name}, {self.job_title}"


class Settings(models.Model):
    class Theme(models.TextChoices):
        LIGHT = "light"
        DARK = "dark"

    user = models.OneToOneField(User, on_delete=models.CASCADE, related_name="settings")
    theme = models.CharField(max_length=10, choices=Theme, default=Theme.LIGHT)
    time_zone = models.CharField(max_length=40, default="UTC")
    email_notifications = models.BooleanField(default=True)
    weekly_digest = models.BooleanField(default=False)

    class Meta:
        verbose_name_plural = "settings"

    def __str__(self):
        return f"Settings of {self.user.username}"


class SecurityEvent(models.Model):
    class Type(models.TextChoices):
        LOGIN = "login"
        LOGOUT = "logout"
        LOGIN_FAILED = "login_failed"
        PASSWORD_CHANGED = "password_changed"
        TOKEN_CREATED = "token_created"

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="security_events")
    event_type = models.CharField(max_length=30, choices=Type)
    created_at = models.DateTimeField(default=timezone.now)
    ip = models.GenericIPAddressField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at"]

    def __str__(self):
        return f"{self.user.username}: {self.get_event_type_display()}"
