"""Views as projects have them, one for each thing an audit must cope with."""

from __future__ import annotations

import logging
from contextvars import ContextVar

from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.core.mail import send_mail
from django.db import IntegrityError, connection, transaction
from django.http import (
    Http404,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponsePermanentRedirect,
    StreamingHttpResponse,
)
from django.shortcuts import get_object_or_404
from django.urls import get_urlconf, set_urlconf
from django.utils import timezone, translation
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from django.views.generic import CreateView, DateDetailView, DetailView, ListView, View
from rest_framework import generics, serializers, viewsets
from rest_framework.authentication import TokenAuthentication
from rest_framework.decorators import action, api_view
from rest_framework.permissions import IsAuthenticated
from rest_framework.response import Response

from sample_project.projects.models import Task
from tests.testapp.models import Author, Book, Country, Publisher, Review

#: What views did that an audit must not let happen, or must.
done: list[str] = []
#: Key of a book that a view does not show, for reasons that its source does not tell.
hidden: int | None = None


def ok(*objects: object) -> HttpResponse:
    return HttpResponse(" ".join(map(str, objects)))


def index(request):
    return ok(*Author.objects.all())


def authors_of_books(request):
    return ok(*[book.author.name for book in Book.objects.all()])


def one_book(request):
    return ok(*[book.author.name for book in Book.objects.filter(title__startswith="0")])


def countries_elsewhere(request):
    return ok(Author.objects.count(), *Country.objects.using("other"))


def interrupts(request):
    raise KeyboardInterrupt


def any_arguments(request, *args, **kwargs):
    return ok(args, kwargs, Author.objects.count())


@require_POST
def post_only(request):
    return ok()


@never_cache
@require_safe
def safe(request):
    return ok()


class Head(View):
    def head(self, request):
        return ok()


class NoMethods(View):
    pass


class CreateBook(CreateView):
    http_method_names = ["post"]
    model = Book
    fields = ["title"]


class BookDetail(DetailView):
    model = Book
    template_name = "book.html"

    def render_to_response(self, context):
        return ok(self.object.pk)


class AuthorByEmail(BookDetail):
    model = Author
    slug_field = "email"
    slug_url_kwarg = "address"


class BookList(ListView):
    def get_queryset(self):
        return Book.objects.filter(author_id=self.kwargs["author"])

    def render_to_response(self, context):
        return ok(*self.object_list)


class TaskOfDay(DateDetailView):
    model = Task
    date_field = "due_date"
    month_format = "%m"
    allow_future = True

    def render_to_response(self, context):
        return ok(self.object.pk)


def book_review(request, book_id, pk):
    book = get_object_or_404(Book, pk=book_id)
    return ok(get_object_or_404(book.reviews, pk=pk).pk)


def long_books(user):
    return Book.objects.filter(pages=900)


def through_helper(request, key):
    return ok(get_object_or_404(long_books(request.user), pk=key))


def visible(request, pk):
    book = get_object_or_404(Book, pk=pk)
    if book.pk == hidden:
        raise Http404
    return ok(book)


def renamed(request, ident):
    key = int(ident)
    return ok(Publisher.objects.get(pk=key))


def by_path(request, id):
    return ok(Country.objects.filter(pk=id).get())


class BookSerializer(serializers.ModelSerializer):
    class Meta:
        model = Book
        fields = ["id", "title"]


class BookViewSet(viewsets.ModelViewSet):
    serializer_class = BookSerializer
    queryset = Book.objects.order_by("pk")

    @action(detail=True)
    def reviews(self, request, pk=None):
        return Response([review.pk for review in self.get_object().reviews.all()])

    @action(detail=True, methods=["post"])
    def publish(self, request, pk=None):
        return Response()


class ReviewSerializer(serializers.ModelSerializer):
    class Meta:
        model = Review
        fields = ["id", "text"]


class ReviewList(generics.ListAPIView):
    serializer_class = ReviewSerializer

    def get_queryset(self):
        return Review.objects.filter(book=self.kwargs["book_pk"]).order_by("pk")


class TokenOnly(generics.RetrieveAPIView):
    authentication_classes = [TokenAuthentication]
    permission_classes = [IsAuthenticated]
    serializer_class = BookSerializer
    queryset = Book.objects.all()


@api_view(["POST"])
def api_post(request):
    return Response()


def broken(request):
    Author.objects.count()
    raise KeyError("nothing")


@login_required
def private(request):
    return ok(request.user.get_username())


def forbidden(request):
    raise PermissionDenied


def missing(request):
    raise Http404


def moved(request):
    return HttpResponsePermanentRedirect("/")


def writes(request):
    Country.objects.create(name="Written")
    with transaction.atomic(durable=True):
        Country.objects.create(name="Durable")
    transaction.on_commit(lambda: done.append("default"))
    Country.objects.using("other").create(name="Elsewhere")
    request.session["key"] = "value"
    send_mail("Hello", "", None, ["a@example.com"])
    return ok()


def breaks_transaction(request):
    try:
        Author.objects.create(name="A", email="same")
        Author.objects.create(name="B", email="same")
    except IntegrityError:
        pass
    return ok(Author.objects.count())


def closes_connection(request):
    Author.objects.count()
    connection.close()
    return ok()


def leaves_block_open(request):
    transaction.atomic().__enter__()
    return ok(Country.objects.create(name="Open"))


def exits(request):
    raise SystemExit(3)


def streamed(request):
    return StreamingHttpResponse(author.name for author in Author.objects.iterator())


async def streamed_async(request):
    async def body():
        async for author in Author.objects.all():
            yield author.name

    return StreamingHttpResponse(body())


def endless(request):
    def body():
        try:
            while True:
                yield b"x" * 65_536
        finally:
            done.append("closed")

    return StreamingHttpResponse(body())


async def endless_async(request):
    async def body():
        try:
            while True:
                yield b"x" * 65_536
        finally:
            done.append("closed")

    return StreamingHttpResponse(body())


async def asynchronous(request):
    return ok([author.name async for author in Author.objects.all()])


def prints(request):
    print("noise")  # noqa: T201
    return ok(Author.objects.count())


def profile_of_user(request):
    return ok(request.user.profile.pk)


class BesideItsQueryset(BookDetail):
    """As REST framework's documentation has it: the attribute is there for the model."""

    queryset = Book.objects.none()

    def get_queryset(self):
        return Book.objects.filter(pages__gte=0)


class OfSomeAuthor(BookDetail):
    model = None
    pk_url_kwarg = "some_key"

    def get_queryset(self):
        if self.queryset is None:
            author: Author = self.request.user.author
            self.queryset = author.books.all()
        return super().get_queryset()


class OfTheTenant(BookDetail):
    model = None
    pk_url_kwarg = "some_key"

    def get_queryset(self):
        return self.request.publisher.thick_books()


def without_wraps(view):
    return lambda request, **kwargs: view(request, **kwargs)


def elsewhere(request, **kwargs):
    """Looks its row up in a way that its source does not tell."""
    (text,) = kwargs.values()
    if not (Author.objects.filter(email=text) or Country.objects.filter(name=text)):
        raise Http404
    return ok(text)


def country_named(request, country):
    return ok(get_object_or_404(Country, name=country))


def only_post_says_itself(request):
    return HttpResponseNotAllowed(["POST", "OPTIONS"])


def refuses_without_a_word(request):
    return HttpResponse(status=405)


def refuses_though_allowed(request):
    return HttpResponseNotAllowed(["GET", "POST"])


class OwnDispatch(View):
    def dispatch(self, request, *args, **kwargs):
        return ok()


def ends_the_session(request):
    logout(request)
    request.session["why"] = "too old"
    return HttpResponse(status=302, headers={"Location": "/login/"})


def catches(request):
    try:
        {}["nothing"]
    except KeyError:
        logging.getLogger("catches").exception("caught")
    return HttpResponse(status=500)


def answers_500(request):
    return HttpResponse(status=500)


dirty: ContextVar[bool] = ContextVar("dirty", default=False)


def soils(request):
    """As a middleware may, and a hook that only a commit runs."""
    dirty.set(True)
    translation.activate("de")
    timezone.activate("Asia/Tokyo")
    set_urlconf("tests.audit.test_run")
    return ok()


async def soils_async(request):
    return soils(request)


#: What a request found that others had set.
seen: list[tuple[object, ...]] = []


def is_soiled(request):
    zone = timezone.get_current_timezone_name()
    seen.append((dirty.get(), zone, translation.get_language(), get_urlconf()))
    return ok()
