"""What an edit is worth, and what the models are worth on held-out material."""
