from __future__ import annotations

from django.urls import include, path
from rest_framework.routers import SimpleRouter

from . import listings, views
from .admin import site

router = SimpleRouter()
router.register(r"viewset/(?P<kind>\w+)", views.KindViewSet, basename="kind")

urlpatterns = [
    path("loop/<kind>/", views.loop),
    path("comprehension/<kind>/", views.comprehension),
    path("generator/<kind>/", views.generator),
    path("streaming/<kind>/", views.streaming),
    path("thread/<kind>/", views.thread),
    path("asynchronous/<kind>/", views.asynchronous),
    path("method/<kind>/", views.Method.as_view()),
    path("rendered/<kind>/", views.rendered),
    path("template_response/<kind>/", views.template_response),
    path("list_view/<kind>/", views.Rows.as_view()),
    path("template_view/<kind>/", views.RowsPage.as_view()),
    path("list_api/<kind>/", views.KindList.as_view()),
    path("function_api/<kind>/", views.function_api),
    path("", include(router.urls)),
    path("books/", views.Books.as_view()),
    path("queryset/", views.BooksOfQueryset.as_view()),
    path("publisher/<int:pk>/", views.PublisherDetail.as_view()),
    path("tags/<tag>/", views.tags),
    path("form/", views.form),
    path("context/", views.context),
    path("signal/", views.signal),
    path("me/", views.me),
    path("properties/", views.properties),
    path("methods/", views.methods),
    path("labels/", views.labels),
    path("api/<serializer>/", views.BookList.as_view()),
    path("authors/", views.AuthorList.as_view()),
    path("book/<int:pk>/", views.BookDetail.as_view()),
    path("boxed/", listings.Boxed.as_view()),
    path("popular/", listings.Popular.as_view()),
    path("kids/<int:pk>/", listings.Kids.as_view()),
    path("latest/", listings.Latest.as_view()),
    path("of_publisher/<int:pk>/", listings.OfPublisher.as_view()),
    path("thick/<int:pk>/", listings.Thick.as_view()),
    path("available/", listings.Available.as_view()),
    path("feed/", listings.BookFeed()),
    path("posts/", listings.posts),
    path("admin/", site.urls),
]
