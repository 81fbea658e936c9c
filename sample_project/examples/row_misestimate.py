from django.db.models import Sum
from django.db.models.functions import Length
from django.http import JsonResponse

from sample_project.projects.models import Comment


def written(comments):
    return JsonResponse(comments.aggregate(characters=Sum(Length("body"))))


def page(request):
    return written(Comment.objects.filter(task__status__iexact="done"))


def fixed(request):
    return written(Comment.objects.filter(task__status="done"))
