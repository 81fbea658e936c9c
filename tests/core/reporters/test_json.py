from __future__ import annotations

import json

from queryscope.core.reporters import REPORTERS

from . import reports


def test_it_is_the_report() -> None:
    assert json.loads(REPORTERS["json"](reports.FULL)) == json.loads(
        json.dumps(reports.FULL.as_dict())
    )


def test_contract() -> None:
    data = json.loads(REPORTERS["json"](reports.FULL))
    assert data["version"] == 1
    assert {"tool", "database", "endpoints", "findings", "indexes", "summary"} <= data.keys()
    assert data["findings"][0]["fix"]["code"] == reports.MERGED.code
    assert "key" in data["findings"][0]


def test_any_text_is_valid_utf_8() -> None:
    text = REPORTERS["json"](reports.report(reports.finding(message="naïve 项目 \udcff \x00")))
    json.loads(text.encode("utf-8"))
    assert "naïve 项目" in text


def test_options_for_people_change_nothing() -> None:
    plain = REPORTERS["json"](reports.FULL)
    assert REPORTERS["json"](reports.FULL, root=reports.ROOT, verbose=True) == plain
