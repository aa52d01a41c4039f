"""``python -m soundini`` is ``soundini``."""

import sys

from soundini.cli import main

if __name__ == "__main__":
    sys.exit(main())
