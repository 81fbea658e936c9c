"""Names that the code of a fix uses, and what has to be imported for them where it is put."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator

import libcst as cst

from ..core.findings import Finding
from ..core.repairs import Fix
from .modules import Bound, alike, bindings, leads_to, model_named, module_name
from .parsed import Parsed
from .results import Uncertain


def used_names(code: str) -> list[str]:
    """Names that an expression looks up outside of itself; ``_`` stands for none."""
    tree = ast.parse(f"({code})", mode="eval")
    nodes = [node for node in ast.walk(tree) if isinstance(node, ast.Name)]
    own = {"_", *(node.id for node in nodes if isinstance(node.ctx, ast.Store))}
    loaded = (node.id for node in nodes if isinstance(node.ctx, ast.Load))
    return [n for n in dict.fromkeys(loaded) if n not in own and not hasattr(builtins, n)]


def imported_by(fix: Fix) -> dict[str, Bound]:
    """The names that a fix says it needs of Django."""
    found = {}
    for line in fix.imports:
        (node,) = ast.parse(line).body
        assert isinstance(node, ast.ImportFrom)
        found.update({a.name: Bound(node.module or "", a.name) for a in node.names})
    return found


def missing(
    code: str, findings: Iterable[Finding], parsed: Parsed, node: cst.CSTNode
) -> dict[str, Bound]:
    """What to import so that ``code`` can stand where ``node`` is in a file. Raises Uncertain."""
    findings = list(findings)
    path = parsed.text.path
    here = bindings(parsed.text.text, path)
    local = set(_local_names(parsed, node))
    django = {name: bound for f in findings if f.fix for name, bound in imported_by(f.fix).items()}
    needed: dict[str, Bound] = {}
    for name in used_names(code):
        bound = django.get(name) or model_named(name, path) or _elsewhere(name, findings, path)
        if name in local and (name in django or bound is not None):
            raise Uncertain(f"{name} is another thing there")
        if name in local:
            continue
        if bound is None:
            if name not in here:
                raise Uncertain(f"where {name} comes from is not known")
        elif name not in here:
            needed[name] = bound
        elif not alike(here[name], bound):
            raise Uncertain(f"{name} is another thing there")
    for name, bound in needed.items():
        if bound.module == module_name(path):
            raise Uncertain(f"{name} is not at the top of its module")
        if leads_to(bound.module, path):
            raise Uncertain(f"importing {name} from {bound.module} would be a circle")
    return needed


def _elsewhere(name: str, findings: Iterable[Finding], path: str) -> Bound | None:
    """What a name stands for in the files where the rows are read."""
    for finding in findings:
        place = finding.location
        if place is None or place.file == path or not place.file.endswith(".py"):
            continue
        try:
            with open(place.file, encoding="utf-8") as stream:
                found = bindings(stream.read(), place.file).get(name)
        except (OSError, SyntaxError, ValueError):
            continue
        if found is not None:
            return found
    return None


def _local_names(parsed: Parsed, node: cst.CSTNode) -> Iterator[str]:
    """Names that the functions around a node bind."""
    for function in parsed.functions_around(node):
        for inner in ast.walk(ast.parse(_dedented(parsed, function))):
            if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Store):
                yield inner.id
            elif isinstance(inner, ast.arg):
                yield inner.arg
            elif isinstance(inner, ast.alias):
                yield inner.asname or inner.name.partition(".")[0]


def _dedented(parsed: Parsed, function: cst.FunctionDef) -> str:
    plain = function.with_changes(decorators=[], leading_lines=[])
    return parsed.code(plain)
