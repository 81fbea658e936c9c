"""What the panel's Explain button asks for: the plan of one query, with the values it ran with.

Guarded as the toolbar guards its own SQL views: shown to whom the toolbar is shown, by POST, for
what this site has signed. The plan is asked for as everywhere: what writes or may change something
is planned only, the rest runs read-only and is rolled back, for a few seconds at most.
"""

from __future__ import annotations

from typing import Any

from debug_toolbar.decorators import render_with_toolbar_language, require_show_toolbar
from debug_toolbar.forms import SignedDataForm
from debug_toolbar.toolbar import DebugToolbar
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest, JsonResponse
from django.template.loader import render_to_string
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from .core.explained import Explained
from .core.reporters.listings import sql_lines
from .core.workload import WorkloadQuery
from .explainable import explainable
from .explaining import explained
from .panel_plan import explanation

PANEL_ID = "QueryScopePanel"

_NO_PAGE = (
    "The toolbar has forgotten this request: it keeps the last ones only (RESULTS_CACHE_SIZE). "
    "Reload the page and explain the query again."
)
_NO_VALUES = (
    "The values of this query are gone. They stay in the memory of the process that served the "
    "page, which has ended, is another one, or has served many pages since. "
    "Reload the page and explain the query again."
)
_COLUMNS, _LINES = 160, 60


# A token that is signed and cannot be guessed is what a form's CSRF token would be.
@csrf_exempt
@login_not_required
@require_POST
@require_show_toolbar
@render_with_toolbar_language
def explain(request: HttpRequest) -> HttpResponse:
    """The plan as ``{"content": html}``, or why there is none; 400 for what was not signed here."""
    asked = _verified(request)
    if asked is None:
        return HttpResponseBadRequest("Invalid signature")
    row = _row(*asked)
    if row is None:
        return _answer({"problem": _NO_PAGE})
    query = explainable.get(row["token"])
    if query is None:
        return _answer({"problem": _NO_VALUES, "row": row})
    return _answer({**explanation(_plan(query)), "row": row})


def _verified(request: HttpRequest) -> tuple[str, str] | None:
    """The request's id and the query's token; None where they were not signed, or not for this."""
    form = SignedDataForm(request.POST)
    data = form.verified_data() if form.is_valid() else None
    # The toolbar's other panels sign theirs in the same way.
    if not isinstance(data, dict) or not {"request_id", "token"} <= data.keys():
        return None
    return data["request_id"], data["token"]


def _row(request_id: str, token: str) -> dict[str, Any] | None:
    """What the panel shows of the query, as it was stored; None when it is there no more."""
    toolbar = DebugToolbar.fetch(request_id, PANEL_ID)
    if toolbar is None:
        return None
    rows = toolbar.get_panel_by_id(PANEL_ID).get_stats().get("slow", ())
    return next((row for row in rows if row["token"] == token), None)


def _plan(query: WorkloadQuery) -> Explained:
    [found] = explained([query]).values()
    return found


def _answer(told: dict[str, Any]) -> JsonResponse:
    if row := told.get("row"):
        row["sql"] = "\n".join(sql_lines(row["fingerprint"], _COLUMNS, _LINES))
    return JsonResponse({"content": render_to_string("queryscope/plan.html", told)})
