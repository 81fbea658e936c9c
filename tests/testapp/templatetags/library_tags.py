from __future__ import annotations

from django import template

register = template.Library()


@register.simple_tag
def author_of(book):
    return book.author.name  # <- here: simple


@register.filter
def publisher_name(book):
    return book.publisher.name  # <- here: filter


@register.inclusion_tag("testapp/card.html")
def card(book):
    return {"book": book}
