"""The jobs of visitors: queued, run one at a time, and kept on disk."""
