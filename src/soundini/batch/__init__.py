"""Many edits from one file. All are checked first, finished ones are skipped, and each can be resumed."""
