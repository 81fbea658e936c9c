from django.contrib import admin

from .models import Bag, Bill, Scan


@admin.register(Bag)
class BagAdmin(admin.ModelAdmin):
    list_display = ("code", "owner_name", "status", "amount_due", "last_seen")
    list_filter = ("status",)
    raw_id_fields = ("owner",)

    @admin.display(description="Owner")
    def owner_name(self, bag):
        return bag.owner.display_name

    @admin.display(description="Last seen")
    def last_seen(self, bag):
        scan = bag.scans.first()
        return scan.get_checkpoint_display() if scan else None


@admin.register(Scan)
class ScanAdmin(admin.ModelAdmin):
    list_display = ("__str__", "checkpoint", "succeeded", "created_at")
    list_filter = ("checkpoint", "succeeded")
    raw_id_fields = ("bag", "scanned_by")


@admin.register(Bill)
class BillAdmin(admin.ModelAdmin):
    list_display = ("__str__", "amount", "created_at", "paid_at")
    raw_id_fields = ("bag",)
