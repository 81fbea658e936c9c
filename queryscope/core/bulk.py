"""One write at a time -> the code that writes them all at once."""

from __future__ import annotations

from dataclasses import dataclass, replace

from .awaited import awaited
from .events import QueryGroup
from .fingerprint import Kind
from .fixes import class_name, manager_code, snake
from .repairs import Fix, FixKind
from .sightings import Write

#: Why pasted code would write other rows than the loop does, and what to do.
_OBSTACLES = {
    "guarded": "Each turn is guarded by itself (try, atomic()): one write of all would fail as a "
    "whole. Keep the loop, or sort out the rows before it.",
    "while": "The next turn of a while loop may need what this one wrote: write at once only what "
    "can wait for its end.",
    "used": "The loop reads the rows that it makes: write in stages, those first that others need.",
    "reads": "The loop asks for rows while it writes them: ask once before it, and keep count of "
    "its own.",
    "expressions": "Each value is computed from the row's own: add up the changes of each row in "
    "the loop, and update() each row once.",
    "repeated": "Some rows are written more than once: bring each to its last state in the loop, "
    "and write it once after it.",
    "defaults": "Collect the rows with their defaults, each with its own, and write them after the "
    "loop.",
}
_UPSERTS = frozenset({"get_or_create", "update_or_create"})


@dataclass(frozen=True, slots=True)
class Bulk:
    """A fix, None where there is none to paste; what to do; and the queries that it takes."""

    fix: Fix | None
    hint: str
    queries: int = 1


def bulk_form(groups: list[QueryGroup]) -> Bulk:
    """How the calls that ``groups`` belong to are made at once.

    The groups are those of one place, in the order in which they ran first.
    """
    bulk = _bulk_form(groups)
    if any(group.asynchronous for group in groups):
        return replace(bulk, fix=awaited(bulk.fix))
    return bulk


def _bulk_form(groups: list[QueryGroup]) -> Bulk:
    obstacles = [group.write.obstacle for group in groups if group.write]
    if "one row" in obstacles:
        operation = groups[0].operation
        verb = "save it" if operation == "save" else f"{operation}() it"
        return Bulk(None, f"It is the same row each time: {verb} once after the loop.")
    if found := next(filter(None, obstacles), ""):
        return Bulk(None, _OBSTACLES[found], 0)
    first = next((group for group in groups if group.kind != "select"), groups[0])
    write = first.write or Write()
    kinds = {group.kind for group in groups}
    if write.via == "list serializer":
        return _list_serializer(write)
    if write.via == "formset":
        return _formset(write, kinds)
    if first.operation == "sql":
        fix = Fix("rewrite", (), "cursor.executemany(sql, rows)")
        return Bulk(fix, "Collect the parameters in the loop and run the statement once after it.")
    if first.operation in ("add", "set", "remove", "clear"):
        return _manager(write, first.operation)
    if first.operation in _UPSERTS:
        return _upsert(write, first.operation, groups)
    if first.operation == "update":
        return _update(write)
    if first.operation == "delete":
        return _delete(write, _of_one_delete(groups))
    inserts = sum(group.count for group in groups if group.kind == "insert")
    tried = [group for group in groups if group.kind == "update"]
    loaded = any(group.write and group.write.source is not None for group in tried)
    if inserts and tried and (loaded or sum(group.count for group in tried) != inserts):
        hint = "Write the new objects with bulk_create() and the others with bulk_update()"
        return Bulk(None, f"{hint}{_skips(write)}.", 2)
    if inserts:
        return _create(write)  # With keys of its own save() tries an UPDATE before each INSERT.
    # Of rows in several tables the keys are read first.
    return _save(write, len(tried) + (len(tried) > 1) or 1)


def _of_one_delete(groups: list[QueryGroup]) -> int:
    """The queries of one ``delete()``: the row itself goes last, after all that hangs on it."""
    calls = groups[-1].count
    reads = any(group.kind == "select" for group in groups)  # A queryset reads its rows as well.
    return sum(-(-group.count // calls) for group in groups) + reads


def _create(write: Write) -> Bulk:
    name, rows = class_name(write.model), plural(write.model)
    if write.inherits:
        return Bulk(
            None,
            f"bulk_create() cannot write {name}, whose rows lie in several tables: at least put "
            "the loop in one transaction.atomic().",
            0,
        )
    code, queries = f"{_manager_of(write)}.bulk_create({rows})", 1
    if write.accessor and write.one_owner:
        owner = f"{snake(class_name(write.owner))}.{write.accessor}"
        code, queries = f"{rows} = {code}\n{owner}.add(*{rows})", 2
    fix = Fix("bulk_create", (), code)
    if write.accessor and not write.one_owner:
        return Bulk(None, "Write the objects with bulk_create(), then the relation's rows.", 2)
    return Bulk(
        fix, f"Make the objects in the loop and write them after it{_skips(write)}.", queries
    )


def _save(write: Write, updates: int) -> Bulk:
    rows = plural(write.model)
    names = tuple(dict.fromkeys((*write.fields, *write.stamped)))
    fields = f"[{_quoted(names)}]" if write.fields else "fields"
    fix = Fix("bulk_update", names, f"{_manager_of(write)}.bulk_update({rows}, {fields})")
    hint = "Change the objects in the loop and write them after it"
    if not write.fields:
        hint += ", with the names of the fields that the loop changes"
    if write.stamped:
        hint += f"; set .{' and .'.join(write.stamped)} in the loop as well, auto_now will not"
    return Bulk(fix, f"{hint}{_skips(write)}.", updates)


def _update(write: Write) -> Bulk:
    name, model = class_name(write.model), _manager_of(write)
    if len(write.keys) != 1 or not write.fields:
        hint = "Write all rows with one update() after the loop, or bulk_update() if values differ."
        return Bulk(None, hint)
    lookup, values = _in(write)
    if not write.varies:
        given = ", ".join(f"{field}={field}" for field in write.fields)
        code = f"{model}.filter({lookup}={values}).update({given})"
        return Bulk(Fix("rewrite", (lookup,), code), "Write all rows with one update().")
    if lookup == "pk__in":
        given = ", ".join(("pk", *write.fields))
        made = f"{name}({', '.join(f'{field}={field}' for field in ('pk', *write.fields))})"
        rows = plural(write.model)
        code = f"{rows} = [{made} for {given} in rows]\n"
        code += f"{model}.bulk_update({rows}, [{_quoted(write.fields)}])"
        return Bulk(Fix("bulk_update", write.fields, code), "Collect the values, write them once.")
    if len(write.fields) == 1:
        field, key = write.fields[0], write.keys[0]
        cases = f"When({key}=key, then=Value(value)) for key, value in {values}.items()"
        code = f"{model}.filter({lookup}={values}).update({field}=Case(*[{cases}]))"
        hint = f"Collect the values in a dict, by {key}, and write them once."
        return Bulk(Fix("rewrite", (lookup,), code), hint)
    return Bulk(None, "Load the rows once, change them, and write them with one bulk_update().")


def _delete(write: Write, queries: int) -> Bulk:
    if write.keys and len(write.keys) != 1:
        return Bulk(None, "Delete all rows with one delete() of a queryset.", queries)
    lookup, values = _in(write) if write.keys else ("pk__in", "pks")
    code = f"{_manager_of(write)}.filter({lookup}={values}).delete()"
    hint = f"Delete all rows with one delete() of a queryset{_skips(write)}."
    return Bulk(Fix("rewrite", (lookup,), code), hint, queries)


def _upsert(write: Write, operation: str, groups: list[QueryGroup]) -> Bulk:
    model, rows = _manager_of(write), plural(write.model)
    if write.inherits or not write.keys:
        return Bulk(None, "Load the rows that exist with one query, and write the others after it.")
    if not write.unique:
        return _without_constraint(write, operation)
    if operation == "get_or_create":
        code = f"{model}.bulk_create({rows}, ignore_conflicts=True)"
        hint = f"Make the objects in the loop and write them after it{_skips(write)}; "
        hint += "read those that the loop needs with one query"
        return Bulk(Fix("bulk_create", (), code), f"{hint}.", 2)
    unique = "" if groups[0].vendor == "mysql" else f"unique_fields=[{_quoted(write.keys)}], "
    names = tuple(dict.fromkeys((*write.fields, *write.stamped)))
    fields = f"[{_quoted(names)}]" if write.fields else "fields"
    code = f"{model}.bulk_create({rows}, update_conflicts=True, {unique}update_fields={fields})"
    hint = f"Make the objects in the loop and write them after it{_skips(write)}."
    return Bulk(Fix("bulk_create", write.keys, code), hint)


def _without_constraint(write: Write, operation: str) -> Bulk:
    """No constraint tells the database which rows conflict: ask which exist."""
    model, key = _manager_of(write), write.keys[0]
    if operation == "update_or_create":
        hint = "Load the rows that exist once; bulk_update() these and bulk_create() the others"
        return Bulk(None, f"{hint}{_skips(write)}.", 3)
    hint = "Ask once which rows exist, and write the others after the loop"
    if len(write.keys) > 1 or "__" in key or write.fields:
        return Bulk(None, f"{hint} with bulk_create().", 2)
    values, name = plural(key), class_name(write.model)
    code = f'existing = set({model}.filter({key}__in={values}).values_list("{key}", flat=True))\n'
    code += f"{model}.bulk_create({name}({key}=value) for value in set({values}) - existing)"
    return Bulk(Fix("bulk_create", (f"{key}__in",), code), f"{hint}{_skips(write)}.", 2)


def _manager(write: Write, operation: str) -> Bulk:
    owner, name = snake(class_name(write.owner)), write.accessor
    if write.one_owner and operation in ("add", "remove"):
        code = f"{owner}.{name}.{operation}(*rows)"
        return Bulk(Fix("rewrite", (name,), code), f"Give all rows to one {operation}().")
    if len(write.columns) != 2:
        return _related(write, operation)
    column, target = write.columns
    through = f"{class_name(write.owner)}.{name}.through"
    rows = f"{through}.{write.manager}" + (f'.using("{write.using}")' if write.using else "")
    owners = plural(write.owner)
    gone = f"{rows}.filter({column}__in={owners}).delete()"
    made = f"{through}({column}={column}, {target}={target})"
    link = f"{rows}.bulk_create("
    link += f"[{made} for {column}, {target} in pairs]"
    link += ", ignore_conflicts=True)" if write.unique else ")"
    if operation == "add" and not write.unique:
        hint = f"Collect the pairs that do not exist yet and write them once{_skips(write)}."
        return Bulk(Fix("bulk_create", (name,), link), hint, 2)
    if operation == "add":
        hint = f"Collect the pairs and write the rows of the relation once{_skips(write)}."
        return Bulk(Fix("bulk_create", (name,), link), hint)
    if operation == "set":
        hint = f"Take away and write the rows of the relation once for all{_skips(write)}."
        return Bulk(Fix("bulk_create", (name,), f"{gone}\n{link}"), hint, 2)
    if operation == "remove":
        gone = gone.replace(".delete()", f".filter({target}__in={name}).delete()")
    hint = f"Take away the rows of the relation once for all{_skips(write)}."
    return Bulk(Fix("rewrite", (name,), gone), hint)


def _related(write: Write, operation: str) -> Bulk:
    """The manager of a foreign key's other side: its rows are updated."""
    field = ", ".join(write.columns)
    if operation == "add" and field:
        rows = plural(write.model)
        code = f'{_manager_of(write)}.bulk_update({rows}, ["{field}"])'
        hint = f"Set .{field} of the rows in the loop and write them after it{_skips(write)}."
        return Bulk(Fix("bulk_update", (field,), code), hint)
    return Bulk(None, f"Change the rows of all with one update(), not with {operation}() of each.")


def _list_serializer(write: Write) -> Bulk:
    name = class_name(write.model)
    if write.inherits:
        return _create(write)
    code = (
        f"class {name}ListSerializer(serializers.ListSerializer):\n"
        "    def create(self, validated_data):\n"
        f"        rows = [{name}(**values) for values in validated_data]\n"
        f"        return {_manager_of(write)}.bulk_create(rows)"
    )
    hint = f"Set list_serializer_class = {name}ListSerializer in the serializer's Meta"
    return Bulk(Fix("bulk_create", (), code), f"{hint}{_skips(write)}.")


def _formset(write: Write, kinds: set[Kind]) -> Bulk:
    if "insert" in kinds and write.inherits:
        return _create(write)
    hint = f"Let the formset make the objects and write them at once{_skips(write)}."
    model, one = _manager_of(write), snake(class_name(write.model))
    lines = ["formset.save(commit=False)"]
    if "insert" in kinds:
        lines.append(f"{model}.bulk_create(formset.new_objects)")
    if "update" in kinds:
        lines += [
            f"{plural(write.model)} = [{one} for {one}, _ in formset.changed_objects]",
            "fields = {field for _, changed in formset.changed_objects for field in changed}",
            f"{model}.bulk_update({plural(write.model)}, fields)",
        ]
    kind: FixKind = "bulk_create" if "insert" in kinds else "bulk_update"
    return Bulk(Fix(kind, (), "\n".join(lines)), hint, len(kinds & {"insert", "update"}))


def _skips(write: Write) -> str:
    """What the project attached to each write, said plainly: no bulk form runs it."""
    return f"; this skips {' and '.join(write.skipped)}" if write.skipped else ""


def _in(write: Write) -> tuple[str, str]:
    """ "author__in" and "authors" for the one field that chooses the rows."""
    key = write.keys[0]
    return ("pk__in", "pks") if key == "pk" else (f"{key}__in", plural(key))


def _manager_of(write: Write) -> str:
    return manager_code(write.model, write.manager, write.using)


def plural(label: str) -> str:
    """ "projects.TaskTag" -> "task_tags": a name for several."""
    name = snake(class_name(label))
    if name.endswith("s") and not name.endswith(("ss", "us", "is")):
        return name  # Settings, News: a plural as it stands.
    if name.endswith("y") and name[-2:-1] not in "aeiou":
        return f"{name[:-1]}ies"
    return f"{name}es" if name.endswith(("s", "x", "z", "ch", "sh")) else f"{name}s"


def _quoted(names: tuple[str, ...]) -> str:
    return ", ".join(f'"{name}"' for name in names)
