"""One batch on many machines, by Ray: workers keep their models, and tasks survive lost workers."""
