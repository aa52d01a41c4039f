"""What the demo shows, and where it comes from."""
