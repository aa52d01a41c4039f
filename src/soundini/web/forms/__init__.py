"""What visitors ask for, and what it means: an edit, its masks, what is heard along it."""
