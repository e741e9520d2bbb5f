"""``python -m ganc`` is the command line of `ganc.cli`."""

import sys

from ganc.cli import main

if __name__ == "__main__":
    sys.exit(main())
