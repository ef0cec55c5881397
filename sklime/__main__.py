"""Run ``python -m sklime``, the program ``sklime``."""

from sklime.cli import main

main()
