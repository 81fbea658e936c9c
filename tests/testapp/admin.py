"""An admin site of its own, so that the default one stays as the sample project has it."""

from __future__ import annotations

from django.contrib import admin

from .models import Author, Book, Genre, Member, Review

site = admin.AdminSite("library")


@admin.display(description="publisher")
def publisher_of(book):
    return book.publisher.name  # <- here: callable


class BookAdmin(admin.ModelAdmin):
    list_display = ["title", publisher_of, "review_count", "translator"]
    list_select_related = ["author"]

    def review_count(self, book):
        return book.reviews.count()  # <- here: method

    @admin.display(description="translator")
    def translator(self, book):
        return [genre.name for genre in book.genres.all()]  # <- here: display


class AuthorAdmin(admin.ModelAdmin):
    list_display = [
        "name",
        "profile",  # <- here: attribute
        "country_name",
        "mentor_name",
    ]


class ReviewAdmin(admin.ModelAdmin):
    list_display = ["__str__"]


class GenreAdmin(admin.ModelAdmin):
    list_display = ["name"]


site.register(Book, BookAdmin)
site.register(Author, AuthorAdmin)
site.register(Review, ReviewAdmin)
site.register(Genre, GenreAdmin)
site.register(Member)
