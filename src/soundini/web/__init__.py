"""The page: a local server that edits videos, for people with a browser and for programs over HTTP."""
