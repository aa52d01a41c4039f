"""Videos, sounds and pictures: all that enters or leaves as a file, and its geometry."""
