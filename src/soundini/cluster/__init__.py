"""Many machines for one batch, by Ray: workers that keep their models, tasks that survive them."""
