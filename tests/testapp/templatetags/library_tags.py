from __future__ import annotations

from django import template

from ..models import Book

register = template.Library()


@register.simple_tag
def author_of(book):
    return book.author.name  # <- here: simple


@register.filter
def publisher_name(book):
    return book.publisher.name  # <- here: filter


@register.filter
def books_from(pages):
    return Book.objects.filter(pages__gte=pages)  # <- origin: filter


@register.simple_tag
def newest():
    return Book.objects.order_by("-pk")  # <- origin: tag


@register.inclusion_tag("testapp/card.html")
def card(book):
    return {"book": book}


@register.inclusion_tag("testapp/latest.html")
def latest():
    return {"latest": Book.objects.order_by("-pk")}  # <- origin: latest


class Box(template.Node):
    def __init__(self, nodelist):
        self.nodelist = nodelist

    def render(self, context):
        return f"<div>{self.nodelist.render(context)}</div>"


@register.tag
def box(parser, token):
    nodelist = parser.parse(("endbox",))
    parser.delete_first_token()
    return Box(nodelist)
