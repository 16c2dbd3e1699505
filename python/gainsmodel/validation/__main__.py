"""Write the pages of the validation: ``python -m gainsmodel.validation [FOLDER]``.

Needs the extra ``charts``, and the folder ``tests`` of a checkout on PYTHONPATH.
"""

import sys
from pathlib import Path

from gainsmodel.errors import GainsModelError
from gainsmodel.files import write_file, writing
from gainsmodel.spreadsheets import csv
from gainsmodel.validation import diffusion, hindcast, ledger, numerical, prize, reverse
from gainsmodel.validation.page import index
from gainsmodel.validation.verdict import verdict_rows

FOLDER = Path("docs/validation")
ITEMS = (hindcast, diffusion, prize, ledger, reverse, numerical)


def write(folder: Path) -> None:
    """Write every page, its pictures and the index into a folder."""
    with writing(folder, GainsModelError):
        folder.mkdir(parents=True, exist_ok=True)
    pages = [item.page() for item in ITEMS]
    for page in pages:
        page.write(folder)
    write_file(folder / "README.md", index(pages).encode(), GainsModelError)
    rows = verdict_rows([(page.title, page.verdicts) for page in pages])
    write_file(folder / "verdicts.csv", csv(rows), GainsModelError)


if __name__ == "__main__":
    try:
        write(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
    except GainsModelError as error:
        sys.exit(f"error: {error}")
