from __future__ import annotations

import pytest
from django.conf import settings
from django.db import connection, models
from django.test.utils import isolate_apps

from queryscope import index_drops
from queryscope.core.advice import DroppableIndex
from queryscope.core.indexes import IndexDefinition, IndexKey
from queryscope.databases.catalogue_postgresql import read_schema as of_postgresql
from queryscope.databases.catalogue_sqlite import read_schema as of_sqlite

POSTGRESQL = settings.VENDOR == "postgresql"


def droppable(table: str, *columns: str, name: str = "some_idx", opclass: str = ""):
    keys = tuple(IndexKey(column, opclass=opclass) for column in columns)
    definition = IndexDefinition(table, keys)
    drop = definition.drop_sql(name, concurrently=POSTGRESQL)
    return DroppableIndex(name, table, "redundant", 1, "why", drop=drop, definition=definition)


def test_the_index_of_a_foreign_key(db: None) -> None:
    """As the catalogue has it, which Django made."""
    read_schema = of_postgresql if POSTGRESQL else of_sqlite
    table = read_schema(connection, ["testapp_loan"]).tables["testapp_loan"]
    [made] = (i for i in table.indexes if [k.name for k in i.definition.keys] == ["author_id"])
    index = DroppableIndex(made.name, made.table, "redundant", 1, "why", definition=made.definition)
    drop = index_drops.index_drop(index, connection)
    assert (drop.origin, drop.code, drop.field) == ("field", "db_index=False", "author")
    assert drop.text.startswith("Give Loan.author db_index=False (tests/testapp/models.py:")
    assert drop.text.endswith("), then run makemigrations")


def test_an_index_of_meta(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with isolate_apps("tests.testapp"):

        class Shelf(models.Model):  # noqa: DJ008
            room = models.IntegerField()

            class Meta:
                app_label = "testapp"
                db_table = "rooms"
                indexes = [models.Index(fields=["room"], name="room_idx")]

    monkeypatch.setattr(index_drops, "model_of", {"rooms": Shelf}.get)
    drop = index_drops.index_drop(droppable("rooms", "room", name="room_idx"), connection)
    operation = "RemoveIndexConcurrently" if POSTGRESQL else "migrations.RemoveIndex"
    assert drop.origin == "meta"
    assert drop.code == f'{operation}(model_name="shelf", name="room_idx")'
    assert ("atomic = False" in drop.text) is POSTGRESQL


@pytest.mark.parametrize(
    ("index", "origin", "text"),
    [
        (droppable("testapp_tag", "x"), "unknown", "No model makes some_idx: drop it with DROP"),
        (droppable("testapp_book", "pages"), "unknown", "No model makes some_idx: drop it with"),
        (droppable("testapp_book", "author_id", "pages"), "unknown", "No model makes some_idx"),
        (
            droppable("testapp_author", "email", opclass="varchar_pattern_ops"),
            "like",
            "Django makes it beside the index of Author.email and has no option against it",
        ),
        (droppable("testapp_book_genres", "book_id"), "unknown", "No model makes some_idx"),
    ],
)
def test_what_no_option_makes(db: None, index: DroppableIndex, origin: str, text: str) -> None:
    drop = index_drops.index_drop(index, connection)
    assert drop.origin == origin
    assert drop.text.startswith(text)
