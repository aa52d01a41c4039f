"""Many edits from one file: all are checked first, what is done is skipped, and each survives what stops it."""
