from django.contrib.auth.signals import user_logged_in
from django.db.models.signals import post_save
from django.dispatch import receiver

from .models import Profile, SecurityEvent, Settings, User


@receiver(post_save, sender=User)
def create_profile_and_settings(instance, created, raw, **kwargs):
    if created and not raw:
        Profile.objects.get_or_create(user=instance)
        Settings.objects.get_or_create(user=instance)


@receiver(user_logged_in)
def record_login(request, user, **kwargs):
    ip = request.META.get("REMOTE_ADDR") if request else None
    SecurityEvent.objects.create(user=user, event_type=SecurityEvent.Type.LOGIN, ip=ip or None)
