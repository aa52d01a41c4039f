"""Errors in the language of the visitor."""
