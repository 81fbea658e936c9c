"""Captured queries in, findings out. Nothing in here imports Django or touches a database."""
