"""Run ``python -m sklime``."""

import sys

from sklime.cli import main

sys.exit(main())
