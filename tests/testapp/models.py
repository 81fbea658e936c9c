"""A small library: one relation of every kind, so that each access pattern can be shown."""

from __future__ import annotations

from django.contrib.contenttypes.fields import GenericForeignKey, GenericRelation
from django.contrib.contenttypes.models import ContentType
from django.db import models

from .features import Folded, Kept, Label, Line, Mark, Seat  # noqa: F401  (Django finds models here)


class Country(models.Model):
    name = models.CharField(max_length=50)


class Publisher(models.Model):
    name = models.CharField(max_length=50)
    country = models.ForeignKey(Country, models.CASCADE, null=True, related_name="publishers")

    def thick_books(self) -> models.QuerySet:
        return self.book_set.filter(pages__gt=0)


class Author(models.Model):
    name = models.CharField(max_length=50)
    email = models.CharField(max_length=80, unique=True)
    country = models.ForeignKey(Country, models.CASCADE, null=True, related_name="authors")
    mentor = models.ForeignKey("self", models.SET_NULL, null=True, related_name="pupils")
    friends = models.ManyToManyField("self")
    follows = models.ManyToManyField("self", symmetrical=False, related_name="followers")
    notes = GenericRelation("Note")

    def __str__(self) -> str:
        return self.name

    @property
    def country_name(self) -> str:
        return self.country.name  # <- here: property

    def mentor_name(self) -> str:
        return self.mentor.name if self.mentor else "-"  # <- here: method

    @property
    def pupils_count(self) -> int:
        return self.pupils.count()

    def kids(self) -> models.QuerySet:
        return Author.objects.filter(mentor=self)


class Profile(models.Model):
    author = models.OneToOneField(Author, models.CASCADE, related_name="profile")
    bio = models.TextField(default="")


class Genre(models.Model):
    name = models.CharField(max_length=50)

    def __str__(self) -> str:
        return self.name


class Book(models.Model):
    title = models.CharField(max_length=100)
    summary = models.TextField(default="")
    pages = models.IntegerField(default=100)
    author = models.ForeignKey(Author, models.CASCADE, related_name="books")
    editor = models.ForeignKey(Author, models.SET_NULL, null=True, related_name="edited")
    publisher = models.ForeignKey(Publisher, models.CASCADE, null=True)
    genres = models.ManyToManyField(Genre, related_name="books")
    subgenres = models.ManyToManyField(Genre, related_name="minor_books")
    readers = models.ManyToManyField(Author, through="Loan", related_name="borrowed")
    notes = GenericRelation("Note")

    def __str__(self) -> str:
        return self.title


class Loan(models.Model):
    book = models.ForeignKey(Book, models.CASCADE, related_name="loans")
    author = models.ForeignKey(Author, models.CASCADE, related_name="loans")
    days = models.IntegerField(default=14)


class Review(models.Model):
    book = models.ForeignKey(Book, models.CASCADE, related_name="reviews")
    reviewer = models.ForeignKey(Author, models.CASCADE)
    text = models.TextField(default="")

    def __str__(self) -> str:
        return f"{self.book.title}: {self.text}"  # <- here: label


class Note(models.Model):
    text = models.CharField(max_length=100)
    content_type = models.ForeignKey(ContentType, models.CASCADE)
    object_id = models.PositiveIntegerField()
    content_object = GenericForeignKey()


class Novel(Book):
    """A child by multi-table inheritance."""

    period = models.CharField(max_length=50, default="")
    translator = models.ForeignKey(Author, models.SET_NULL, null=True, related_name="translated")


class Paperback(Book):
    """The same table under another name."""

    class Meta:
        proxy = True


class AvailableManager(models.Manager):
    def get_queryset(self) -> models.QuerySet:
        return super().get_queryset().filter(withdrawn=False)


class Edition(models.Model):
    book = models.ForeignKey(Book, models.CASCADE, related_name="editions")
    number = models.IntegerField(default=1)
    withdrawn = models.BooleanField(default=False)

    available = AvailableManager()
    everything = models.Manager()

    class Meta:
        base_manager_name = "everything"


class Shelf(models.Model):
    """Two columns are its primary key."""

    pk = models.CompositePrimaryKey("room", "number")
    room = models.IntegerField()
    number = models.IntegerField()
    keeper = models.ForeignKey(Author, models.CASCADE, related_name="shelves")


class Prickly(models.Model):
    """Objects that must not be compared, counted, hashed or asked for their truth."""

    author = models.ForeignKey(Author, models.CASCADE, related_name="prickly")

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("compared")

    def __bool__(self) -> bool:
        raise RuntimeError("asked for its truth")

    def __len__(self) -> int:
        raise RuntimeError("counted")

    def __hash__(self) -> int:
        raise RuntimeError("hashed")


class Member(models.Model):
    name = models.CharField(max_length=50)
    country = models.ForeignKey(Country, models.CASCADE)

    def __str__(self) -> str:
        return f"{self.name}, {self.country.name}"  # <- here: member


class Post(models.Model):
    author = models.ForeignKey(Member, models.CASCADE, related_name="posts")


class Comment(models.Model):
    post = models.ForeignKey(Post, models.CASCADE, related_name="comments")
    user = models.ForeignKey(Member, models.CASCADE, related_name="comments")


class Draft(models.Model):
    """Saving it does more than to write it."""

    title = models.CharField(max_length=50)
    changed = models.DateTimeField(auto_now=True)
    saved = 0

    def save(self, *args: object, **kwargs: object) -> None:
        self.saved += 1
        super().save(*args, **kwargs)  # <- here: override


class Score(models.Model):
    """Two columns together are unique."""

    author = models.ForeignKey(Author, models.CASCADE, related_name="scores")
    name = models.CharField(max_length=50)
    points = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["author", "name"], name="one_score")]
