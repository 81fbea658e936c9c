"""What to write where related rows are read, once a fix has loaded them."""

from __future__ import annotations

from .events import Relation
from .fixes import class_name, snake
from .sightings import Reading


def instead(relation: Relation, reading: Reading) -> str | None:
    """The code that reads what a fix loaded; ``relation.reading`` tells that it narrows.

    None where the code that reads now is not known, or nothing of it changes.
    """
    if not reading.code:
        return None
    narrowed = relation.reading is not None
    rows = f"{reading.owner}.{reading.rows if narrowed else f'{relation.name}.all()'}"
    if reading.columns:
        return _comprehension(rows, snake(class_name(relation.target)), reading)
    forms = {
        "": rows,
        "count": f"len({rows})",
        "exists": f"bool({rows})",
        "first": f"next(iter({rows}), None)",
        "last": f"next(iter({rows}), None)",
        "get": f"{rows}[0]",
    }
    index = f"{rows}{reading.ending}" if narrowed else f"list({rows}){reading.ending}"
    text = forms.get(reading.ending, index)
    return None if text == reading.code else text


def _comprehension(rows: str, item: str, reading: Reading) -> str:
    values = [f"{item}.{column}" for column in reading.columns]
    if reading.flat:
        each = values[0]
    elif reading.ending == "values":
        pairs = (f'"{c}": {v}' for c, v in zip(reading.columns, values, strict=True))
        each = "{" + ", ".join(pairs) + "}"
    else:
        each = "(" + ", ".join(values) + ("," if len(values) == 1 else "") + ")"
    return f"[{each} for {item} in {rows}]"
