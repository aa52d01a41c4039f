"""What the models are worth, measured on held-out material."""
