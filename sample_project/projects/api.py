from rest_framework import viewsets
from rest_framework.pagination import PageNumberPagination
from rest_framework.permissions import IsAuthenticated

from .models import Project, Task
from .serializers import (
    ProjectDetailSerializer,
    ProjectSerializer,
    TaskFilterSerializer,
    TaskSerializer,
    TaskWriteSerializer,
)


class LargePagination(PageNumberPagination):
    page_size = 100
    page_size_query_param = "page_size"
    max_page_size = 1000


class TaskPagination(PageNumberPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500


class ProjectViewSet(viewsets.ReadOnlyModelViewSet):
    queryset = Project.objects.all()
    permission_classes = [IsAuthenticated]
    pagination_class = LargePagination

    def get_serializer_class(self):
        return ProjectDetailSerializer if self.action == "retrieve" else ProjectSerializer


class TaskViewSet(viewsets.ModelViewSet):
    queryset = Task.objects.select_related("project").prefetch_related("comments")
    permission_classes = [IsAuthenticated]
    pagination_class = TaskPagination

    def get_serializer_class(self):
        if self.action in {"create", "update", "partial_update"}:
            return TaskWriteSerializer
        return TaskSerializer

    def filter_queryset(self, queryset):
        filters = TaskFilterSerializer(data=self.request.query_params)
        filters.is_valid(raise_exception=True)
        return queryset.filter(**filters.validated_data)
