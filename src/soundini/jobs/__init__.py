"""Edits that can be resumed: a job is a folder that holds what is done so far."""
