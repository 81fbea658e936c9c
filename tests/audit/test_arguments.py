from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from django.db import connection, models
from django.test.utils import CaptureQueriesContext
from django.urls import resolve
from django.utils import timezone

from queryscope.audit.arguments import TRIES, ArgumentFiller, CannotFill
from queryscope.audit.routes import Route, walk
from queryscope.audit.rows import RowRanking
from sample_project.projects.models import Task
from tests.testapp.models import Author, Book, Genre, Review


def route(name: str) -> Route:
    return next(route for route in walk("tests.audit.urls") if route.name == name)


def first_url(name: str, user: Any = None) -> str:
    return next(ArgumentFiller(user).candidates(route(name))).url


def test_no_arguments() -> None:
    assert first_url("/") == "/"


@pytest.mark.parametrize(
    ("name", "row"),
    [
        ("/books/{pk}/", "/books/{books[2].pk}/"),
        ("/api/books/{pk}/", "/api/books/{books[2].pk}/"),
        ("/api/books/{pk}/reviews/", "/api/books/{books[2].pk}/reviews/"),
        ("/books/{0}/old/", "/books/{books[2].pk}/old/"),
        ("/books/{book_pk}/reviews/", "/books/{books[2].pk}/reviews/"),
        ("/authors/{author}/books/", "/authors/{authors[1].pk}/books/"),
        ("/publisher/{ident}/", "/publisher/{publisher.pk}/"),
        ("/countries/{id}/", "/countries/{country.pk}/"),
        ("/reviews/{number}/", "/reviews/{review.pk}/"),
        ("/page/{page}/", "/page/1/"),
        ("/state/{state}/", "/state/open/"),
        ("/token/{pk}/", "/token/{books[2].pk}/"),
        ("/pages/{0}", "/pages/"),
        ("/docs/{path}", "/docs/"),
        ("/guide/{path}_edit/", "/guide/_edit/"),
        ("/beside/{pk}/", "/beside/{books[2].pk}/"),
        ("/of-author/{some_key}/", "/of-author/{books[2].pk}/"),
        ("/of-tenant/{some_key}/", "/of-tenant/{books[2].pk}/"),
        ("/held/{some_key}/", "/held/{books[2].pk}/"),
        ("/elsewhere/authors/{author}/", "/elsewhere/authors/{authors[0].pk}/"),
        ("/authors/{author}/mail/{email}/", "/authors/{authors[0].pk}/mail/ann@example.com/"),
        ("/open-ended/{book}/more", "/open-ended/{books[2].pk}/more"),
        ("/open-ended/", "/open-ended/"),
    ],
)
def test_row_with_most_children(library: dict[str, Any], name: str, row: str) -> None:
    assert first_url(name) == row.format(**library)


def test_by_another_field(library: dict[str, Any]) -> None:
    # Ann wrote one book and all reviews: two kinds of children weigh more than one.
    assert first_url("/authors/{address}/") == "/authors/ann@example.com/"


def test_custom_converter(library: dict[str, Any]) -> None:
    assert first_url("/books/{pk}/hex/") == f"/books/{hex(library['books'][2].pk)}/hex/"


def test_nested_arguments_belong_together(library: dict[str, Any]) -> None:
    for candidate in ArgumentFiller(None).candidates(route("/books/{book_id}/reviews/{pk}/")):
        values = resolve(candidate.url, "tests.audit.urls").kwargs
        assert Review.objects.get(pk=values["pk"]).book_id == values["book_id"]


def test_conditions_of_the_view_are_met(library: dict[str, Any]) -> None:
    wanted = Book.objects.create(title="long", author=library["authors"][2], pages=900)
    assert first_url("/long/{key}/") == f"/long/{wanted.pk}/"


def test_date_parts(task: Any) -> None:
    assert first_url("/day/{year}/{month}/{day}/{pk}/") == f"/day/2024/3/9/{task.pk}/"


@pytest.mark.usefixtures("today")
@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("/archive/{year}/", "/archive/2024/"),
        ("/quarter/{year}/{quarter}/", "/quarter/2024/3/"),
        ("/week/{year}/{month}/{day}/{week}/", "/week/2024/08/05/32/"),
        ("/tasks/{year}/{quarter}/", "/tasks/2024/3/"),
    ],
)
def test_today_where_no_row_has_a_date(db: None, name: str, url: str) -> None:
    assert first_url(name) == url


@pytest.fixture
def today(monkeypatch: Any) -> None:
    monkeypatch.setattr(timezone, "now", lambda: datetime(2024, 8, 5, 12, tzinfo=UTC))


def test_the_newest_date(task: Any) -> None:
    for day in ("2025-08-01", "2023-05-01"):
        Task.objects.create(project=task.project, title="T", due_date=day)
    assert first_url("/tasks/{year}/{quarter}/") == "/tasks/2025/3/"


def test_a_user_name_is_a_username(boss: Any) -> None:
    assert first_url("/users/{user_name}/") == "/users/boss/"


def test_other_columns_are_tried_where_the_name_does_not_say_which(library: Any) -> None:
    found = [c.url for c in ArgumentFiller(None).candidates(route("/elsewhere/authors/{author}/"))]
    ann, bob = library["authors"][:2]
    start = [f"/elsewhere/authors/{text}/" for text in (ann.pk, ann.email, bob.pk)]
    assert found[:3] == start
    assert len(found) <= TRIES


def test_a_list_below_nothing_is_that_of_a_parent(library: dict[str, Any]) -> None:
    Review.objects.all().delete()
    assert first_url("/books/{book_pk}/reviews/") == f"/books/{library['books'][4].pk}/reviews/"


class Refuses(models.Manager):
    def all(self) -> Any:
        raise RuntimeError("whose rows?")


class RefusesLater(models.Manager):
    class Disabled(models.QuerySet):
        def __iter__(self) -> Any:
            raise RuntimeError("whose rows?")

    def get_queryset(self) -> Any:
        return self.Disabled(self.model)


@pytest.mark.parametrize("refusing", [Refuses, RefusesLater])
def test_a_manager_that_refuses(library: Any, monkeypatch: Any, refusing: Any) -> None:
    refusing = refusing()
    refusing.model = Book
    monkeypatch.setitem(Book._meta.__dict__, "default_manager", refusing)
    assert first_url("/books/{pk}/") == f"/books/{library['books'][2].pk}/"
    monkeypatch.setitem(Book._meta.__dict__, "base_manager", refusing)
    with pytest.raises(CannotFill) as caught:
        first_url("/books/{pk}/")
    reason = "cannot read Book rows for {pk}: RuntimeError: whose rows?"
    assert str(caught.value) == reason


def test_several_rows_to_try(library: dict[str, Any]) -> None:
    urls = [c.url for c in ArgumentFiller(None).candidates(route("/books/{pk}/"))]
    assert len(urls) == len(set(urls)) == 3
    assert urls[0] == f"/books/{library['books'][2].pk}/"


def test_rows_without_children_are_used_when_there_are_no_others(db: None) -> None:
    author = Author.objects.create(name="x", email="x@example.com")
    book = Book.objects.create(title="alone", author=author)
    assert first_url("/books/{pk}/") == f"/books/{book.pk}/"


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("/books/{pk}/", "no Book rows to fill {pk} from"),
        ("/books/{book_id}/reviews/{pk}/", "no Review rows to fill {book_id} and {pk} from"),
        ("/books/{book_pk}/reviews/", "no Book rows to fill {book_pk} from"),
        ("/nameless/{0}/", "{0} has no name to find a model by; pass a URL to audit"),
        ("/files/{path}/{line}/", "no model or field is named like {path}; pass a URL to audit"),
        ("/unknown/{colour}/", "no model or field is named like {colour}; pass a URL to audit"),
    ],
)
def test_reason(db: None, name: str, reason: str) -> None:
    with pytest.raises(CannotFill) as caught:
        first_url(name)
    assert str(caught.value) == reason


def test_ranking_counts_many_to_many_rows(library: dict[str, Any]) -> None:
    genres = [Genre.objects.create(name=name) for name in ("a", "b")]
    library["books"][0].genres.add(genres[1])
    assert RowRanking().best(Genre) == [genres[1].pk]


def test_ranking_is_read_once(library: dict[str, Any]) -> None:
    ranking = RowRanking()
    ranking.best(Book)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        ranking.best(Book)
    assert len(queries) == 0
