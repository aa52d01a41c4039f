"""From a form to an edit: its request, its masks, and the sound along it."""
