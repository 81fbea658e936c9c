"""Pages that other people's libraries answer: django-ninja, graphene, taggit, sitemaps, DRF."""

from __future__ import annotations

import graphene
from django.contrib.sitemaps import Sitemap
from django.contrib.sitemaps.views import sitemap
from django.urls import path
from django.views.decorators.csrf import csrf_exempt
from graphene_django import DjangoObjectType
from graphene_django.views import GraphQLView
from ninja import Field, NinjaAPI, Schema
from rest_framework import generics, serializers

from .models import Author, Book, Review

api = NinjaAPI()


class BookOut(Schema):
    title: str
    author: str = Field(alias="author.name")


@api.get("/books", response=list[BookOut])
def books(request):  # <- here: ninja
    return Book.objects.all()  # <- origin: ninja


@api.get("/asked", response=list[str])
def asked(request):
    return [book.author.name for book in Book.objects.all()]  # <- here: asked


class AuthorType(DjangoObjectType):
    class Meta:
        model = Author
        fields = ["name"]


class BookType(DjangoObjectType):
    class Meta:
        model = Book
        fields = ["title", "author"]  # <- here: graphene


class Query(graphene.ObjectType):
    all_books = graphene.List(BookType)

    def resolve_all_books(self, info):
        return Book.objects.all()  # <- origin: graphene


class BookSitemap(Sitemap):
    def items(self):
        return Book.objects.order_by("pk")  # <- origin: sitemap

    def location(self, book):
        return f"/{book.author.name}/"  # <- here: sitemap


class DeepSerializer(serializers.ModelSerializer):
    class Meta:
        model = Review
        fields = ["text", "book"]  # <- here: depth
        depth = 2


class DeepList(generics.ListAPIView):
    queryset = Review.objects.select_related("book").order_by("pk")  # <- origin: depth
    serializer_class = DeepSerializer


urlpatterns = [
    path("ninja/", api.urls),
    path("graphql/", csrf_exempt(GraphQLView.as_view(schema=graphene.Schema(query=Query)))),
    path("sitemap.xml", sitemap, {"sitemaps": {"books": BookSitemap}}, name="sitemap"),
    path("deep/", DeepList.as_view()),
]
