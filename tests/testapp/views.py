"""Every place that can read a relation of a row, each over every kind."""

from __future__ import annotations

import threading
from contextvars import copy_context

from asgiref.sync import sync_to_async
from django import forms
from django.contrib.contenttypes.models import ContentType
from django.db import connections
from django.db.models.signals import pre_save
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.views.generic import DetailView, ListView, TemplateView, View
from rest_framework import generics, viewsets
from rest_framework.decorators import api_view
from rest_framework.pagination import PageNumberPagination
from rest_framework.response import Response

from . import serializers
from .models import Author, Book, Profile, Publisher, Review
from .reads import KINDS


def loop(request, kind):
    rows, read, *_ = KINDS[kind]
    values = []
    for row in rows():  # <- origin: loop
        values.append(read(row))
    return HttpResponse(str(values))


def comprehension(request, kind):
    rows, read, *_ = KINDS[kind]
    return HttpResponse(str([read(row) for row in rows()]))  # <- origin: comprehension


def generator(request, kind):
    rows, read, *_ = KINDS[kind]
    values = (read(row) for row in rows())  # <- origin: generator
    return HttpResponse(str(list(values)))


def streaming(request, kind):
    rows, read, *_ = KINDS[kind]

    def body():
        for row in rows():  # <- origin: streaming
            yield str(read(row))

    return StreamingHttpResponse(body())


def thread(request, kind):
    rows, read, *_ = KINDS[kind]
    values, shared = [], connections["default"]

    def work():
        connections["default"] = shared
        values.extend(read(row) for row in rows())  # <- origin: thread

    shared.inc_thread_sharing()
    worker = threading.Thread(target=copy_context().run, args=(work,))
    worker.start()
    worker.join()
    shared.dec_thread_sharing()
    return HttpResponse(str(values))


async def asynchronous(request, kind):
    rows, read, *_ = KINDS[kind]
    values = []
    async for row in rows():  # <- origin: asynchronous
        values.append(await sync_to_async(read)(row))
    return HttpResponse(str(values))


class Method(View):
    def get(self, request, kind):
        rows, read, *_ = KINDS[kind]
        return HttpResponse(str([*map(read, rows())]))  # <- origin: method


def rendered(request, kind):
    context = {"rows": KINDS[kind][0](), "kind": kind}
    return render(request, "testapp/rows.html", context)  # <- origin: rendered, here: rendered


def template_response(request, kind):  # <- here: template_response
    return TemplateResponse(request, "testapp/rows.html", {"rows": KINDS[kind][0](), "kind": kind})


class Rows(ListView):  # <- here: list_view
    template_name = "testapp/rows.html"
    context_object_name = "rows"
    paginate_by = 20

    def get_queryset(self):  # <- origin: list_view
        return KINDS[self.kwargs["kind"]][0]().order_by("pk")

    def get_context_data(self, **kwargs):
        return super().get_context_data(kind=self.kwargs["kind"], **kwargs)


class RowsPage(TemplateView):  # <- here: template_view
    template_name = "testapp/rows.html"

    def get_context_data(self, **kwargs):
        return {"rows": KINDS[kwargs["kind"]][0](), "kind": kwargs["kind"]}


class KindList(generics.ListAPIView):
    serializer_class = serializers.KindSerializer
    pagination_class = None

    def get_queryset(self):  # <- origin: list_api
        return KINDS[self.kwargs["kind"]][0]()


class Pages(PageNumberPagination):
    page_size = 20


class KindViewSet(viewsets.ReadOnlyModelViewSet):
    serializer_class = serializers.KindSerializer
    pagination_class = Pages

    def get_queryset(self):  # <- origin: viewset
        return KINDS[self.kwargs["kind"]][0]().order_by("pk")


@api_view()
def function_api(request, kind):
    rows = KINDS[kind][0]()
    context = {"view": request.parser_context["view"]}
    written = serializers.KindSerializer(rows, many=True, context=context)
    return Response(written.data)  # <- origin: function_api


# Places of one kind.


class Books(ListView):  # <- here: books
    model = Book  # <- origin: books
    template_name = "testapp/direct.html"
    context_object_name = "rows"


class BooksOfQueryset(ListView):
    queryset = Book.objects.all()  # <- origin: queryset
    template_name = "testapp/direct.html"
    context_object_name = "rows"


class PublisherDetail(DetailView):
    model = Publisher
    template_name = "testapp/direct.html"

    def get_context_data(self, **kwargs):
        return {"rows": self.object.book_set.all()}


def tags(request, tag):
    return render(request, "testapp/tags.html", {"rows": Book.objects.all(), "tag": tag})


class ReviewForm(forms.Form):
    review = forms.ModelChoiceField(Review.objects.all())  # <- origin: form


def form(request):
    return render(request, "testapp/form.html", {"form": ReviewForm()})


def context(request):
    return render(request, "testapp/context.html")


def author_names(request):
    return {"author_names": [book.author.name for book in Book.objects.all()]}  # <- here: processor


def on_profile(sender, instance, **kwargs):
    return instance.author.name  # <- here: signal


def signal(request):
    pre_save.connect(on_profile, sender=Profile)
    try:
        for profile in Profile.objects.all():  # <- origin: signal
            profile.save()
    finally:
        pre_save.disconnect(on_profile, sender=Profile)
    return HttpResponse()


def me(request):
    user = request.user
    asked = [user.has_perm("testapp.view_book"), user.has_perm("testapp.view_author")]
    seen = request.session.get("seen", 0)
    kinds = [ContentType.objects.get_for_model(model).pk for model in (Book, Author, Book)]
    return HttpResponse(f"{user.get_username()} {asked} {seen} {kinds} {user.groups.count()}")


def properties(request):
    return HttpResponse(str([author.country_name for author in Author.objects.all()]))


def methods(request):
    return HttpResponse(str([author.mentor_name() for author in Author.objects.all()]))


def labels(request):
    return HttpResponse(", ".join(map(str, Review.objects.all())))


class BookList(generics.ListAPIView):
    queryset = Book.objects.all()  # <- origin: api
    pagination_class = None

    def get_serializer_class(self):
        return getattr(serializers, self.kwargs["serializer"])


class AuthorList(generics.ListAPIView):
    queryset = Author.objects.all()
    serializer_class = serializers.PropertySerializer
    pagination_class = None


class BookDetail(generics.RetrieveAPIView):
    queryset = Book.objects.all()
    serializer_class = serializers.DeepSerializer
