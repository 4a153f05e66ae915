"""The command: ``python -m denograd`` is ``denograd``."""

import sys

from denograd.cleaning.cli import main

if __name__ == "__main__":
    sys.exit(main())
