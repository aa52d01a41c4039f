"""What the method is compared to, on the same models and behind the same editor."""
