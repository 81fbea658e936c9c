from rest_framework import serializers

from .models import Scan


class ScanSerializer(serializers.ModelSerializer):
    bag = serializers.CharField(source="bag.code", read_only=True)
    owner = serializers.CharField(source="bag.owner.username", read_only=True)
    scanned_by = serializers.CharField(source="scanned_by.display_name", read_only=True)
    amount_due = serializers.DecimalField(
        source="bag.amount_due", max_digits=10, decimal_places=2, read_only=True
    )
    is_latest = serializers.SerializerMethodField()

    class Meta:
        model = Scan
        fields = [
            "id",
            "bag",
            "owner",
            "checkpoint",
            "succeeded",
            "scanned_by",
            "amount_due",
            "is_latest",
            "created_at",
        ]

    def get_is_latest(self, scan):
        return not scan.bag.scans.filter(created_at__gt=scan.created_at).exists()
