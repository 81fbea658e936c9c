from django.db import connection
from django.http import JsonResponse

REPORT = """
    SELECT SUM(LENGTH(projects_comment.body)) FROM closed
    JOIN projects_comment ON projects_comment.task_id = closed.id
    WHERE closed.status = 'done'
"""


def load(cursor):
    """A copy to work on; autovacuum never looks at a temporary table."""
    cursor.execute("DROP TABLE IF EXISTS closed")
    cursor.execute("CREATE TEMPORARY TABLE closed AS SELECT id, status FROM projects_task")


def report(cursor):
    cursor.execute(REPORT)
    return JsonResponse({"characters": cursor.fetchone()[0]})


def page(request):
    with connection.cursor() as cursor:
        load(cursor)
        return report(cursor)


def fixed(request):
    with connection.cursor() as cursor:
        load(cursor)
        cursor.execute("ANALYZE closed")
        return report(cursor)
