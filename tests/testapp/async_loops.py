"""Ways of asking once for each row in async code; marked as in ``loops``."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from asgiref.sync import sync_to_async

from .models import Author, Book


async def forward_fk() -> AsyncIterator[object]:
    async for book in Book.objects.all():  # <- origin: forward_fk
        yield await sync_to_async(lambda row: row.author.name)(book)  # <- here: forward_fk


async def threaded() -> AsyncIterator[object]:
    def names() -> list[str]:
        read = []
        for book in Book.objects.all():  # <- origin: threaded
            read += [book.author.name]  # <- here: threaded
        return read

    for name in await sync_to_async(names)():
        yield name


async def reverse_fk() -> AsyncIterator[object]:
    async for book in Book.objects.all():  # <- origin: reverse_fk
        async for review in book.reviews.all():  # <- here: reverse_fk
            yield review.text


async def m2m() -> AsyncIterator[object]:
    async for book in Book.objects.all():  # <- origin: m2m
        yield [genre.name async for genre in book.genres.all()]  # <- here: m2m


async def count() -> AsyncIterator[object]:
    async for book in Book.objects.all():  # <- origin: count
        yield await book.reviews.acount()  # <- here: count


async def exists() -> AsyncIterator[object]:
    async for book in Book.objects.all():  # <- origin: exists
        yield await book.genres.aexists()  # <- here: exists


async def first() -> AsyncIterator[object]:
    async for book in Book.objects.all():  # <- origin: first
        yield await book.reviews.order_by("text").afirst()  # <- here: first


async def streamed() -> AsyncIterator[object]:
    async for book in Book.objects.aiterator(chunk_size=2):  # <- origin: streamed
        yield await book.reviews.acount()  # <- here: streamed


async def helper(book: Book) -> object:
    return await book.reviews.acount()  # <- here: in_a_helper


async def in_a_helper() -> AsyncIterator[object]:
    async for book in Book.objects.all():  # <- origin: in_a_helper
        yield await helper(book)


async def gathered() -> AsyncIterator[object]:
    rows = [book async for book in Book.objects.all()]  # <- origin: gathered
    for number in await asyncio.gather(*(book.reviews.acount() for book in rows)):
        yield number


async def get_by_pk() -> AsyncIterator[object]:
    async for pk in Book.objects.values_list("pk", flat=True):
        yield (await Book.objects.aget(pk=pk)).title  # <- here: get_by_pk


async def get_by_unique() -> AsyncIterator[object]:
    for number in range(5):
        author = await Author.objects.aget(email=f"{number}@example.org")  # <- here: get_by_unique
        yield author.name


async def joined() -> AsyncIterator[object]:
    async for book in Book.objects.select_related("author"):
        yield book.author.name


async def prefetched() -> AsyncIterator[object]:
    async for book in Book.objects.prefetch_related("reviews"):
        yield [review.text async for review in book.reviews.all()]
