"""The jobs of visitors: queued, done one at a time, remembered."""
