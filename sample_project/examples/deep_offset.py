from django.http import JsonResponse

from sample_project.projects.models import Comment

PAGE = 20


def thread(comments):
    return JsonResponse({"comments": [f"{comment.task}: {comment.body}" for comment in comments]})


def page(request):
    start = max(0, Comment.objects.count() - PAGE)
    comments = Comment.objects.select_related("task").order_by("-created_at", "-id")
    return thread(comments[start : start + PAGE])


def fixed(request):
    comments = Comment.objects.select_related("task").order_by("created_at", "id")
    return thread(reversed(comments[:PAGE]))
