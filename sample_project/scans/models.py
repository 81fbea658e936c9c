from django.conf import settings
from django.db import models
from django.utils import timezone


class Bag(models.Model):
    class Status(models.TextChoices):
        REGISTERED = "registered"
        IN_TRANSIT = "in_transit", "In transit"
        DELIVERED = "delivered"
        LOST = "lost"

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="bags"
    )
    code = models.CharField(max_length=16, unique=True)
    status = models.CharField(max_length=20, choices=Status, default=Status.REGISTERED)
    weight_kg = models.DecimalField(max_digits=6, decimal_places=2)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self):
        return self.code

    @property
    def amount_due(self):
        return sum(bill.amount for bill in self.bills.all() if bill.paid_at is None)


class Scan(models.Model):
    class Checkpoint(models.TextChoices):
        PICKUP = "pickup", "Pick-up"
        SORTING = "sorting"
        CUSTOMS = "customs"
        WAREHOUSE = "warehouse"
        DOORSTEP = "doorstep"

    bag = models.ForeignKey(Bag, on_delete=models.CASCADE, related_name="scans")
    scanned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="scans"
    )
    checkpoint = models.CharField(max_length=20, choices=Checkpoint)
    succeeded = models.BooleanField(default=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self):
        return f"{self.bag.code} at {self.get_checkpoint_display()}"


class Bill(models.Model):
    bag = models.ForeignKey(Bag, on_delete=models.CASCADE, related_name="bills")
    amount = models.DecimalField(max_digits=10, decimal_places=2)
    created_at = models.DateTimeField(default=timezone.now)
    paid_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["-created_at", "-id"]

    def __str__(self):
        return f"{self.amount} for {self.bag.code}"
