"""Models that use what Django offers beside plain fields, or that behave as they please."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.db.models.functions import Now
from taggit.managers import TaggableManager

#: What ``KeptQuerySet`` has fetched: SQL -> pickled rows, as a cache of querysets keeps them.
kept: dict[str, bytes] = {}


class Label(models.Model):
    """Equal by name, and therefore not hashable."""

    name = models.CharField(max_length=50)
    author = models.ForeignKey("testapp.Author", models.CASCADE, related_name="labels")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Label) and self.name == other.name

    __hash__ = None  # type: ignore[assignment]


class Folded(models.Model):
    """Equal and hashed by name: two rows may be one to a set."""

    name = models.CharField(max_length=50)
    author = models.ForeignKey("testapp.Author", models.CASCADE, related_name="folded")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Folded) and self.name == other.name

    def __hash__(self) -> int:
        return hash(self.name)


class Line(models.Model):
    """The database fills in two of its columns."""

    book = models.ForeignKey("testapp.Book", models.CASCADE, related_name="lines")
    price = models.IntegerField()
    amount = models.IntegerField(db_default=2)
    total = models.GeneratedField(
        expression=models.F("price") * models.F("amount"),
        output_field=models.IntegerField(),
        db_persist=True,
    )
    made_at = models.DateTimeField(db_default=Now())


class KeptQuerySet(models.QuerySet):
    """Takes its rows from a cache of pickles, as cacheops does."""

    def _fetch_all(self) -> None:
        if self._result_cache is not None:
            return
        sql = str(self.query)
        if sql in kept:
            self._result_cache = pickle.loads(kept[sql])
            return
        super()._fetch_all()
        kept[sql] = pickle.dumps(self._result_cache)


class CountingQuerySet(models.QuerySet):
    """Hands its rows out through a generator of its own, and refuses to be asked for its truth."""

    def __iter__(self) -> Iterator[models.Model]:
        yield from super().__iter__()

    def __bool__(self) -> bool:
        raise RuntimeError("asked for its truth")


class Kept(models.Model):
    author = models.ForeignKey("testapp.Author", models.CASCADE, related_name="kept")

    marks = GenericRelation("testapp.Mark")

    objects = KeptQuerySet.as_manager()
    counted = models.Manager.from_queryset(CountingQuerySet)()


class Seat(models.Model):
    """Refers to a composite key by its two columns."""

    pk = models.CompositePrimaryKey("room", "number")
    room = models.IntegerField()
    number = models.IntegerField()
    shelf = models.ForeignObject(
        "testapp.Shelf",
        models.CASCADE,
        from_fields=["room", "number"],
        to_fields=["room", "number"],
        related_name="seats",
    )


class Mark(models.Model):
    """Keeps the key of what it marks as text, so that it may mark anything."""

    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.CharField(max_length=50)
    content_object = GenericForeignKey()


class Leaflet(models.Model):
    title = models.CharField(max_length=50)

    tags = TaggableManager()
