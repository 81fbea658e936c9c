"""A small library: one relation of every kind, so that each access pattern can be shown."""

from __future__ import annotations

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models


class Country(models.Model):
    name = models.CharField(max_length=50)


class Publisher(models.Model):
    name = models.CharField(max_length=50)
    country = models.ForeignKey(Country, models.CASCADE, null=True, related_name="publishers")


class Author(models.Model):
    name = models.CharField(max_length=50)
    email = models.CharField(max_length=80, unique=True)
    country = models.ForeignKey(Country, models.CASCADE, null=True, related_name="authors")

    @property
    def country_name(self) -> str:
        return self.country.name


class Profile(models.Model):
    author = models.OneToOneField(Author, models.CASCADE, related_name="profile")
    bio = models.TextField(default="")


class Genre(models.Model):
    name = models.CharField(max_length=50)


class Book(models.Model):
    title = models.CharField(max_length=100)
    summary = models.TextField(default="")
    pages = models.IntegerField(default=100)
    author = models.ForeignKey(Author, models.CASCADE, related_name="books")
    editor = models.ForeignKey(Author, models.SET_NULL, null=True, related_name="edited")
    publisher = models.ForeignKey(Publisher, models.CASCADE, null=True)
    genres = models.ManyToManyField(Genre, related_name="books")
    notes = GenericRelation("Note")

    def __str__(self) -> str:
        return self.title


class Review(models.Model):
    book = models.ForeignKey(Book, models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(Author, models.CASCADE)
    text = models.TextField(default="")


class Note(models.Model):
    text = models.CharField(max_length=100)
    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.PositiveIntegerField()
    content_object = GenericForeignKey()


class Novel(Book):
    """A child by multi-table inheritance."""

    period = models.CharField(max_length=50, default="")
