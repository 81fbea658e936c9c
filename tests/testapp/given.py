"""Pages whose rows reach the line that evaluates them by a detour. A URLconf of its own."""

from __future__ import annotations

from django import forms
from django.contrib import admin
from django.forms import modelformset_factory
from django.http import HttpResponse
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import path
from django.views.generic import ListView, TemplateView
from rest_framework import generics

from . import serializers
from .models import Book, Country, Review


def made():
    return Book.objects.all()


def beside(request):
    mine = Book.objects.filter(pages=0)
    return render(request, "testapp/filtered.html", {"mine": mine})


def tagged(request):
    return render(request, "testapp/tagged.html", {"books": Book.objects.none()})


def elsewhere(request):
    others = Book.objects.filter(pages=0)
    context = {"others": others, "books": made()}
    return render(request, "testapp/books.html", context)  # <- origin: elsewhere


def consumed(request):
    titles = [book.title for book in Book.objects.all()]
    books = Book.objects.order_by("pk")  # <- origin: consumed
    context = {"titles": titles, "books": books}
    return render(request, "testapp/books.html", context)


def bare(request):
    return render(request, "testapp/books.html")


def processor(request):
    return {"books": Book.objects.all()}  # <- origin: processor


def decorated(view):
    def wrapper(request, *args, **kwargs):
        return view(request, *args, **kwargs)

    return wrapper


class Wrapped(ListView):  # <- here: wrapped
    queryset = Book.objects.all()  # <- origin: wrapped
    template_name = "testapp/books.html"
    context_object_name = "books"


class Plain(TemplateView):  # <- here: plain
    template_name = "testapp/books.html"

    def get_context_data(self, **kwargs):
        return {"books": Book.objects.all()}  # <- origin: plain


@decorated
def inner(request):  # <- here: inner
    books = Book.objects.all()  # <- origin: inner
    return TemplateResponse(request, "testapp/books.html", {"books": books})


def helper(request):
    return Wrapped.as_view()(request)


class LazyPage:
    def __init__(self, rows):
        self.rows = rows

    def __iter__(self):
        self.rows = list(self.rows)
        return iter(self.rows)


class Paged(ListView):
    template_name = "testapp/books.html"
    context_object_name = "books"
    paginate_by = 10

    def get_queryset(self):
        return Book.objects.order_by("pk")  # <- origin: paged

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        context["books"] = LazyPage(context["books"])
        return context


class Table:
    def __init__(self, data):
        self.rows = data


class Tables(ListView):
    queryset = Book.objects.all()  # <- origin: tables
    template_name = "testapp/table.html"

    def get_context_data(self, **kwargs):
        return {**super().get_context_data(**kwargs), "table": Table(self.object_list)}


class Listed(generics.ListAPIView):
    queryset = Book.objects.all()  # <- origin: listed
    serializer_class = serializers.DeepSerializer
    pagination_class = None

    def list(self, request, *args, **kwargs):
        return super().list(request, *args, **kwargs)


Books = modelformset_factory(Book, fields=["author"], extra=0)


def formset(request):
    return HttpResponse(str(Books(queryset=Book.objects.all())))


def formset_of_one_list(request):
    forms = Books(queryset=Book.objects.all())
    choices = list(forms.forms[0].fields["author"].choices)
    for form in forms:
        form.fields["author"].choices = choices
    return HttpResponse(str(forms))


class ChoicesForm(forms.Form):
    def __init__(self, books, shared):
        super().__init__()
        for book in books:
            field = self.fields[f"{book.pk}"] = forms.ModelChoiceField(book.reviews)
            if shared:
                field.choices = [(row.pk, row.text) for row in book.reviews.all()]


def choices(request):
    return HttpResponse(str(ChoicesForm(Book.objects.all(), shared=False)))


def choices_prefetched(request):
    return HttpResponse(str(ChoicesForm(Book.objects.prefetch_related("reviews"), shared=True)))


def nested(request):
    names = []
    for _ in range(4):
        for book in Book.objects.filter(title="Book 0"):
            names.append(book.author.name)
    return HttpResponse(str(names))


class ReviewInline(admin.TabularInline):
    model = Review  # <- origin: inline


class BookAdmin(admin.ModelAdmin):
    fields = ["title"]
    inlines = [ReviewInline]


site = admin.AdminSite("given")
site.register(Book, BookAdmin)
site.register(Country)

urlpatterns = [
    path("beside/", beside),
    path("tagged/", tagged),
    path("elsewhere/", elsewhere),
    path("consumed/", consumed),
    path("bare/", bare),
    path("static/", TemplateView.as_view(template_name="testapp/filtered.html")),
    path("wrapped/", decorated(Wrapped.as_view())),
    path("plain/", decorated(Plain.as_view())),
    path("inner/", inner),
    path("helper/", helper),
    path("paged/", Paged.as_view()),
    path("tables/", Tables.as_view()),
    path("listed/", Listed.as_view()),
    path("formset/", formset),
    path("formset_of_one_list/", formset_of_one_list),
    path("choices/", choices),
    path("choices_prefetched/", choices_prefetched),
    path("nested/", nested),
    path("admin/", site.urls),
]
