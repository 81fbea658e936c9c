"""Fixes put in place for the length of one request."""
