"""The page as files: HTML, styles, modules of JavaScript, and the words of each language; a client of the HTTP API."""
