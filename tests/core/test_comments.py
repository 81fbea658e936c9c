"""``queryscope: ignore[...]`` comments: what is one, what it says, and for which lines."""

from __future__ import annotations

import datetime
import io
import tokenize

import pytest
from hypothesis import given
from hypothesis import strategies as st

from queryscope.core.comments import (
    Comment,
    enclosing,
    mentioned,
    parse_date,
    python_comments,
    template_comments,
)
from queryscope.core.detectors import NAMES

C = "# queryscope: ignore[n-plus-one]"
T = "{# queryscope: ignore[n-plus-one] #}"


def lines_of(comments: tuple[Comment, ...]) -> list[tuple[int, ...]]:
    return [tuple(range(comment.first, comment.last + 1)) for comment in comments]


# A case is a module whose lines stand between bars, and the lines that each comment speaks for.
@pytest.mark.parametrize(
    ("module", "spoken_for"),
    [
        (f"f(){C}", [(1,)]),
        (f"a = 1|f()  {C}|b = 2", [(2,)]),
        (f"a = 1; f()  {C}", [(1,)]),
        (f"{C}|f()", [(2,)]),
        (f"    {C}|f()", [(2,)]),
        (f"if x:|    {C}|    f()|g()", [(3,)]),
        (f"{C}|# and more of the reason|f()", [(3,)]),
        (f"{C}|{C}|f()", [(3,), (3,)]),
        (f"{C}||f()", [(1,)]),
        (f"f()|{C}", [(2,)]),
        (f"f()|{C}|", [(2,)]),
        (f"f(|  a,|)  {C}", [(1, 2, 3)]),
        (f"f(  {C}|  a,|)", [(1, 2, 3)]),
        (f"f(|  a,  {C}|  b)", [(2,)]),
        (f"f(|  {C}|  a,|  b)", [(3,)]),
        (f"{C}|f(|  a,|)|g()", [(2, 3, 4)]),
        (f"f(a) \\|  .g()  {C}", [(1, 2)]),
        (f'f("""|  SQL|""")  {C}', [(1, 2, 3)]),
        (f"for a in b:  {C}|    f(a)", [(1,)]),
        (f"for a in b:|    f(a)  {C}|    g(a)", [(2,)]),
        (f"def f(|  a,|):  {C}|    g()", [(1, 2, 3)]),
        (f"@a|@b|def f():  {C}|    pass", [(1, 2, 3)]),
        (f"{C}|@a|@b(|  1)|def f():|    pass", [(2, 3, 4, 5)]),
        (f"@a|{C}|def f():|    pass", [(3,)]),
        (f"@a|class F:|    x = 1  {C}", [(3,)]),
        (f"x = 1  # type: ignore[attr-defined]  {C}", [(1,)]),
        (f"x = 1  {C} few  # noqa", [(1,)]),
        (f'x = "{C}"', []),
        (f'"""|{C}|"""|x = 1', []),
        (f'x = f"{{a}} {C}"', []),
        (f"# write `{C}` to allow it|f()", []),
        ("# queryscope finds it|f()", []),
        ("# queryscope ignores this|f()", []),
        ("# see queryscope: it is slow|f()", []),
        ("x = 1  # type: ignore[n-plus-one]", []),
        (f"f()  {C}|x = (", [(1,)]),
        (f"f()  {C}|  y = 1|}}", [(1,)]),
        ("", []),
    ],
)
def test_lines_of_a_module(module: str, spoken_for: list[tuple[int, ...]]) -> None:
    comments = python_comments(module.replace("|", "\n"), "/x.py")
    assert lines_of(comments) == spoken_for
    assert all((c.file, c.detectors, c.mistake) == ("/x.py", ("n-plus-one",), "") for c in comments)


@pytest.mark.parametrize(
    ("template", "spoken_for"),
    [
        (f"{{{{ a }}}}{T}", [(1,)]),
        (f"{T}{{{{ a }}}}", [(1,)]),
        (f"{T}\n{{{{ a }}}}", [(2,)]),
        (f"  {T}  \n\n{{{{ a }}}}", [(1,)]),
        (f"{T}\n{T}\n{{{{ a }}}}", [(3,), (3,)]),
        (f"{T}\n{T}{{{{ a }}}}", [(2,), (2,)]),
        (f"{T} {{# more #}}\n{{{{ a }}}}", [(2,)]),
        (f"a\n{T}", [(2,)]),
        ("{#queryscope: ignore[n-plus-one]#}", [(1,)]),
        ("{# queryscope: ignore[n-plus-one]\n #}", []),
        (f"{{% verbatim %}}\n{T}\n{{% endverbatim %}}\nx{T}", [(4,)]),
        (f"{{% verbatim a %}}{T}{{% endverbatim %}}{T}{{% endverbatim a %}}", []),
        (f'{{{{ "{T}" }}}}', []),
        (f"<p>{C}</p>", []),
        ("{# queryscope finds it #}", []),
    ],
)
def test_lines_of_a_template(template: str, spoken_for: list[tuple[int, ...]]) -> None:
    comments = template_comments(template, "/x.html")
    assert lines_of(comments) == spoken_for
    assert all(c.detectors == ("n-plus-one",) and not c.mistake for c in comments)


def said(text: str) -> Comment:
    (comment,) = python_comments(f"f()  # {text}", "/x.py")
    return comment


@pytest.mark.parametrize(
    ("text", "detectors", "reason", "until"),
    [
        ("queryscope: ignore[n-plus-one]", ("n-plus-one",), "", None),
        ("queryscope:ignore[ n-plus-one ,query-in-loop,]", NAMES[:2], "", None),
        ("QueryScope: Ignore [n-plus-one]", ("n-plus-one",), "", None),
        ("queryscope: ignore[n-plus-one] few rows", ("n-plus-one",), "few rows", None),
        ("queryscope: ignore[n-plus-one]: few", ("n-plus-one",), "few", None),
        ("queryscope: ignore[n-plus-one] - few", ("n-plus-one",), "few", None),
        ("queryscope: ignore[n-plus-one] see #12", ("n-plus-one",), "see #12", None),
        ("queryscope: ignore[n-plus-one] few  # noqa", ("n-plus-one",), "few", None),
        ("queryscope: ignore[n-plus-one] until 2027-01-31", ("n-plus-one",), "", "2027-01-31"),
        ("queryscope: ignore[n-plus-one] few, until 2027-01-31", NAMES[:1], "few", "2027-01-31"),
        ("queryscope: ignore[n-plus-one] few (until 2027-01-31)", NAMES[:1], "few", "2027-01-31"),
        ("queryscope: ignore[n-plus-one] few until 2027-01-31.", NAMES[:1], "few", "2027-01-31"),
        ("queryscope: ignore[n-plus-one] until 2027-01-31 few", NAMES[:1], "few", "2027-01-31"),
        ("queryscope: ignore[n-plus-one] Until: 2027-01-31", NAMES[:1], "", "2027-01-31"),
        ("queryscope: ignore[n-plus-one] until 3 rows", NAMES[:1], "until 3 rows", None),
        ("queryscope: ignore[n-plus-one] until Django 6.1", NAMES[:1], "until Django 6.1", None),
        ("queryscope: ignore[n-plus-one] until 6.1 is out", NAMES[:1], "until 6.1 is out", None),
    ],
)
def test_what_it_says(
    text: str, detectors: tuple[str, ...], reason: str, until: str | None
) -> None:
    comment = said(text)
    assert (comment.detectors, comment.reason, comment.mistake) == (detectors, reason, "")
    assert comment.until == (until and datetime.date.fromisoformat(until))


OTHERWISE = "is not understood: write queryscope: ignore[n-plus-one]"


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        ("queryscope: ignore", "names no detector: write which, such as ignore[n-plus-one]"),
        ("queryscope: ignore[]", "names no detector: write which, such as ignore[n-plus-one]"),
        ("queryscope: ignore few", "names no detector: write which, such as ignore[n-plus-one]"),
        ("queryscope: ignore[ , ]", "names no detector: write which, such as ignore[n-plus-one]"),
        (
            "queryscope: ignore[n-plus-one",
            "leaves its bracket open: write which, such as ignore[n-plus-one]",
        ),
        (
            "queryscope: ignore[n-plus-two]",
            "no such detector 'n-plus-two'; did you mean 'n-plus-one'?",
        ),
        (
            "queryscope: ignore[N-PLUS-ONE]",
            "no such detector 'N-PLUS-ONE'; did you mean 'n-plus-one'?",
        ),
        (
            "queryscope: ignore[n-plus-one, query-in-lop]",
            "no such detector 'query-in-lop'; did you mean 'query-in-loop'?",
        ),
        ("queryscope: ignore[zz]", f"no such detector 'zz' ({', '.join(NAMES)})"),
        (
            "queryscope: ignore[n-plus-one] until 2027-02-30",
            "'2027-02-30' is not a date: write it as until 2027-01-31",
        ),
        (
            "queryscope: ignore[n-plus-one] until=2020-01-01",
            "'until=2020' is not read as an expiry: write it as until 2027-01-31",
        ),
        (
            "queryscope: ignore[n-plus-one] expires 31 Dec 2020",
            "'expires 31 Dec 2020' is not read as an expiry: write it as until 2027-01-31",
        ),
        (
            "queryscope: ignore[n-plus-one] until 31.01.2027",
            "'31.01.2027' is not a date: write it as until 2027-01-31",
        ),
        (
            "queryscope: ignore[n-plus-one] until 2027/01/31 few",
            "'2027/01/31' is not a date: write it as until 2027-01-31",
        ),
        (
            "queryscope: ignore[n-plus-one] until 20270131",
            "'20270131' is not a date: write it as until 2027-01-31",
        ),
        (
            "queryscope: ignore[n-plus-one] until 2027",
            "'2027' is not a date: write it as until 2027-01-31",
        ),
        ("queryscope: ignroe[n-plus-one]", OTHERWISE),
        ("queryscope: ignored", OTHERWISE),
        ("queryscope: allow[n-plus-one]", OTHERWISE),
        ("queryscope: disable=n-plus-one", OTHERWISE),
        ("queryscope ignore[n-plus-one]", OTHERWISE),
    ],
)
def test_mistakes(text: str, mistake: str) -> None:
    assert said(text).mistake == mistake


def test_several_on_one_line() -> None:
    text = "f()  # queryscope: ignore[n-plus-one] a  # queryscope: ignore[query-in-loop] b"
    comments = python_comments(text, "/x.py")
    assert [(c.detectors, c.reason) for c in comments] == [
        (("n-plus-one",), "a"),
        (("query-in-loop",), "b"),
    ]


words = st.text("abcdefghij", min_size=1, max_size=8)
dates = st.dates(datetime.date(1000, 1, 1), datetime.date(9999, 12, 31))
names = st.lists(st.sampled_from(NAMES), min_size=1, unique=True)


@given(names=names, reason=st.lists(words), until=st.none() | dates, template=st.booleans())
def test_what_is_written_is_read(
    names: list[str], reason: list[str], until: datetime.date | None, template: bool
) -> None:
    text = f"queryscope: ignore[{', '.join(names)}] {' '.join(reason)}"
    text += f" until {until}" if until else ""
    (comment,) = (
        template_comments(f"{{# {text} #}}", "/x") if template else python_comments(f"# {text}", "")
    )
    assert comment.detectors == tuple(names)
    assert (comment.reason, comment.until, comment.mistake) == (" ".join(reason), until, "")


@given(st.text(st.sampled_from("# queryscope:ignore[n-plus-one] until 2027-01-31\n\t(){}%'\"\\@=")))
def test_any_text_is_read(text: str) -> None:
    lines = text.count("\n") + 1
    for comment in (*python_comments(text, "/x"), *template_comments(text, "/x")):
        assert 1 <= comment.first <= comment.last <= lines
        assert comment.mistake or comment.detectors


@given(st.text())
def test_no_string_is_a_comment(text: str) -> None:
    assert python_comments(f"x = {C + text!r}\ny = {text + C!r}\n", "/x") == ()


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
def test_a_comment_is_one_for_python_too(text: str) -> None:
    module = f"x = ({text}\n)  {C}\n"
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(module).readline))
    except (tokenize.TokenError, SyntaxError, ValueError):
        return
    real = {token.start[0] for token in tokens if token.type == tokenize.COMMENT}
    assert {comment.line for comment in python_comments(module, "/x")} <= real


@pytest.mark.parametrize(
    ("module", "line", "scope"),
    [
        ("x = 1|y = 2", 1, (1, 2)),
        ("def f():|    x|    y|z", 2, (1, 3)),
        ("def f():|    x|    y|z", 4, (1, 4)),
        ("@a|def f():|    x", 1, (1, 3)),
        ("class F:|    x|    def g(self):|        y", 2, (1, 4)),
        ("class F:|    x|    def g(self):|        y", 4, (3, 4)),
        ("async def f():|    x", 2, (1, 2)),
        ("def f(:|    x", 1, (1, 2)),
        ("def f():|    return '\\d'", 2, (1, 2)),
    ],
)
def test_enclosing(module: str, line: int, scope: tuple[int, int]) -> None:
    assert enclosing(module.replace("|", "\n"), line) == scope


@pytest.mark.parametrize(
    ("text", "known"),
    [("# QueryScope: x", True), ("import queryscope", True), ("# query scope", False)],
)
def test_mentioned(text: str, known: bool) -> None:
    assert mentioned(text) is known


@pytest.mark.parametrize("text", ["", "2027", "2027-1-31", "2027-02-30", "20270131", "2027-W01-1"])
def test_no_dates(text: str) -> None:
    assert parse_date(text) is None
