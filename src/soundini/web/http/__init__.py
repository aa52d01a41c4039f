"""The HTTP side: routes, access control, and the listening server."""
