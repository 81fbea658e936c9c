"""Querysets that are built here and evaluated elsewhere: helpers, managers, constants."""

from __future__ import annotations

from django.db import models

from .models import Author, Book

THICK = Book.objects.filter(pages__gt=0).order_by("pk")  # <- built: constant


class Shelved(models.Manager):
    """A manager whose own lines serve all who use it."""

    def get_queryset(self):
        return super().get_queryset().filter(pages__gt=0)

    def titled(self):
        return self.filter(title__gt="").order_by("pk")

    def authors(self):
        return [book.author.name for book in self.titled()]  # <- built: inside


class Printed(models.QuerySet):
    def thick(self):
        return self.filter(pages__gt=0)

    def in_order(self):
        return self.order_by("pk")

    def with_publishers(self):
        return self.select_related("publisher")


class Volume(Book):
    shelved = Shelved()
    printed = Printed.as_manager()

    class Meta:
        proxy = True
        app_label = "testapp"

    @classmethod
    def recent(cls):
        return cls.shelved.order_by("-pk")  # <- built: classmethod


class Odd(models.QuerySet):
    """Takes arguments of its own and clones in its own way."""

    def __init__(self, *args, shelf="any", **kwargs):
        super().__init__(*args, **kwargs)
        self.shelf = shelf

    def _clone(self):
        clone = type(self)(self.model, self.query.chain(), self._db, self._hints, shelf=self.shelf)
        clone._prefetch_related_lookups = self._prefetch_related_lookups
        return clone

    def __eq__(self, other):
        raise RuntimeError("compared")

    __hash__ = None


class OddBook(Book):
    objects = Odd.as_manager()

    class Meta:
        proxy = True
        app_label = "testapp"


def books():
    return Book.objects.order_by("pk")  # <- built: helper


def long_books():
    return Book.objects.filter(pages__gt=0).order_by("pk")  # <- built: lines


def thin_books():
    return books().filter(pages__lt=1_000)


def books_of(publisher):
    return publisher.book_set.order_by("pk")  # <- built: related


def rows_of(model):
    return model.objects.order_by("pk")


def named(model=Author):
    """Evaluates what it builds for any model."""
    return [row.author.name for row in model.objects.all()]


def joined():
    return Book.objects.select_related("publisher").order_by("pk")  # <- built: joined
