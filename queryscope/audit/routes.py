"""The project's URLconf -> every route, with its view and the method an audit may use on it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.resolvers import RoutePattern

from ..core import url_patterns
from ..core.url_patterns import Capture

View = Callable[..., Any]

#: A path that only a pattern that takes any path matches.
_ANY_PATH = "any/path/below/"
_SAFE = "!$&'()*+,;=/~:@"
_AUTOCOMPLETE = "?app_label=...&model_name=...&field_name=..."
_NO_METHOD = "answers no method: its view has no get()"
_DEVELOPMENT_TOOLS = ("debug_toolbar", "silk", "django_browser_reload", "queryscope")
_FILE_VIEWS = {"django.views.static", "django.contrib.staticfiles.views"}


@dataclass(frozen=True, slots=True)
class Argument:
    """One captured argument of a route: its name ("pk", or "0" when unnamed) and its converter.

    ``only`` is its text where the pattern itself lists the values.
    """

    name: str
    converter: Any = None
    only: str | None = None

    def text(self, value: Any) -> str:
        """The value as it stands in a URL. Raises what the project's converter raises."""
        return str(self.converter.to_url(value) if self.converter else value)


@dataclass(frozen=True, slots=True)
class Route:
    """One way to write a URL of one view; ``name`` is "/api/projects/{pk}/".

    ``label`` is the name used by ``reverse()``, namespaces included, or "". ``any_path`` is the
    argument that takes paths of any depth, or "". A ``catch_all`` answers all that is below its
    beginning: its pattern does not tell what is worth a request.
    """

    name: str
    parts: tuple[str | Argument, ...]
    view: View
    label: str = ""
    admin: bool = False
    any_path: str = ""
    catch_all: bool = False

    @property
    def arguments(self) -> tuple[Argument, ...]:
        return tuple(part for part in self.parts if isinstance(part, Argument))

    def url(self, values: Mapping[str, Any]) -> str:
        """The URL path with the arguments in place, quoted as Django's ``reverse()`` does."""
        texts = [p if isinstance(p, str) else p.text(values[p.name]) for p in self.parts]
        return quote("/" + "".join(texts), safe=_SAFE)


@dataclass(frozen=True, slots=True)
class _Prefix:
    parts: tuple[str | Argument, ...] = ()
    namespaces: tuple[str, ...] = ()
    applications: tuple[str, ...] = ()


def walk(urlconf: str | None = None) -> Iterator[Route]:
    """Every route of the URLconf, once, in its order. Raises what importing the URLconf raises."""
    seen = set()
    for route in _walk(get_resolver(urlconf).url_patterns, _Prefix()):
        if (route.name, route.view) not in seen and not _is_format_suffix(route):
            seen.add((route.name, route.view))
            yield route


def _walk(entries: Iterable[URLPattern | URLResolver], prefix: _Prefix) -> Iterator[Route]:
    for entry in entries:
        for parts in _parts(entry.pattern):
            if isinstance(entry, URLResolver):
                inner = _Prefix(
                    prefix.parts + parts,
                    prefix.namespaces + ((entry.namespace,) if entry.namespace else ()),
                    prefix.applications + ((entry.app_name,) if entry.app_name else ()),
                )
                yield from _walk(entry.url_patterns, inner)
            else:
                yield _route(entry, parts, prefix)


def _parts(pattern: Any) -> list[tuple[str | Argument, ...]]:
    converters = pattern.converters if isinstance(pattern, RoutePattern) else {}
    found = []
    for form in url_patterns.forms(pattern.regex.pattern):
        found.append(
            tuple(
                Argument(part.name, converters.get(part.name), part.only)
                if isinstance(part, Capture)
                else part
                for part in form
            )
        )
    return found


def _route(entry: URLPattern, parts: tuple[str | Argument, ...], prefix: _Prefix) -> Route:
    named = _numbered(prefix.parts + parts)
    name = "/" + "".join(p if isinstance(p, str) else f"{{{p.name}}}" for p in named)
    any_path, catch_all = "", False
    if _takes_any_path(entry.pattern, parts):
        own = named[len(named) - len(parts) :]
        any_path = next((part.name for part in own if isinstance(part, Argument)), "")
        catch_all = not any_path or name.endswith(("}", "}/"))
        if name.endswith("//"):
            name = name[:-1] + "*"  # ".*/" stands for any path but the empty one
    return Route(
        name=name,
        parts=named,
        view=entry.callback,
        label=":".join((*prefix.namespaces, entry.name or "")) if entry.name else "",
        admin="admin" in prefix.applications or hasattr(entry.callback, "admin_site"),
        any_path=any_path,
        catch_all=catch_all,
    )


def _takes_any_path(pattern: Any, parts: tuple[str | Argument, ...]) -> bool:
    """Whether the only argument of a pattern, or what it leaves open, takes paths of any depth."""
    texts = [part if isinstance(part, str) else _ANY_PATH for part in parts]
    arguments = texts.count(_ANY_PATH)
    text = "".join(texts) + ("" if arguments else _ANY_PATH)
    # A pattern that merely lacks its "$" is that of the page before it.
    matches = pattern.regex.fullmatch if parts else pattern.regex.match
    return arguments <= 1 and matches(text) is not None


def _numbered(parts: tuple[str | Argument, ...]) -> tuple[str | Argument, ...]:
    """Unnamed arguments counted over all includes, as the view receives them."""
    count = 0
    numbered: list[str | Argument] = []
    for part in parts:
        if isinstance(part, Argument) and part.name.isdecimal():
            part = Argument(str(count), part.converter, part.only)
            count += 1
        numbered.append(part)
    return tuple(numbered)


def _is_format_suffix(route: Route) -> bool:
    """Whether this is REST framework's second copy of a route, with ".json" and the like."""
    for before, part in zip(("", *route.parts), route.parts, strict=False):
        if isinstance(part, Argument):
            if type(part.converter).__name__ == "FormatSuffixConverter":
                return True
            if part.name == "format" and isinstance(before, str) and before.endswith("."):
                return True
    return False


def view_class(view: View) -> type | None:
    """The class behind ``as_view()`` of Django or REST framework, through decorators; or None."""
    for layer in _layers(view):
        found = getattr(layer, "view_class", None) or getattr(layer, "cls", None)
        if isinstance(found, type):
            return found
    return None


def view_options(view: View) -> dict[str, Any]:
    """Keyword arguments that were given to ``as_view()``."""
    for layer in _layers(view):
        found = getattr(layer, "view_initkwargs", None) or getattr(layer, "initkwargs", None)
        if isinstance(found, dict):
            return dict(found)
    return {}


def view_actions(view: View) -> dict[str, str]:
    """A REST framework viewset's methods: ``{"get": "list", "post": "create"}``."""
    for layer in _layers(view):
        found = getattr(layer, "actions", None)
        if isinstance(found, dict):
            return dict(found)
    return {}


def _layers(view: View) -> Iterator[Any]:
    while view is not None:
        yield view
        view = getattr(view, "__wrapped__", None) or getattr(view, "func", None) or _held(view)


def _held(wrapper: Any) -> Any:
    """The class-based view that a decorator without functools.wraps() has closed over; or None."""
    for cell in getattr(wrapper, "__closure__", None) or ():
        try:
            held = cell.cell_contents
        except ValueError:  # not assigned yet
            continue
        if inspect.isfunction(held) and {"view_class", "cls"} & vars(held).keys():
            return held
    return None


def accepted_methods(view: View) -> tuple[str, ...] | None:
    """HTTP methods the view answers, upper case; None when only asking it would tell."""
    cls = view_class(view)
    if cls is None:
        return _required_methods(view)
    names = [str(name).lower() for name in _option(view, cls, "http_method_names", ())]
    actions = view_actions(view)
    if actions:
        return tuple(name.upper() for name in names if name in actions)
    return tuple(n.upper() for n in names if hasattr(cls, n) and n != "options")


def _option(view: View, cls: type, name: str, default: Any) -> Any:
    return view_options(view).get(name, getattr(cls, name, default))


def _required_methods(view: View) -> tuple[str, ...] | None:
    for layer in _layers(view):
        if inspect.isfunction(layer) and "request_method_list" in layer.__code__.co_freevars:
            methods = inspect.getclosurevars(layer).nonlocals["request_method_list"]
            return tuple(str(method) for method in methods)
    return None


def audit_method(view: View) -> str | None:
    """GET where the view answers it, else HEAD, else None: nothing else is ever sent."""
    accepted = accepted_methods(view)
    if accepted is None or "GET" in accepted:
        return "GET"
    return "HEAD" if "HEAD" in accepted else None


def reason_to_skip(route: Route, *, admin: bool = False) -> str | None:
    """Why an audit leaves the route out, or None when it is to be requested."""
    module = _module(route.view)
    if module in _FILE_VIEWS:
        return "serves files"
    if module.split(".")[0] in _DEVELOPMENT_TOOLS:
        return f"belongs to {module.split('.')[0]}"
    if route.admin and not admin:
        return "admin; add --admin to audit it"
    if route.admin and getattr(route.view, "__name__", "") == "catch_all_view":
        return "the admin's answer to URLs that do not exist"
    if route.admin and getattr(route.view, "__name__", "") == "autocomplete_view":
        return f"wants to know the field: pass {route.name}{_AUTOCOMPLETE}"
    if audit_method(route.view):
        return None
    reason = accepts(route.view)
    return reason if reason == _NO_METHOD else f"{reason}; record() sees it"


def accepts(view: View) -> str:
    """What a view without GET and HEAD answers, as a predicate."""
    accepted = ", ".join(accepted_methods(view) or ())
    if accepted:
        return f"accepts {accepted} only"
    own = getattr(view_class(view), "dispatch", None)
    if getattr(own, "__module__", "django.").startswith(("django.", "rest_framework.")):
        return _NO_METHOD
    return "answers through its own dispatch(), not get()"


def _module(view: View) -> str:
    cls = view_class(view)
    module = (cls or inspect.unwrap(view)).__module__ if cls or callable(view) else ""
    return str(module or "")
