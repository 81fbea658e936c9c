"""The smallest tables that show an N+1: tasks of projects that people own."""

from __future__ import annotations

from django.db import models


class Person(models.Model):
    name = models.CharField(max_length=100)
    email = models.EmailField()

    def __str__(self) -> str:
        return self.name


class Project(models.Model):
    name = models.CharField(max_length=100)
    status = models.CharField(max_length=20)
    owner = models.ForeignKey(Person, on_delete=models.CASCADE, related_name="projects")
    created_at = models.DateTimeField(auto_now_add=True)

    def __str__(self) -> str:
        return self.name


class Task(models.Model):
    title = models.CharField(max_length=200)
    description = models.TextField()
    status = models.CharField(max_length=20)
    priority = models.PositiveSmallIntegerField(default=0)
    due_date = models.DateField(null=True)
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="tasks")
    assigned_to = models.ForeignKey(Person, null=True, on_delete=models.SET_NULL)

    def __str__(self) -> str:
        return self.title
