"""What one server carries; whoever runs it sets the first two by environment variables."""

import os

from gainsmodel import GainsModelError


class SettingsError(GainsModelError):
    """An environment variable that cannot be used."""


def _whole(name: str, default: int) -> int:
    told = os.environ.get(name, str(default))
    if not (told.isascii() and told.isdigit() and int(told[:12]) > 0):
        raise SettingsError(
            f"{name}: must be a whole number above 0, such as {default}; got {told!r}"
        )
    return int(told[:12])


# Tabs that are open at the same time.
VISITORS = _whole("GAINSMODEL_VISITORS", 100)
# Memory of results, of all visitors together and of one.
RESULTS_BYTES = 1_000_000 * _whole("GAINSMODEL_RESULTS_MB", 1_000)
RESULTS_BYTES_EACH = RESULTS_BYTES * 3 // 4
# Uploaded files are held in memory: of one visitor, of all together, and how many of one.
UPLOADS_BYTES_EACH = 60_000_000
UPLOADS_BYTES = 400_000_000
UPLOADS_EACH = 200
