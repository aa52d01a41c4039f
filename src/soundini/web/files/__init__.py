"""What visitors bring, and the server's folder."""
