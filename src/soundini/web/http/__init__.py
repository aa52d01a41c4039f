"""What is spoken over HTTP: routes, who may ask, and the server that listens."""
