"""Views and classes written where one does not look for them first."""

from __future__ import annotations

from collections.abc import Callable

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.views.generic import ListView, View
from rest_framework.decorators import api_view
from rest_framework.response import Response

from .models import Book

if Book._meta.managed:

    class Conditional(ListView):  # <- here: conditional
        queryset = Book.objects.all()  # <- here: conditional_queryset

else:

    class Unmanaged(ListView):  # <- here: unmanaged
        model = Book


try:
    import there_is_no_such_module
except ImportError:
    there_is_no_such_module = None

    class Fallback(View):  # <- here: fallback
        def get(self, request: HttpRequest) -> HttpResponse:  # <- here: fallback_get
            return HttpResponse()


class Annotated(ListView):
    queryset: QuerySet[Book] = Book.objects.all()  # <- here: annotated


@api_view(["GET"])
def decorated(request: HttpRequest) -> Response:  # <- here: decorated
    return Response()


def made() -> Callable[..., HttpResponse]:
    class Local(View):  # <- here: local
        def get(self, request: HttpRequest) -> HttpResponse:
            return HttpResponse()

    return Local.as_view()
