from django.http import HttpResponse
from django.template.loader import render_to_string
from django.urls import path

from . import (
    deep_offset,
    deferred_load,
    disk_sort,
    duplicate_query,
    n_plus_one,
    non_sargable,
    over_fetch,
    query_budget,
    query_in_loop,
    row_misestimate,
    slow_query,
    stale_statistics,
    unbounded_query,
    unused_eager_load,
    write_in_loop,
)

app_name = "examples"

EXAMPLES = (
    ("n-plus-one", n_plus_one),
    ("query-in-loop", query_in_loop),
    ("duplicate-query", duplicate_query),
    ("write-in-loop", write_in_loop),
    ("deferred-load", deferred_load),
    ("unbounded-query", unbounded_query),
    ("unused-eager-load", unused_eager_load),
    ("over-fetch", over_fetch),
    ("slow-query", slow_query),
    ("non-sargable", non_sargable),
    ("deep-offset", deep_offset),
    ("disk-sort", disk_sort),
    ("row-misestimate", row_misestimate),
    ("stale-statistics", stale_statistics),
    ("query-budget", query_budget),
)


def index(request):
    names = [name for name, _ in EXAMPLES]
    return HttpResponse(render_to_string("examples/index.html", {"names": names}))


urlpatterns = [path("examples/", index, name="index")]
for name, example in EXAMPLES:
    urlpatterns += [
        path(f"{name}/", example.page, name=name),
        path(f"{name}/fixed/", example.fixed, name=f"{name}-fixed"),
    ]
