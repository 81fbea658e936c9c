"""Webhooks with their deliveries; bags with their scans and bills."""

from array import array
from collections.abc import Iterator
from datetime import timedelta
from decimal import Decimal

from sample_project.scans.models import Bag, Bill, Scan
from sample_project.webhooks.models import Webhook, WebhookDelivery

from .distributions import SECONDS, Popularity, Weighted, moment, timeline
from .tables import Plan, Table

EVENTS = {
    Webhook.Event.TASK_UPDATED.value: 60,
    Webhook.Event.COMMENT_CREATED.value: 25,
    Webhook.Event.TASK_CREATED.value: 14,
    Webhook.Event.PROJECT_ARCHIVED.value: 1,
}
DELIVERY_STATUSES = {
    WebhookDelivery.Status.DELIVERED.value: 94,
    WebhookDelivery.Status.FAILED.value: 5,
    WebhookDelivery.Status.PENDING.value: 1,
}
BAG_STATUSES = {
    Bag.Status.DELIVERED.value: 80,
    Bag.Status.IN_TRANSIT.value: 14,
    Bag.Status.REGISTERED.value: 5,
    Bag.Status.LOST.value: 1,
}
CHECKPOINTS = {
    Scan.Checkpoint.PICKUP.value: 24,
    Scan.Checkpoint.SORTING.value: 30,
    Scan.Checkpoint.CUSTOMS.value: 6,
    Scan.Checkpoint.WAREHOUSE.value: 22,
    Scan.Checkpoint.DOORSTEP.value: 18,
}


def tables(plan: Plan) -> Iterator[Table]:
    webhook_times = timeline(plan.rng("webhook times"), plan.size(40), growth=1.5)
    bag_times = timeline(plan.rng("bag times"), plan.size(500))
    yield Table(
        Webhook,
        ("id", "user_id", "url", "is_active", "events", "created_at"),
        webhooks(plan, webhook_times),
        len(webhook_times),
    )
    yield Table(
        WebhookDelivery,
        ("id", "webhook_id", "status", "event_type", "created_at", "payload"),
        deliveries(plan, webhook_times),
        plan.size(4_000),
    )
    yield Table(
        Bag,
        ("id", "owner_id", "code", "status", "weight_kg", "created_at"),
        bags(plan, bag_times),
        len(bag_times),
    )
    yield Table(
        Scan,
        ("id", "bag_id", "scanned_by_id", "checkpoint", "succeeded", "created_at"),
        scans(plan, bag_times),
        plan.size(3_000),
    )
    yield Table(
        Bill,
        ("id", "bag_id", "amount", "created_at", "paid_at"),
        bills(plan, bag_times),
        plan.size(700),
    )


def webhooks(plan: Plan, times: array) -> Iterator[tuple]:
    rng = plan.rng("webhooks")
    people = Popularity(rng, plan.users, flattening=3)
    names = tuple(EVENTS)
    for number, offset in enumerate(times, start=1):
        events = [name for name in names if rng.random() < 0.6] or [names[0]]
        url = f"https://hooks.example.com/{rng.getrandbits(40):010x}"
        user = people.pick(plan.users) + 1
        yield (number, user, url, rng.random() < 0.85, events, moment(offset))


def parents(rng, times: array, offsets: array, flattening: float) -> Iterator[tuple[int, float]]:
    """For each time the id of a row that exists by then."""
    popular = Popularity(rng, len(times), flattening)
    started = 0
    for offset in offsets:
        while started < len(times) and times[started] <= offset:
            started += 1
        yield popular.pick(started) + 1, offset


def deliveries(plan: Plan, webhook_times: array) -> Iterator[tuple]:
    rng = plan.rng("deliveries")
    statuses, kinds = Weighted(rng, DELIVERY_STATUSES), Weighted(rng, EVENTS)
    offsets = timeline(rng, plan.size(4_000))
    pairs = parents(rng, webhook_times, offsets, flattening=2)
    for number, (webhook, offset) in enumerate(pairs, start=1):
        event = kinds.pick()
        payload = {
            "event": event,
            "delivery": number,
            "task": 1 + int(rng.random() * plan.tasks),
            "attempt": 1 if rng.random() < 0.92 else 2,
        }
        yield (number, webhook, statuses.pick(), event, moment(offset), payload)


def bags(plan: Plan, times: array) -> Iterator[tuple]:
    rng = plan.rng("bags")
    people = Popularity(rng, plan.users, flattening=5)
    statuses = Weighted(rng, BAG_STATUSES)
    for number, offset in enumerate(times, start=1):
        weight = Decimal(min(50 + int(rng.expovariate(1 / 900)), 9_999)).scaleb(-2)
        owner = people.pick(plan.users) + 1
        yield (number, owner, f"BAG{number:08d}", statuses.pick(), weight, moment(offset))


def scans(plan: Plan, bag_times: array) -> Iterator[tuple]:
    rng = plan.rng("scans")
    people = Popularity(rng, plan.users, flattening=1)
    checkpoints = Weighted(rng, CHECKPOINTS)
    offsets = timeline(rng, plan.size(3_000))
    pairs = parents(rng, bag_times, offsets, flattening=len(bag_times) / 4)
    for number, (bag, offset) in enumerate(pairs, start=1):
        by = people.pick(plan.users) + 1
        yield (number, bag, by, checkpoints.pick(), rng.random() < 0.97, moment(offset))


def bills(plan: Plan, bag_times: array) -> Iterator[tuple]:
    rng = plan.rng("bills")
    offsets = timeline(rng, plan.size(700))
    pairs = parents(rng, bag_times, offsets, flattening=len(bag_times) / 2)
    for number, (bag, offset) in enumerate(pairs, start=1):
        amount = Decimal(300 + int(rng.expovariate(1 / 2_500))).scaleb(-2)
        paid = offset + timedelta(days=rng.randrange(1, 45)).total_seconds()
        settled = paid < SECONDS and rng.random() < 0.9
        yield (number, bag, amount, moment(offset), moment(paid) if settled else None)
