"""Rendered effects: what each class of sounds looks like when it is drawn into a picture, at any size and moment.

The prior is trained on them, and sampling begins from them. Their parts have fixed places and move as the effect does, so
neighbouring frames show the same flakes a little farther on.
"""
