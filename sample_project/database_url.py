"""Reads a ``DATABASE_URL``."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

EXAMPLE = "postgresql://user:password@host:5432/name or sqlite:///path/to/file"


class DatabaseUrlError(ValueError):
    """Says in one line what is wrong with the URL."""


def parse(url: str) -> dict[str, Any]:
    """Returns an entry for Django's ``DATABASES``; everything in it percent-decoded.

    A query string names the driver's options: ``?sslmode=require``, ``?timeout=20``. ``?host=``
    is a Unix socket's directory. Raises DatabaseUrlError, without the URL: it may hold a password.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise DatabaseUrlError(
            "DATABASE_URL: malformed host or port, or a password in it is not percent-encoded; "
            f"expected {EXAMPLE}"
        ) from None
    if parts.fragment:
        raise DatabaseUrlError("DATABASE_URL: it contains a #; in a password that is written %23")
    options: dict[str, Any] = dict(parse_qsl(parts.query))
    if parts.scheme == "sqlite":
        if parts.netloc:
            raise DatabaseUrlError(f"DATABASE_URL: sqlite takes three slashes; expected {EXAMPLE}")
        if "timeout" in options:
            options["timeout"] = float(options["timeout"])
        name = unquote(parts.path).removeprefix("/")
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": name or ":memory:"} | (
            {"OPTIONS": options} if options else {}
        )
    if parts.scheme not in ("postgres", "postgresql"):
        raise DatabaseUrlError(f"DATABASE_URL: unknown scheme {parts.scheme!r}; expected {EXAMPLE}")
    # Not parts.hostname, which is in lower case: a socket's directory may be written %2Fvar%2Frun.
    host = parts.netloc.rpartition("@")[2].removesuffix(f":{port}").strip("[]")
    settings = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.removeprefix("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": options.pop("host", unquote(host)),
        "PORT": str(port or ""),
    }
    if not settings["NAME"]:
        raise DatabaseUrlError(f"DATABASE_URL: it names no database; expected {EXAMPLE}")
    return settings | ({"OPTIONS": options} if options else {})
