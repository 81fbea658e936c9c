"""Migrations with the advised indexes, in a project that is made for it: there and back again."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.conf import settings

from queryscope.core.indexes import IndexDefinition, IndexKey
from tests.shop import Shop, new_database

POSTGRESQL = settings.VENDOR == "postgresql"
only_postgresql = pytest.mark.skipif(not POSTGRESQL, reason="needs PostgreSQL")

DEFINITIONS = """
key = IndexKey
wanted = [
    IndexDefinition("shop_order", (key("customer_id"), key("status"), key("placed", True))),
    IndexDefinition("shop_order", (key("placed"),), condition='"deleted" IS NULL'),
    IndexDefinition("shop_customer", (key('UPPER("email")', expression=True, columns=("email",)),)),
    IndexDefinition("shop_product", (key("code"), key("id"))),
    IndexDefinition("shop_product_tags", (key("tag_id"), key("product_id"))),
]
if connection.vendor == "postgresql":
    wanted += [
        IndexDefinition("shop_order", (key("status"),), include=("total",)),
        IndexDefinition("shop_order", (key("placed"),), method="brin"),
        IndexDefinition("shop_customer", (key("data", opclass="jsonb_path_ops"),), method="gin"),
        IndexDefinition("shop_customer", (key('MD5("bio")', expression=True, columns=("bio",)),)),
    ]
"""
WRITE = """
found = migrations_for(wanted, connection, read_schema(connection))
written = write_migrations(found)
for model in {index.model for one in written for index in one.indexes if index.code}:
    own = [i for one in written for i in one.indexes if i.model is model and i.code]
    imports = sorted({line for i in own for line in i.code.imports})
    source = open("shop/models.py").read()
    codes = [rendered(i.index, 12).text for i in own]
    open("shop/models.py", "w").write(edited(source, model, codes, imports))
answer([[one.app, one.name, one.refusal, one.text] for one in written])
"""
CHECK = """
from django.core.management import CommandError
def pending():
    try:
        call('makemigrations', '--check', '--dry-run')
    except SystemExit as status:
        return bool(status.code)
    return False
"""


@contextmanager
def made(folder: Path) -> Iterator[Shop]:
    if not POSTGRESQL:
        name = str(folder / "db.sqlite3")
        yield Shop(folder, {"ENGINE": "django.db.backends.sqlite3", "NAME": name})
        return
    with new_database(os.environ["DATABASE_URL"]) as database:
        yield Shop(folder, database)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    with made(tmp_path) as shop:
        yield shop


@pytest.fixture(scope="module")
def kept_shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """For what leaves its migrations as they were."""
    with made(tmp_path_factory.mktemp("shop")) as shop:
        yield shop


def test_there_and_back_again(shop: Shop) -> None:
    [[app, name, refusal, text]] = shop.run(DEFINITIONS + WRITE)
    assert (app, name, refusal) == ("shop", "0002_order_customer_stat_e13311_idx_and_more", "")
    assert (shop.folder / "shop" / "migrations" / f"{name}.py").read_text() == text
    assert ("atomic = False" in text) is POSTGRESQL
    before, during, after, pending = shop.run(
        DEFINITIONS
        + CHECK
        + """
from queryscope.core.canonical import canonical_definition
schema = read_schema(connection)
tables = {definition.table for definition in wanted}
before = {table: names(table) for table in tables}
call("migrate")
there = {table: names(table) for table in tables}
during = [
    there[d.table].get(d.name) == canonical_definition(
        d, {c.name: c.type for c in schema.tables[d.table].columns.values()}, connection.vendor)
    for d in wanted
]
pending_then = pending()
call("migrate", "shop", "0001")
after = {table: names(table) for table in tables}
answer([any(d.name in before[d.table] for d in wanted), during, after == before, pending_then])
"""
    )
    assert before is False
    assert during == [True] * len(during)
    assert len(during) == (9 if POSTGRESQL else 5)
    assert after is True
    assert pending is False


def test_the_plan_takes_what_was_migrated(shop: Shop) -> None:
    written, before, after = shop.run(
        """
wanted = [IndexDefinition("shop_order", (IndexKey("placed"),), condition='"deleted" IS NULL')]
asked = "SELECT id FROM shop_order WHERE deleted IS NULL AND placed = '2024-01-01 00:00:07'"
postgresql = connection.vendor == "postgresql"
def plan():
    rows = sql(("EXPLAIN " if postgresql else "EXPLAIN QUERY PLAN ") + asked)
    return " ".join(str(row[-1]) for row in rows)
rows = (
    "SELECT g, 'x', 0, timestamp '2024-01-01' + g * interval '1 second', 1, CASE WHEN g % 9 > 0"
    " THEN now() END FROM generate_series(1, 5000) g" if postgresql else
    "WITH RECURSIVE s(g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM s WHERE g < 5000) SELECT g, 'x',"
    " 0, datetime('2024-01-01', g || ' seconds'), 1, CASE WHEN g % 9 > 0 THEN 1 END FROM s"
)
sql("INSERT INTO shop_customer (id, name, email, bio, data) VALUES (1, '', '', '', '{}')")
sql("INSERT INTO shop_order (id, status, total, placed, customer_id, deleted) " + rows)
sql("ANALYZE")
before = plan()
[written] = write_migrations(migrations_for(wanted, connection, read_schema(connection)))
call("migrate")
answer([written.refusal, wanted[0].name in before, wanted[0].name in plan()])
"""
    )
    assert (written, before, after) == ("", False, True)


@pytest.mark.parametrize(
    ("prepare", "definition", "refusal"),
    [
        ("", ("shop_tag", "name"), ""),
        ("", ("legacy", "code"), "no app's migrations make the table: run the SQL by hand"),
        ("", ("nothing", "code"), "no app's migrations make the table: run the SQL by hand"),
        (
            "",
            ("auth_user", "last_name"),
            "auth is an installed package, whose migrations are not yours: run the SQL",
        ),
        (
            "models.CharField(max_length=9).contribute_to_class("
            "apps.get_model('shop', 'Tag'), 'colour')",
            ("shop_tag", "name"),
            "models of shop have changed: run makemigrations shop first",
        ),
        (
            "open('shop/migrations/0002_b.py', 'w').write(one.replace('0001_a', '0001_initial'));"
            "open('shop/migrations/0002_a.py', 'w').write(one.replace('0001_a', '0001_initial'))",
            ("shop_tag", "name"),
            "migrations of shop conflict: makemigrations --merge",
        ),
    ],
)
def test_refusals(kept_shop: Shop, prepare: str, definition: tuple[str, str], refusal: str) -> None:
    found, sql, there = kept_shop.run(
        f"""
one = '''from django.db import migrations
class Migration(migrations.Migration):
    dependencies = [("shop", "0001_a")]
'''
{prepare}
before = set(os.listdir("shop/migrations"))
wanted = [IndexDefinition({definition[0]!r}, (IndexKey({definition[1]!r}),))]
[written] = write_migrations(migrations_for(wanted, connection, read_schema(connection)))
there = sorted(set(os.listdir("shop/migrations")) - before - {{"__pycache__"}})
for name in there + ["0002_a.py", "0002_b.py"]:
    if os.path.exists("shop/migrations/" + name):
        os.remove("shop/migrations/" + name)
answer([written.refusal, written.sql, there])
"""
    )
    assert found == refusal
    assert there == ([] if refusal else ["0002_tag_name_0849ca_idx.py"])
    concurrently = "CONCURRENTLY " if POSTGRESQL else ""
    table, column = definition
    name = IndexDefinition(table, (IndexKey(column),)).name
    assert sql == [f'CREATE INDEX {concurrently}"{name}" ON "{table}" ("{column}")']


def test_an_app_without_migrations_is_refused(kept_shop: Shop) -> None:
    found = kept_shop.run(
        """
from django.test import override_settings
wanted = [IndexDefinition("shop_tag", (IndexKey("name"),))]
with override_settings(MIGRATION_MODULES={"shop": None}):
    [found] = migrations_for(wanted, connection, read_schema(connection))
answer(found.refusal)
"""
    )
    assert found == "shop has no migrations: run the SQL by hand"


def test_no_file_is_written_over(shop: Shop) -> None:
    (shop.folder / "shop" / "migrations" / "0002_tag_name_0849ca_idx.py").write_text(
        "mine = True\n"
    )
    # A module without a Migration would stop Django: it comes to be there between the two.
    refusal = shop.run(
        """
wanted = [IndexDefinition("shop_tag", (IndexKey("name"),))]
path = "shop/migrations/0002_tag_name_0849ca_idx.py"
text = open(path).read()
os.remove(path)
found = migrations_for(wanted, connection, read_schema(connection))
open(path, "w").write(text)
[written] = write_migrations(found)
answer(written.refusal)
"""
    )
    assert refusal.endswith("0002_tag_name_0849ca_idx.py cannot be written: File exists")
    path = shop.folder / "shop" / "migrations" / "0002_tag_name_0849ca_idx.py"
    assert path.read_text() == "mine = True\n"


@only_postgresql
def test_an_index_over_partitions_is_not_made_concurrently(shop: Shop) -> None:
    text, there = shop.run(
        """
sql("DROP TABLE shop_tag CASCADE")
sql("CREATE TABLE shop_tag (id bigint PRIMARY KEY, name varchar(50)) PARTITION BY RANGE (id)")
sql("CREATE TABLE first PARTITION OF shop_tag FOR VALUES FROM (0) TO (9)")
wanted = [IndexDefinition("shop_tag", (IndexKey("name"),))]
[written] = write_migrations(migrations_for(wanted, connection, read_schema(connection)))
call("migrate")
answer([written.text, names("shop_tag")["tag_name_0849ca_idx"] == wanted[0]])
"""
    )
    assert "migrations.AddIndex(" in text
    assert "atomic" not in text
    assert there is True


@pytest.fixture
def debian_shop(tmp_path: Path) -> Iterator[Shop]:
    url = os.environ.get("QUERYSCOPE_TEST_DEBIAN_URL")
    if not url:
        why = os.environ.get("QUERYSCOPE_TEST_DEBIAN_MISSING", "QUERYSCOPE_TEST_DEBIAN_URL unset")
        pytest.skip(f"no PostgreSQL with pg_trgm: {why}")
    with new_database(url) as database:
        yield Shop(tmp_path, database)


def test_extensions_come_first_and_go_last(debian_shop: Shop) -> None:
    wanted = """
wanted = [
    IndexDefinition("shop_customer", (IndexKey('UPPER("name")', opclass="gin_trgm_ops",
        expression=True, columns=("name",)),), method="gin"),
    IndexDefinition("shop_customer", (IndexKey("email", opclass="gin_trgm_ops"),), method="gin"),
    IndexDefinition("shop_customer", (IndexKey("name"), IndexKey("data")), method="gin"),
]
"""
    [[_, _, refusal, text]] = debian_shop.run(wanted + WRITE)
    assert refusal == ""
    assert text.index("TrigramExtension()") < text.index("BtreeGinExtension()")
    assert text.index("BtreeGinExtension()") < text.index("AddIndexConcurrently(")
    during, extensions, pending, after = debian_shop.run(
        wanted
        + CHECK
        + """
def extensions():
    return sorted(read_schema(connection, []).extensions - {"plpgsql"})
call("migrate")
there = names("shop_customer")
during = [there.get(definition.name) == definition for definition in wanted]
first = extensions()
waiting = pending()
call("migrate", "shop", "0001")
answer([during, first, waiting, extensions()])
"""
    )
    assert during == [True, True, True]
    assert extensions == ["btree_gin", "pg_trgm"]
    assert pending is False
    assert after == []


def test_an_extension_that_is_migrated_already_is_left_alone(debian_shop: Shop) -> None:
    debian_shop.run(
        '''
open("shop/migrations/0002_trigrams.py", "w").write("""
from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations
class Migration(migrations.Migration):
    dependencies = [("shop", "0001_initial")]
    operations = [TrigramExtension()]
""")
'''
    )
    name, text = debian_shop.run(
        """
wanted = [IndexDefinition("shop_customer", (IndexKey("email", opclass="gin_trgm_ops"),),
    method="gin")]
[found] = migrations_for(wanted, connection, read_schema(connection))
answer([found.name, found.text])
"""
    )
    assert name.startswith("0003_")
    assert "TrigramExtension" not in text
