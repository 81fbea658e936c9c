"""Index advice as it is shown. The expected texts are files beside this one."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from queryscope.core.advice import Advice, AdvisedIndex, Served
from queryscope.core.fingerprint import fingerprint
from queryscope.core.indexes import IndexDefinition, IndexKey
from queryscope.core.reporters.advice_formats import ADVICE_REPORTERS
from queryscope.core.reporters.advised import Surroundings, described
from queryscope.core.reporters.layout import width
from queryscope.core.units import size

from . import advices

HERE = Path(__file__).parent
WRITTEN = dataclasses.replace(
    advices.AROUND,
    written=("Written: projects/migrations/0004_x.py", "Not written for auth: not yours"),
)


@pytest.mark.parametrize(
    ("name", "advice", "around", "verbose"),
    [
        ("advice", advices.MEASURED, advices.AROUND, False),
        ("advice-verbose", advices.MEASURED, advices.AROUND, True),
        ("advice-likely", advices.LIKELY, advices.ON_SQLITE, False),
        ("advice-none", advices.NOTHING, advices.AROUND, False),
    ],
)
def test_snapshot(name: str, advice: Advice, around: Surroundings, verbose: bool) -> None:
    expected = (HERE / f"{name}.txt").read_text(encoding="utf-8")
    assert ADVICE_REPORTERS["table"](advice, around, verbose=verbose) == expected


def test_sql_snapshot() -> None:
    expected = (HERE / "advice.sql").read_text(encoding="utf-8")
    assert ADVICE_REPORTERS["sql"](advices.MEASURED, advices.AROUND) == expected


@pytest.mark.parametrize("around", [advices.AROUND, advices.ON_SQLITE, WRITTEN])
@pytest.mark.parametrize("advice", [advices.MEASURED, advices.LIKELY, advices.NOTHING])
def test_80_columns_and_plain_text(advice: Advice, around: Surroundings) -> None:
    for line in ADVICE_REPORTERS["table"](advice, around, verbose=True).splitlines():
        assert width(line) <= 80
        assert line == line.rstrip()


def test_json_is_the_advice_and_its_surroundings() -> None:
    data = json.loads(ADVICE_REPORTERS["json"](advices.MEASURED, advices.AROUND))
    expected = json.loads(json.dumps(advices.MEASURED.as_dict()))
    assert [index.pop("django")["model"] for index in data["indexes"]] == [
        "projects.Task",
        "",
        "projects.Task",
    ]
    assert {key: data[key] for key in expected} == expected
    assert data["version"] == 1
    assert data["database"] == {"alias": "default", "vendor": "postgresql"}


def test_migrations_that_were_written_are_named() -> None:
    text = ADVICE_REPORTERS["table"](advices.MEASURED, WRITTEN)
    assert "Written: projects/migrations/0004_x.py\n" in text
    assert "--write-migrations" not in text


def test_ddl_can_be_pasted_whatever_its_length() -> None:
    text = "'a long text   with  spaces ON which INCLUDE nobody may break WHERE ever'"
    keys = tuple(IndexKey(f"a_rather_long_column_{n}") for n in range(6))
    index = IndexDefinition("t", keys, include=("b", "c"), condition=f'"note" = {text}')
    advice = Advice(indexes=(AdvisedIndex(index, (), 0, (), "none"),))
    table = ADVICE_REPORTERS["table"](advice, advices.AROUND)
    start = table.index("CREATE")
    shown = table[start : table.index(";", start)]
    assert text in shown
    assert fingerprint(shown) == fingerprint(index.create_sql(concurrently=True))
    assert len(shown.splitlines()) > 3


def test_hostile_texts_stay_on_their_line() -> None:
    nasty = "\x1b[31mred\r\nnext\u202eback\udcff"
    served = Served(nasty, nasty, 1, 1, 1, 1, 1, name=nasty, endpoints=(nasty,))
    index = AdvisedIndex(IndexDefinition(nasty, (IndexKey(nasty),)), (served,), 1, (nasty,), "none")
    advice = Advice(indexes=(index,), notes=(nasty,), skipped=(nasty,))
    for reporter in ADVICE_REPORTERS.values():
        text = reporter(advice, advices.AROUND, verbose=True)
        assert "\x1b" not in text
        assert "\u202e" not in text or reporter is ADVICE_REPORTERS["json"]
        text.encode("utf-8")
        assert not any(line.startswith("next") for line in text.splitlines())


@pytest.mark.parametrize(
    ("definition", "text"),
    [
        (advices.TASKS, "projects_task (project_id, status)"),
        (advices.COVERING, "audit_log (kind) INCLUDE (id, actor_id)"),
        (advices.TITLES, "projects_task GIN (UPPER(title::text) gin_trgm_ops)"),
        (
            IndexDefinition("T", (IndexKey("A b", descending=True),), condition='"x" IS NULL'),
            'T ("A b" DESC) WHERE x IS NULL',
        ),
    ],
)
def test_described(definition: IndexDefinition, text: str) -> None:
    assert described(definition) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0 bytes"),
        (1023, "1023 bytes"),
        (1024, "1.0 kB"),
        (98_304, "96 kB"),
        (3_250_000, "3.1 MB"),
        (5 * 1024**3, "5.0 GB"),
        (2 * 1024**4, "2.0 TB"),
    ],
)
def test_size(number: int, text: str) -> None:
    assert size(number) == text
