"""The methods that ours is compared to, with the same models and the same editor."""
