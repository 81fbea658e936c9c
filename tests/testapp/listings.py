"""Views whose rows are listed in one place and read in another."""

from __future__ import annotations

from django.contrib.syndication.views import Feed
from django.shortcuts import render
from django.views.generic import DetailView, ListView

from .models import Author, Book, Edition, Post, Publisher


class Boxed(ListView):
    model = Book
    template_name = "testapp/boxed.html"
    context_object_name = "rows"

    def get_queryset(self):
        return Book.objects.order_by("pk")  # <- origin: boxed


class Popular(ListView):
    model = Book
    template_name = "testapp/popular.html"

    def get_context_data(self, **kwargs):
        popular = Book.objects.filter(pages__gt=0)  # <- origin: popular
        return super().get_context_data(popular=popular, **kwargs)


class Kids(DetailView):
    model = Author
    template_name = "testapp/kids.html"


class Latest(ListView):
    model = Book
    template_name = "testapp/with_latest.html"


class OfPublisher(ListView):
    template_name = "testapp/direct.html"
    context_object_name = "rows"

    def get_queryset(self):
        self.publisher = Publisher.objects.get(pk=self.kwargs["pk"])
        return self.publisher.book_set.all()  # <- origin: of_publisher


class Thick(DetailView):
    model = Publisher
    template_name = "testapp/thick.html"


class Available(ListView):
    queryset = Edition.available.all()  # <- origin: available
    template_name = "testapp/editions.html"


class BookFeed(Feed):
    title = "Books"
    link = "/books/"

    def items(self):
        return Book.objects.order_by("pk")  # <- origin: feed

    def item_title(self, book):
        return book.author.name

    def item_link(self, book):
        return f"/book/{book.pk}/"


def posts(request):
    return render(request, "testapp/posts.html", {"posts": Post.objects.all()})  # <- origin: posts
