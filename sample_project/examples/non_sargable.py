from django.http import JsonResponse

from sample_project.projects.models import Comment


def first_remark():
    return Comment.objects.order_by("pk").values_list("body", flat=True).first() or ""


def page(request):
    remark = first_remark()
    return JsonResponse({"said": Comment.objects.filter(body__iexact=remark).count()})


def fixed(request):
    remark = first_remark()
    return JsonResponse({"said": Comment.objects.filter(body=remark).count()})
