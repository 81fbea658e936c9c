from __future__ import annotations

import datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model

from sample_project.projects.models import Project, Task
from tests.testapp.models import Author, Book, Country, Publisher, Review


@pytest.fixture
def urlconf(settings: Any) -> None:
    settings.ROOT_URLCONF = "tests.audit.urls"


@pytest.fixture
def boss(db: None) -> Any:
    return get_user_model().objects.create_superuser("boss", "boss@example.com", "pw")


@pytest.fixture
def library(db: None) -> dict[str, Any]:
    """Three authors; the second has most books, its second book most reviews."""
    country = Country.objects.create(name="Chile")
    publisher = Publisher.objects.create(name="Press", country=country)
    authors = [
        Author.objects.create(name=n, email=f"{n}@example.com") for n in ("ann", "bob", "cy")
    ]
    books = [
        Book.objects.create(title=f"{author.name} {n}", author=author, publisher=publisher, pages=n)
        for author, count in zip(authors, (1, 3, 1), strict=True)
        for n in range(count)
    ]
    for book, count in ((books[0], 1), (books[2], 3), (books[4], 2)):
        for _ in range(count):
            Review.objects.create(book=book, reviewer=authors[0])
    review = Review.objects.order_by("-pk")[0]
    return {
        "review": review,
        "authors": authors,
        "books": books,
        "publisher": publisher,
        "country": country,
    }


@pytest.fixture
def task(boss: Any) -> Task:
    project = Project.objects.create(name="P", owner=boss)
    return Task.objects.create(project=project, title="T", due_date=datetime.date(2024, 3, 9))
