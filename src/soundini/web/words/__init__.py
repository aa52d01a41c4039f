"""What is wrong, in the language of whoever asked."""
