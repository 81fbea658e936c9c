from django.db.models import Avg, Count, Max, Sum
from rest_framework import generics
from rest_framework.decorators import api_view, permission_classes
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

from .models import Bag, Bill, Scan
from .serializers import ScanSerializer


class ScanListView(generics.ListAPIView):
    serializer_class = ScanSerializer
    permission_classes = [IsAuthenticated]
    pagination_class = None
    queryset = Scan.objects.all()[:100]


def checkpoint_stats(checkpoint):
    scans = Scan.objects.filter(checkpoint=checkpoint)
    total = scans.count()
    failed = scans.filter(succeeded=False).count()
    return {
        "checkpoint": checkpoint,
        "scans": total,
        "failure_rate": round(failed / total, 4) if total else 0,
        "bags": scans.aggregate(bags=Count("bag", distinct=True))["bags"],
        "last_scan": scans.aggregate(last=Max("created_at"))["last"],
    }


def bag_stats(bag):
    unpaid = bag.bills.filter(paid_at=None)
    return {
        "bag": bag.code,
        "owner": bag.owner.display_name,
        "scans": bag.scans.count(),
        "failed": bag.scans.filter(succeeded=False).count(),
        "billed": bag.bills.aggregate(total=Sum("amount"))["total"] or 0,
        "unpaid": unpaid.aggregate(total=Sum("amount"))["total"] or 0,
    }


@api_view(["GET"])
@permission_classes([IsAuthenticated])
def stats(request):
    months = Bill.objects.datetimes("created_at", "month", order="DESC")[:12]
    return Response(
        {
            "bags": Bag.objects.count(),
            "average_weight_kg": Bag.objects.aggregate(kg=Avg("weight_kg"))["kg"],
            "checkpoints": [checkpoint_stats(checkpoint) for checkpoint in Scan.Checkpoint],
            "billed_by_month": {
                f"{month:%Y-%m}": Bill.objects.filter(
                    created_at__year=month.year, created_at__month=month.month
                ).aggregate(total=Sum("amount"))["total"]
                for month in months
            },
            "latest_bags": [bag_stats(bag) for bag in Bag.objects.all()[:20]],
        }
    )
