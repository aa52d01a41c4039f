"""Edits that survive: a job is a folder that holds what is done, and goes on from there."""
