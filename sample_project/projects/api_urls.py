from rest_framework.routers import SimpleRouter

from .api import ProjectViewSet, TaskViewSet

router = SimpleRouter()
router.register("projects", ProjectViewSet)
router.register("tasks", TaskViewSet)

urlpatterns = router.urls
