"""Verbs of the command that have a module of their own: options in, exit status out."""
