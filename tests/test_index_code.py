"""What queryscope writes for Meta.indexes makes exactly the index that was advised."""

from __future__ import annotations

import datetime
from collections.abc import Iterator

import pytest
from django.conf import settings
from django.db import connection, models
from django.test.utils import isolate_apps, modify_settings

from queryscope.core.canonical import canonical_definition
from queryscope.core.indexes import IndexDefinition, IndexKey
from queryscope.index_code import index_code, rendered
from queryscope.index_objects import Inexpressible, index_object, model_of

#: An app of PostgreSQL's asks every alias for its types when it is installed.
pytestmark = pytest.mark.django_db(databases=["default", "other"])
POSTGRESQL = settings.VENDOR == "postgresql"
only_postgresql = pytest.mark.skipif(not POSTGRESQL, reason="needs PostgreSQL")
TABLE = "shop_order"
#: How Django asks SQLite for a boolean differs by its version.
BARE = POSTGRESQL or getattr(connection.features, "has_native_boolean_field", True)
PAID, UNPAID = ('"paid"', 'NOT "paid"') if BARE else ('"paid" = 1', '"paid" = 0')


@pytest.fixture
def order(db: None) -> Iterator[type[models.Model]]:
    """A model with a column of every kind, and its table."""
    with (
        isolate_apps("tests.testapp"),
        modify_settings(INSTALLED_APPS={"append": "django.contrib.postgres"}),
    ):

        class Order(models.Model):  # noqa: DJ008
            parent = models.ForeignKey(
                "self", models.CASCADE, null=True, db_index=False, db_constraint=False
            )
            email = models.CharField(max_length=254)
            nickname = models.CharField(max_length=50, null=True)  # noqa: DJ001
            body = models.TextField()
            amount = models.IntegerField(db_column="Amount Due")
            price = models.DecimalField(max_digits=8, decimal_places=2)
            paid = models.BooleanField()
            data = models.JSONField()
            placed = models.DateTimeField()
            deleted = models.DateTimeField(null=True)

            class Meta:
                app_label = "testapp"
                db_table = TABLE

        editor = connection.schema_editor(collect_sql=True)
        sql, params = editor.table_sql(Order)
        with connection.cursor() as cursor:
            cursor.execute(sql, params or None)
        yield Order


def catalogued() -> list[IndexDefinition]:
    """The indexes of the table that back no constraint."""
    if POSTGRESQL:
        from queryscope.databases.catalogue_postgresql import read_schema
    else:
        from queryscope.databases.catalogue_sqlite import read_schema
    indexes = read_schema(connection, [TABLE]).tables[TABLE].indexes
    return [index.definition for index in indexes if not index.constraint]


def index(*keys: str | IndexKey, **options: object) -> IndexDefinition:
    found = (key if isinstance(key, IndexKey) else IndexKey(key) for key in keys)
    return IndexDefinition(TABLE, tuple(found), **options)


def expression(sql: str, *columns: str, **options: object) -> IndexKey:
    return IndexKey(sql, expression=True, columns=columns, **options)


UPPER = expression('UPPER("email")', "email")


@pytest.mark.parametrize(
    ("definition", "code"),
    [
        (index("parent_id", "email"), 'models.Index(fields=["parent", "email"]'),
        (index("email", IndexKey("placed", True)), 'models.Index(fields=["email", "-placed"]'),
        (index("Amount Due"), 'models.Index(fields=["amount"]'),
        (index(UPPER), 'models.Index(Upper("email")'),
        (
            index("paid", expression('LOWER("email")', "email", descending=True)),
            'models.Index(models.F("paid"), Lower("email").desc()',
        ),
        (
            index(expression("COALESCE(\"nickname\", 'x')", "nickname")),
            'models.Index(Coalesce("nickname", models.Value("x"))',
        ),
        (
            index("email", condition='"deleted" IS NULL'),
            'models.Index(fields=["email"], condition=models.Q(deleted__isnull=True)',
        ),
        (index("email", condition='"deleted" IS NOT NULL'), "models.Q(deleted__isnull=False)"),
        (index("placed", condition="\"email\" = 'x''y\"z%'"), """models.Q(email='x\\'y"z%')"""),
        (index("placed", condition='"Amount Due" > 5'), "condition=models.Q(amount__gt=5)"),
        (index("placed", condition='"Amount Due" <= -5'), "condition=models.Q(amount__lte=-5)"),
        (index("placed", condition='"parent_id" = 7'), "condition=models.Q(parent=7)"),
        (index("placed", condition=PAID), "condition=models.Q(paid=True)"),
        (index("placed", condition=UNPAID), "condition=models.Q(paid=False)"),
        (index("placed", condition="\"email\" <> 'x'"), 'condition=~models.Q(email="x")'),
        (
            index("placed", condition="\"email\" IN ('a', 'b')"),
            'condition=models.Q(email__in=["a", "b"])',
        ),
        (
            index("placed", condition="NOT \"email\" IN ('a', 'b')"),
            'condition=~models.Q(email__in=["a", "b"])',
        ),
        (
            index("placed", condition=f'"deleted" IS NULL AND {PAID}'),
            "condition=models.Q(deleted__isnull=True, paid=True)",
        ),
        (
            index("placed", condition=f'"Amount Due" >= 5 AND ("Amount Due" < 2 OR {PAID})'),
            "condition=models.Q(amount__gte=5) & (models.Q(amount__lt=2) | models.Q(paid=True))",
        ),
        pytest.param(
            index("email", IndexKey("placed", nulls="LAST", descending=True)),
            'models.Index(models.F("email"), models.F("placed").desc(nulls_last=True)',
            marks=only_postgresql,
        ),
        pytest.param(
            index("email", include=("price", "parent_id")),
            'models.Index(fields=["email"], include=["price", "parent"]',
            marks=only_postgresql,
        ),
        pytest.param(
            index(IndexKey("email", opclass="varchar_pattern_ops")),
            'models.Index(fields=["email"], opclasses=["varchar_pattern_ops"]',
            marks=only_postgresql,
        ),
        pytest.param(
            index("paid", IndexKey("email", opclass="varchar_pattern_ops")),
            'models.Index(models.F("paid"), OpClass(models.F("email"), name="varchar_pattern_ops")',
            marks=only_postgresql,
        ),
        pytest.param(
            index(expression('UPPER("email")', "email", opclass="text_pattern_ops")),
            'models.Index(OpClass(Upper("email"), name="text_pattern_ops")',
            marks=only_postgresql,
        ),
        pytest.param(
            index(expression('UPPER("email"::text)', "email")),
            'models.Index(Upper("email")',
            marks=only_postgresql,
        ),
        pytest.param(
            index(IndexKey("body", collation="C", descending=True)),
            'models.Index(Collate(models.F("body"), "C").desc()',
            marks=only_postgresql,
        ),
        pytest.param(
            index("data", method="gin"), 'GinIndex(fields=["data"]', marks=only_postgresql
        ),
        pytest.param(
            index(IndexKey("data", opclass="jsonb_path_ops"), method="gin"),
            'GinIndex(fields=["data"], opclasses=["jsonb_path_ops"]',
            marks=only_postgresql,
        ),
        pytest.param(
            index("placed", method="brin"), 'BrinIndex(fields=["placed"]', marks=only_postgresql
        ),
        pytest.param(
            index("email", method="hash"), 'HashIndex(fields=["email"]', marks=only_postgresql
        ),
        pytest.param(
            index(expression("\"data\" ->> 'k'", "data"), condition=PAID),
            'models.Index(KT("data__k"), condition=models.Q(paid=True)',
            marks=only_postgresql,
        ),
        pytest.param(
            index(expression("\"data\" #>> '{a,b}'", "data")),
            'models.Index(KT("data__a__b")',
            marks=only_postgresql,
        ),
        pytest.param(
            index(expression("\"data\" -> 'k'", "data")),
            'models.Index(KeyTransform("k", "data")',
            marks=only_postgresql,
        ),
        pytest.param(
            index(expression("\"data\" ->> 'a__b'", "data")),
            'models.Index(KeyTextTransform("a__b", "data")',
            marks=only_postgresql,
        ),
        pytest.param(
            index("placed", condition='"price" > 5.50'),
            'condition=models.Q(price__gt=Decimal("5.50"))',
            marks=only_postgresql,
        ),
    ],
)
def test_django_makes_exactly_what_was_advised(order, definition, code) -> None:
    made = index_object(definition, order, connection)
    with connection.cursor() as cursor:
        cursor.execute(str(made.create_sql(order, connection.schema_editor(collect_sql=True))))
    assert code in rendered(made).text
    types = {f.column: f.db_type(connection) for f in order._meta.local_concrete_fields}
    assert catalogued() == [canonical_definition(definition, types, connection.vendor)]


@pytest.mark.parametrize(
    "definition",
    [
        index(UPPER),
        index("email", IndexKey("placed", True), condition='"deleted" IS NULL'),
        index(
            "placed",
            condition='NOT "email" IN (\'a\', \'b\') AND ("Amount Due" > 9 OR "Amount Due" < 2)',
        ),
        index("placed", condition="\"email\" <> 'x'"),
        pytest.param(
            index(
                expression('UPPER("email")', "email", opclass="text_pattern_ops", descending=True),
                "paid",
                expression("\"data\" #>> '{a,b}'", "data"),
                include=("price",),
                condition='"price" > 5.5',
            ),
            marks=only_postgresql,
        ),
    ],
)
@pytest.mark.parametrize("indent", [None, 12])
def test_the_code_evaluates_to_the_index(order, definition, indent) -> None:
    made = index_object(definition, order, connection)
    code = rendered(made, indent)
    names: dict[str, object] = {"models": models}
    exec("\n".join(code.imports), names)
    assert eval(code.text, names) == made


@pytest.mark.parametrize(
    ("definition", "why"),
    [
        (index("nothing"), "no field of the model has the column nothing"),
        (index("email", unique=True), "it is unique"),
        (index(expression('MD5("email")', "email")), 'the ORM has no function for MD5("email")'),
        (index("email", condition='"email" = "body"'), '"body" is no constant'),
        (index("email", condition='LENGTH("email") > 5'), 'Q() cannot say LENGTH("email")'),
        (index("email", condition="\"Amount Due\" = 'x'"), "amount does not take 'x'"),
        # Django takes NULL for something that is not 'x'; the database does not.
        (index("email", condition="\"nickname\" <> 'x'"), "Django would make it"),
    ],
)
def test_what_django_cannot_say_is_refused(order, definition, why) -> None:
    with pytest.raises(Inexpressible) as refusal:
        index_object(definition, order, connection)
    assert str(refusal.value).startswith(why)


@pytest.mark.parametrize(
    ("table", "model"),
    [
        ("testapp_book", "Book"),
        ("testapp_novel", "Novel"),
        ("testapp_loan", "Loan"),
        ("testapp_book_genres", None),
        ("django_migrations", None),
        ("nothing", None),
    ],
)
def test_the_model_of_a_table(table: str, model: str | None) -> None:
    found = model_of(table)
    assert (found and found.__name__) == model


def test_a_table_without_a_model_has_no_code(db: None) -> None:
    found = index_code(IndexDefinition("testapp_book_genres", (IndexKey("book_id"),)), connection)
    assert (found.code, found.reason) == (None, "testapp_book_genres has no model of its own")


def test_a_child_table_has_its_own_columns_only(db: None) -> None:
    own = index_code(IndexDefinition("testapp_novel", (IndexKey("period"),)), connection)
    assert own.code is not None
    assert own.code.text.startswith('models.Index(fields=["period"], name="novel_period_')
    inherited = index_code(IndexDefinition("testapp_novel", (IndexKey("title"),)), connection)
    assert inherited.reason == "no field of the model has the column title"


@only_postgresql
def test_what_an_index_needs_first_is_said(db: None) -> None:
    definition = IndexDefinition("testapp_book", (IndexKey("pages"),), method="brin")
    with modify_settings(INSTALLED_APPS={"remove": "django.contrib.postgres"}):
        assert index_code(definition, connection).needs == (
            'Add "django.contrib.postgres" to INSTALLED_APPS.',
        )
    with modify_settings(INSTALLED_APPS={"append": "django.contrib.postgres"}):
        assert index_code(definition, connection).needs == ()


@pytest.mark.parametrize(
    ("value", "code", "imports"),
    [
        ("it's", '"it\'s"', ()),
        (True, "True", ()),
        (["a", 1], '["a", 1]', ()),
        (models.F("a").asc(nulls_first=True), 'models.F("a").asc(nulls_first=True)', ()),
        (~(models.Q(a=1) | models.Q(b=2)), "~(models.Q(a=1) | models.Q(b=2))", ()),
        (
            datetime.date(2024, 1, 2),
            "datetime.date(2024, 1, 2)",
            ("import datetime",),
        ),
    ],
)
def test_constants_and_conditions(value: object, code: str, imports: tuple[str, ...]) -> None:
    found = rendered(value)
    assert (found.text, found.imports) == (code, imports)
