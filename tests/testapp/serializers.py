from __future__ import annotations

from rest_framework import serializers

from .models import Author, Book, Review


class KindSerializer(serializers.Serializer):
    """One field for each kind; the view says which is written."""

    forward_fk = serializers.CharField(source="author.name")  # <- here: forward_fk
    self_fk = serializers.CharField(source="mentor.name", default=None)  # <- here: self_fk
    parent_fk = serializers.CharField(source="author.name")  # <- here: parent_fk
    forward_one_to_one = serializers.CharField(source="author.name")  # <- here: forward_one_to_one
    reverse_one_to_one = serializers.CharField(source="profile.bio")  # <- here: reverse_one_to_one
    reverse_fk = serializers.StringRelatedField(many=True, source="reviews")  # <- here: reverse_fk
    m2m = serializers.StringRelatedField(many=True, source="genres")  # <- here: m2m
    m2m_reverse = serializers.StringRelatedField(many=True, source="books")  # <- here: m2m_reverse
    second_m2m = serializers.PrimaryKeyRelatedField(  # <- here: second_m2m
        many=True, source="subgenres", read_only=True
    )
    generic_fk = serializers.StringRelatedField(source="content_object")  # <- here: generic_fk
    generic_relation = serializers.SlugRelatedField(  # <- here: generic_relation
        many=True, source="notes", slug_field="text", read_only=True
    )
    deferred = serializers.CharField(source="summary")  # <- here: deferred
    count = serializers.IntegerField(source="reviews.count")  # <- here: count
    exists = serializers.BooleanField(source="genres.exists")  # <- here: exists
    chain = serializers.CharField(source="author.country.name")  # <- here: chain

    def get_fields(self):
        kind = self.context["view"].kwargs["kind"]
        return {kind: super().get_fields()[kind]}


class AuthorSerializer(serializers.ModelSerializer):
    class Meta:
        model = Author
        fields = ["name", "email"]


class ReviewSerializer(serializers.ModelSerializer):
    reviewer = AuthorSerializer()  # <- here: deep

    class Meta:
        model = Review
        fields = ["text", "reviewer"]


class ShortReviewSerializer(serializers.ModelSerializer):
    class Meta:
        model = Review
        fields = ["text"]


class MethodSerializer(serializers.ModelSerializer):
    author_name = serializers.SerializerMethodField()

    class Meta:
        model = Book
        fields = ["title", "author_name"]

    def get_author_name(self, book):
        return book.author.name  # <- here: method


class NestedSerializer(serializers.ModelSerializer):
    author = AuthorSerializer()  # <- here: nested

    class Meta:
        model = Book
        fields = ["title", "author"]


class NestedManySerializer(serializers.ModelSerializer):
    reviews = ShortReviewSerializer(many=True)  # <- here: nested_many

    class Meta:
        model = Book
        fields = ["title", "reviews"]


class DeepSerializer(serializers.ModelSerializer):
    reviews = ReviewSerializer(many=True)  # <- here: deep_many

    class Meta:
        model = Book
        fields = ["title", "reviews"]


class SlugSerializer(serializers.ModelSerializer):
    author = serializers.SlugRelatedField(slug_field="name", read_only=True)  # <- here: slug

    class Meta:
        model = Book
        fields = ["title", "author"]


class MetaSerializer(serializers.ModelSerializer):
    class Meta:
        model = Book
        fields = ["title", "author", "genres"]  # <- here: meta


class DepthSerializer(serializers.ModelSerializer):
    class Meta:
        model = Book
        fields = ["title", "publisher"]  # <- here: depth
        depth = 1


class PropertySerializer(serializers.ModelSerializer):
    class Meta:
        model = Author
        fields = ["name", "country_name"]


class PlainSerializer(serializers.ModelSerializer):
    class Meta:
        model = Book
        fields = ["title", "author"]
