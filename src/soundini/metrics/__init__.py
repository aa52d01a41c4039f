"""What an edit is worth: figures of tensors and curves, none of them by a network that guides."""
