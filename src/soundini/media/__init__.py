"""Videos, sounds and pictures as files: reading and writing."""
