"""``python -m gainsmodel.cli``."""

from gainsmodel.cli import main

main()
