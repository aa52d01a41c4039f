"""Evaluation of edited files, and of the models on held-out data."""
