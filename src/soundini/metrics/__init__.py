"""Measures of an edit, from tensors and curves; none uses a network that guides."""
