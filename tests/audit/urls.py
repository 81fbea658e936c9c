"""Every way to write a route that an audit meets."""

from __future__ import annotations

from django.conf.urls.i18n import i18n_patterns
from django.contrib import admin
from django.urls import include, path, re_path, register_converter
from django.views.static import serve
from rest_framework.routers import DefaultRouter
from rest_framework.urlpatterns import format_suffix_patterns

from . import views


class HexConverter:
    regex = "0x[0-9a-f]+"

    def to_python(self, value: str) -> int:
        return int(value, 16)

    def to_url(self, value: int) -> str:
        return hex(value)


register_converter(HexConverter, "hex")

router = DefaultRouter()
router.register("books", views.BookViewSet)

authors = (
    [
        path("", views.index, name="list"),
        path("<int:author>/books/", views.BookList.as_view(), name="books"),
        path("<str:address>/", views.AuthorByEmail.as_view(), name="detail"),
    ],
    "authors",
)

urlpatterns = [
    path("", views.index, name="home"),
    path("authors/", include(authors, namespace="writers")),
    path("books/<int:pk>/", views.BookDetail.as_view(), name="book"),
    path("books/<int:pk>/", views.any_arguments, name="shadowed"),
    path("books/<hex:pk>/hex/", views.BookDetail.as_view(), name="hex"),
    path("books/<int:book_id>/reviews/<int:pk>/", views.book_review, name="review"),
    path("books/<int:book_pk>/reviews/", views.ReviewList.as_view(), name="reviews"),
    path("visible/books/<int:pk>/", views.visible),
    path("long/<int:key>/", views.through_helper, name="helper"),
    path("publisher/<int:ident>/", views.renamed, name="renamed"),
    path("countries/<int:id>/", views.by_path, name="by-path"),
    path("reviews/<int:number>/", views.any_arguments, name="number"),
    path("day/<int:year>/<int:month>/<int:day>/<int:pk>/", views.TaskOfDay.as_view(), name="day"),
    path("page/<int:page>/", views.any_arguments, name="page"),
    path("unknown/<slug:colour>/", views.any_arguments, name="unknown"),
    re_path(r"^books/(\d+)/old/$", views.any_arguments, name="unnamed"),
    re_path(r"^state/(?P<state>open|closed)/$", views.any_arguments, name="listed"),
    re_path(r"^archive/(?:(?P<year>[0-9]{4})/)?$", views.any_arguments, name="optional"),
    re_path(r"^(?:either|or)/?$", views.index, name="alternatives"),
    re_path(r"^nameless/([a-z]+)/$", views.any_arguments),
    path("docs/", views.index),
    path("docs/<path:path>", views.any_arguments),
    path("files/<path:path>", views.any_arguments),
    re_path(r"^guide/(?P<path>.+/|)_edit/$", views.any_arguments),
    path("files/<path:path>/<int:line>/", views.any_arguments),
    re_path(r"^pages/((?:[\w\-]+/)*)$", views.any_arguments),
    re_path(r"^spa/.*$", views.any_arguments),
    path("lost/", include([re_path(r"^.*/$", views.missing)])),
    path("base/", views.NoMethods.as_view()),
    path("api/", include(router.urls)),
    *format_suffix_patterns([path("plain/", views.api_post), path("plain2/", views.index)]),
    path("post/", views.post_only),
    path("safe/", views.safe),
    path("head/", views.Head.as_view()),
    path("create/", views.CreateBook.as_view()),
    path("admin/", admin.site.urls),
    path("media/<path:path>", serve, {"document_root": "/"}),
    *i18n_patterns(path("about/", views.index, name="about")),
    path("login/", views.index, name="login"),
    path("token/<int:pk>/", views.TokenOnly.as_view()),
    path("authors-of-books/", views.authors_of_books),
    path("one-book/", views.one_book),
    path("countries-elsewhere/", views.countries_elsewhere),
    path("broken/", views.broken),
    path("private/", views.private),
    path("forbidden/", views.forbidden),
    path("missing/", views.missing),
    path("moved/", views.moved),
    path("writes/", views.writes),
    path("breaks-transaction/", views.breaks_transaction),
    path("closes-connection/", views.closes_connection),
    path("exits/", views.exits),
    path("streamed/", views.streamed),
    path("streamed-async/", views.streamed_async),
    path("endless/", views.endless),
    path("endless-async/", views.endless_async),
    path("asynchronous/", views.asynchronous),
    path("prints/", views.prints),
    path("profile-of-user/", views.profile_of_user),
    path("leaves-block-open/", views.leaves_block_open),
    path("held/<str:some_key>/", views.without_wraps(views.OfTheTenant.as_view())),
    path("beside/<int:pk>/", views.BesideItsQueryset.as_view()),
    path("of-author/<str:some_key>/", views.OfSomeAuthor.as_view()),
    path("of-tenant/<str:some_key>/", views.OfTheTenant.as_view()),
    path("elsewhere/authors/<str:author>/", views.elsewhere),
    path("country/<str:country>/", views.country_named),
    path("elsewhere/countries/<str:country>/", views.elsewhere),
    path("users/<str:user_name>/", views.any_arguments),
    path("nc/<int:nc_key>/", views.any_arguments),
    path("authors/<str:author>/mail/<str:email>/", views.any_arguments),
    path("quarter/<int:year>/<int:quarter>/", views.any_arguments),
    path("week/<str:year>/<str:month>/<str:day>/<str:week>/", views.any_arguments),
    path("tasks/<int:year>/<int:quarter>/", views.any_arguments),
    re_path(r"^open-ended/(?P<book>[0-9]+)/more", views.any_arguments),
    re_path(r"^open-ended/", views.index),
    path("post-itself/", views.only_post_says_itself),
    path("refuses/", views.refuses_without_a_word),
    path("refuses-allowed/", views.refuses_though_allowed),
    path("own-dispatch/", views.OwnDispatch.as_view()),
    path("ends-the-session/", views.ends_the_session),
    path("catches/", views.catches),
    path("answers-500/", views.answers_500),
    path("soils/", views.soils),
    path("soils-async/", views.soils_async),
    path("is-soiled/", views.is_soiled),
]
