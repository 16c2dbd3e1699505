"""The places a run is of, and the age of the figures on them."""

from collections.abc import Mapping
from datetime import date
from typing import Any

from gainsmodel.data.shipped_tables import MAYORAL_2026
from gainsmodel.data.table_editions import editions

LOCAL_BANDS = (
    "Ranges of single local authorities are probably too narrow: no history of them is at hand to "
    "check their ranges against, and areas of ITL 2, which are larger, have already scattered "
    "further than the mayoral areas whose spread is assumed (docs/validation/hindcast.md)."
)
UNOFFICIAL = (
    "Which authorities make up the areas that became mayoral after May 2025, or will, was put "
    "together from whole counties (ITL areas of 2025) and is unofficial: Cheshire and Warrington, "
    "Cumbria, Greater Essex, Hampshire and the Solent, Norfolk and Suffolk, Sussex and Brighton."
)
PLACE_BASED = (
    "Place-based appraisal asks who gains within a place (Green Book, updated February 2026, as "
    "cited by DfT TAG, 16 April 2026). This table shows output by place of work; it does not weigh "
    "incomes."
)


def of_areas(geography: str) -> str:
    """What validation and sources say of the areas of a geography; nothing where they say none."""
    return {"local_authority": LOCAL_BANDS, MAYORAL_2026: UNOFFICIAL}.get(geography, "")


def by_authority(futures: int) -> str:
    """What stands under figures of the local authorities of one area."""
    return (
        f"{futures:,} futures of a model in which the local authorities are the areas: their sum "
        "is near the area’s own figure, not equal to it, because each authority has its own "
        "random variation. GVA of 32 small cells is estimated from published subtotals."
    )


def of_figures(manifest: Mapping[str, Any], on: date) -> str:
    """Of which edition the built-in output is, and whether a newer one is probably out on a day.

    Nothing where the user's own figures stand in its place.
    """
    if manifest.get("own_data"):
        return ""
    gva = editions()["gva.csv"]
    said = f"Built-in output by area and sector is of {gva.covers} (ONS, {gva.released})."
    if not gva.is_old(on):
        return said
    return f"{said} {newer(gva.file, on)} Then add --data FOLDER."


def newer(file: str, on: date) -> str:
    """Whether a newer edition of a built-in table is probably out on a day, and what then to do."""
    table = editions()[file]
    if table.next_due is None:
        return ""
    due = f"{table.next_due:%B %Y}"
    if not table.is_old(on):
        return f"A newer edition is due by {due}."
    said = f"A newer edition is probably out, since {table.next_because}."
    if not table.renew:
        return f"{said} A new version of gainsmodel brings it."
    return f"{said} To use it: {table.renew}."
