"""Whose loop writes: the application's, a library's that it can replace, or nobody's concern."""

from __future__ import annotations

import pytest
from asgiref.sync import async_to_sync
from django import forms
from django.apps import apps
from django.contrib.auth import get_user_model, login
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import Permission
from django.contrib.sessions.backends.db import SessionStore
from django.db import connection, transaction
from django.db.models import signals
from django.template import Context, Template
from django.test import RequestFactory
from rest_framework import serializers

from queryscope import inspect, record

from .marks import line_of
from .testapp import models, writing
from .testapp.models import Author, Book, Country, Draft, Genre, Loan, Note, Publisher, Review

pytestmark = pytest.mark.django_db

NAMES = [f"new {n}" for n in range(5)]
Countries = forms.modelformset_factory(Country, fields=["name"], extra=0)


@pytest.fixture(autouse=True)
def rows(library):
    pass


def found(function, *arguments):
    with record() as recording:
        function(*arguments)
    return inspect(recording).findings


# In async code.

ASYNC = ["acreate", "asave", "aupdate", "adelete", "aget_or_create", "aadd"]


@pytest.mark.parametrize("name", ASYNC)
def test_async_code_writes_in_loops_as_well(name):
    synchronous = {"acreate": "create", "aget_or_create": "get_or_create"}.get(name, name[1:])
    [finding] = found(async_to_sync(getattr(writing, name)))
    assert finding.detector == "write-in-loop"
    assert f".{synchronous}() runs in a loop" in finding.message
    assert finding.location.line == line_of(writing, f"here: {name}")
    assert finding.fix is not None
    if finding.confidence == "certain":
        assert finding.origin.line == line_of(writing, f"origin: {name}")


# Through a library.


class CountrySerializer(serializers.ModelSerializer):
    class Meta:
        model = Country
        fields = ["name"]


class OwnSerializer(serializers.Serializer):
    name = serializers.CharField()

    def create(self, validated_data):
        return Country.objects.create(**validated_data)  # <- here: own


def posted(cls):
    serializer = cls(data=[{"name": name} for name in NAMES], many=True)
    serializer.is_valid(raise_exception=True)
    serializer.save()  # <- here: posted
    return serializer


@pytest.mark.parametrize(
    ("cls", "mark"), [(CountrySerializer, "posted"), (OwnSerializer, "own")], ids=["model", "own"]
)
def test_a_list_serializer_is_one_to_replace(cls, mark):
    [finding] = found(posted, cls)
    assert (finding.count, finding.saves, finding.fix.kind) == (5, 4, "bulk_create")
    assert finding.location.line == line_of(__file__, f"here: {mark}")
    assert "list_serializer_class = CountryListSerializer" in finding.hint
    names = {**vars(models), "serializers": serializers}
    exec(finding.fix.code, names)
    meta = type("Meta", (), {"list_serializer_class": names["CountryListSerializer"]})
    if hasattr(cls, "Meta"):
        meta.model, meta.fields = cls.Meta.model, cls.Meta.fields
    with record() as recording:
        made = posted(type("Fixed", (cls,), {"Meta": meta}))
    assert (recording.queries, inspect(recording).findings) == (1, ())
    assert [country.name for country in made.instance] == NAMES


def filled(initial: int, names: list[str]):
    data = {"form-TOTAL_FORMS": len(names), "form-INITIAL_FORMS": initial}
    keys = Country.objects.order_by("pk").values_list("pk", flat=True)
    for number, name in enumerate(names):
        data[f"form-{number}-name"] = name
        if number < initial:
            data[f"form-{number}-id"] = keys[number]
    formset = Countries(data)
    assert formset.is_valid(), formset.errors
    return formset


def save_all(formset):
    formset.save()  # <- here: formset


@pytest.mark.parametrize("initial", [0, 3], ids=["new", "changed"])
def test_a_formset_is_one_to_replace(initial):
    [finding] = found(save_all, filled(initial, NAMES[: initial or 5]))
    assert finding.location.line == line_of(__file__, "here: formset")
    assert finding.fix.kind == ("bulk_update" if initial else "bulk_create")
    formset = filled(initial, [f"{name}!" for name in NAMES[: initial or 5]])
    with record() as recording:
        exec(finding.fix.code, {**vars(models), "formset": formset})
    assert recording.queries == finding.count - finding.saves == 1
    assert Country.objects.filter(name__endswith="!").count() == (initial or 5)


def test_a_formset_of_new_and_changed_rows_writes_both():
    def mixed(end: str):
        return filled(3, [f"{name}{end}" for name in [*NAMES, "one more"]])

    [finding] = found(save_all, mixed(""))
    assert (finding.count, finding.saves) == (6, 4)
    formset = mixed("!")
    with record() as recording:
        exec(finding.fix.code, {**vars(models), "formset": formset})
    assert recording.queries == 2
    assert Country.objects.filter(name__endswith="!").count() == 6


def test_a_formset_of_the_admin_is_not_the_projects_to_change(client, settings):
    settings.ROOT_URLCONF = "tests.urls_of_writes"
    client.force_login(get_user_model().objects.create_superuser("boss"))
    formset = filled(3, NAMES[:3])
    with record() as recording:
        client.post("/admin/testapp/country/", {**formset.data, "_save": "Save"})
    assert Country.objects.filter(name__in=NAMES).count() == 3
    assert [f for f in inspect(recording).findings if f.detector == "write-in-loop"] == []


def test_new_and_old_objects_in_one_loop_are_told_apart():
    def both():
        for country in [*Country.objects.all(), Country(name="a"), Country(name="b")]:
            country.name += "!"
            country.save()

    [finding] = found(both)
    assert (finding.count, finding.saves, finding.fix) == (5, 3, None)
    assert "bulk_create() and the others with bulk_update()" in finding.hint


class CountryForm(forms.ModelForm):
    class Meta:
        model = Country
        fields = ["name"]


def test_forms_that_the_application_saves_in_its_loop_are_its_own():
    def save_forms():
        for name in NAMES:
            CountryForm({"name": name}).save()  # <- here: forms

    [finding] = found(save_forms)
    assert finding.location.line == line_of(__file__, "here: forms")
    assert finding.fix.code == "Country.objects.bulk_create(countries)"


def test_users_that_are_created_one_by_one_are_found():
    def users():
        for name in NAMES:
            get_user_model().objects.create_user(name)  # <- here: users

    [finding] = found(users)
    assert finding.location.line == line_of(__file__, "here: users")
    assert finding.message == "User.save() runs in a loop: 5 queries"


def test_a_template_that_counts_its_rows_is_placed_there():
    class Row:
        def __init__(self, name):
            self.name = name

        def written(self):
            return Country.objects.create(name=self.name).name  # <- here: template

    template = Template("{% for row in rows %}{{ row.written }}{% endfor %}")
    [finding] = found(template.render, Context({"rows": [Row(name) for name in NAMES]}))
    assert finding.location.line == line_of(__file__, "here: template")


# Whose line it is.


def test_a_save_of_the_model_itself_is_its_callers():
    def drafts():
        for name in NAMES:
            Draft(title=name).save()  # <- here: override-caller

    [finding] = found(drafts)
    assert finding.location.line == line_of(__file__, "here: override-caller")
    assert finding.hint.endswith("this skips Draft.save().")


def test_a_helper_is_named_and_so_is_its_loop():
    [finding] = found(writing.save_in_helper)
    line = line_of(writing, "origin: save_in_helper")
    assert finding.hint.endswith(f"The loop is at writing.py:{line}.")


def test_two_loops_on_two_lines_are_two_findings():
    def both():
        for name in NAMES:
            Country.objects.create(name=name)
        for name in NAMES:
            Country.objects.create(name=name)

    assert [f.count for f in found(both)] == [5, 5]


def test_a_loop_that_reads_and_writes_is_told_whole():
    def both():
        for pk in Book.objects.values_list("pk", flat=True):
            book = Book.objects.get(pk=pk)
            book.pages += 1
            book.save()

    assert sorted(f.detector for f in found(both)) == ["query-in-loop", "write-in-loop"]


def test_only_rows_of_one_list_are_certain():
    def fetched_one_by_one():
        for pk in list(Book.objects.values_list("pk", flat=True)):
            Book.objects.get(pk=pk).delete()

    [finding] = [f for f in found(fetched_one_by_one) if f.detector == "write-in-loop"]
    assert (finding.confidence, finding.origin) == ("likely", None)


def test_a_receiver_is_named_where_a_bulk_form_would_skip_it():
    def receive(**kwargs):
        pass

    signals.post_save.connect(receive, sender=Country)
    signals.m2m_changed.connect(receive, sender=Book.genres.through)
    try:
        [created], [added] = found(writing.create), found(writing.add)
    finally:
        signals.post_save.disconnect(receive, sender=Country)
        signals.m2m_changed.disconnect(receive, sender=Book.genres.through)
    assert created.hint.endswith("; this skips post_save receivers.")
    assert added.hint.endswith("; this skips m2m_changed receivers.")


def test_the_threshold_is_one_of_turns(settings):
    settings.QUERYSCOPE = {**settings.QUERYSCOPE, "LOOP_THRESHOLD": 6}
    assert found(writing.create) == ()
    settings.QUERYSCOPE = {**settings.QUERYSCOPE, "LOOP_THRESHOLD": 5}
    assert len(found(writing.create)) == 1


NO_FIX = [
    ("create_child", "several tables"),
    ("update_two_conditions", "one update()"),
]


@pytest.mark.parametrize(("name", "hint"), NO_FIX)
def test_where_no_code_would_be_right_there_is_a_hint(name, hint):
    [finding] = found(getattr(writing, name))
    assert finding.fix is None
    assert hint in finding.hint


def test_what_cannot_be_written_at_once_is_only_worth_knowing():
    [finding] = found(writing.create_child)
    assert (finding.severity, finding.saves, finding.count) == ("info", 0, 10)


# What must stay silent.


def countries(count: int) -> list[Country]:
    return [Country(name=f"c{n}") for n in range(count)]


def create_in_batches():
    Country.objects.bulk_create(countries(20), batch_size=1)


def create_chunks():
    for start in range(0, 20, 5):
        Country.objects.bulk_create(countries(20)[start : start + 5])


def update_in_batches():
    Book.objects.bulk_update(Book.objects.all(), ["pages"], batch_size=1)


def update_chunks():
    keys = list(Review.objects.values_list("pk", flat=True))
    for start in range(0, 10, 2):
        Review.objects.filter(pk__in=keys[start : start + 2]).update(text="x")


def delete_chunks():
    keys = list(Review.objects.values_list("pk", flat=True))
    for start in range(0, 10, 2):
        Review.objects.filter(pk__in=keys[start : start + 2]).delete()


def delete_a_piece_at_a_time():
    while Book.objects.filter(pk__in=Book.objects.values("pk")[:1]).delete()[0]:
        pass


def delete_many():
    Country.objects.bulk_create(countries(350))
    Country.objects.all().delete()


def delete_a_deep_tree():
    above = None
    for n in range(8):
        [above] = Author.objects.bulk_create([Author(name="deep", email=f"d{n}", mentor=above)])
    Author.objects.filter(name="deep").delete()


def delete_one_with_everything():
    Author.objects.get(name="Author 0").delete()


def executemany():
    with connection.cursor() as cursor:
        for _ in range(5):
            cursor.executemany("INSERT INTO testapp_country (name) VALUES (%s)", [("a",), ("b",)])


def chunks_by_hand():
    with connection.cursor() as cursor:
        for n in range(5):
            sql = "INSERT INTO testapp_country (name) VALUES (%s), (%s)"
            cursor.execute(sql, [f"{n}", f"{n}!"])


def two_turns():
    for name in NAMES[:2]:
        Country.objects.create(name=name)


def one_of_each():
    for model in (Country, Genre, Publisher):
        model.objects.create(name="new")


def straight_line():
    Country.objects.create(name="a")
    Country.objects.create(name="b")
    Country.objects.create(name="c")


def through_one_helper():
    def make(name):
        return Country.objects.create(name=name)

    make("a")
    make("b")
    make("c")


def through_one_override():
    first, second, third = Draft(title="a"), Draft(title="b"), Draft(title="c")
    first.save()
    second.save()
    third.save()


def set_once():
    book = Book.objects.first()
    book.genres.set(Genre.objects.all())
    book.genres.add(*Genre.objects.all())


def many_objects_at_once():
    book = Book.objects.first()
    book.editions.set(models.Edition.everything.all())
    Author.objects.first().friends.set(Author.objects.all())
    book.notes.set(Note.objects.all())


def save_each_by_django():
    """The manager's own loop, which ``bulk=False`` asks for."""
    Author.objects.first().edited.set(Book.objects.all(), bulk=False)


def on_country(instance, **kwargs):
    Genre.objects.create(name=instance.name)


def receivers():
    signals.post_save.connect(on_country, sender=Country)
    try:
        Country.objects.create(name="a")
        Country.objects.create(name="b")
        Country.objects.create(name="c")
    finally:
        signals.post_save.disconnect(on_country, sender=Country)


def permissions():
    Permission.objects.all().delete()
    for config in apps.get_app_configs():
        create_permissions(config, verbosity=0)
    assert Permission.objects.count() > 20


def logins():
    user = get_user_model().objects.create_user("boss")
    request = RequestFactory().get("/")
    request.session = SessionStore()
    login(request, user, backend="django.contrib.auth.backends.ModelBackend")
    request.session.save()


def retried():
    for n in range(5):
        with transaction.atomic():
            Country.objects.filter(name=f"{n}").count()


SILENT = [
    create_in_batches,
    create_chunks,
    update_in_batches,
    update_chunks,
    delete_chunks,
    delete_a_piece_at_a_time,
    delete_many,
    delete_a_deep_tree,
    delete_one_with_everything,
    executemany,
    chunks_by_hand,
    two_turns,
    one_of_each,
    straight_line,
    through_one_helper,
    through_one_override,
    set_once,
    many_objects_at_once,
    save_each_by_django,
    receivers,
    permissions,
    logins,
    retried,
]


@pytest.mark.parametrize("function", SILENT, ids=lambda f: f.__name__)
def test_nothing_is_said_of(function):
    assert [f.message for f in found(function) if f.detector == "write-in-loop"] == []


def test_a_receiver_in_a_loop_is_told_by_the_loop_alone():
    signals.post_save.connect(on_country, sender=Country)
    try:
        findings = found(writing.create)
    finally:
        signals.post_save.disconnect(on_country, sender=Country)
    assert [f.message for f in findings] == ["Country.objects.create() runs in a loop: 5 queries"]


def test_a_loop_within_a_receiver_is_one():
    def receive(instance, **kwargs):
        for name in NAMES:
            Genre.objects.create(name=name)  # <- here: receiver

    signals.post_save.connect(receive, sender=Country)
    try:
        [finding] = found(Country.objects.create)
    finally:
        signals.post_save.disconnect(receive, sender=Country)
    assert finding.location.line == line_of(__file__, "here: receiver")


def test_a_loop_of_deletes_that_cascade_is_one_although_each_has_batches():
    def deletes():
        for author in Author.objects.order_by("pk"):
            author.delete()

    findings = [f for f in found(deletes) if f.detector == "write-in-loop"]
    assert [f.message.partition(" runs")[0] for f in findings] == ["Author.delete()"]


def test_requests_in_a_loop_are_no_loop_of_the_view(client, settings):
    settings.ROOT_URLCONF = "tests.urls_of_writes"
    with record() as recording:
        for _ in range(5):
            client.get("/write/")
    assert recording.queries == 5
    assert inspect(recording).findings == ()


@pytest.mark.parametrize("turns", [3, 16, 17, 100])
def test_every_turn_is_counted(turns):
    book, author = Book.objects.first(), Author.objects.first()

    def create():
        for _ in range(turns):
            Loan.objects.create(book=book, author=author)

    [finding] = found(create)
    assert finding.count == turns
