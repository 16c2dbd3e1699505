"""Groups of sections, such as the ten branches of Eurostat's regional accounts, as sectors."""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from gainsmodel.data.importing.sector_labels import SECTIONS, sections_of
from gainsmodel.data.importing.totals import ROUNDING_GBP_M, ROUNDING_SHARE, Figure, apart
from gainsmodel.data.shipped_tables import SECTORS


@dataclass(frozen=True)
class Split:
    """One group that was split: its code, what was added to it, and the sectors it was split to."""

    code: str
    added: tuple[str, ...]
    sectors: tuple[str, ...]


def split_groups(
    values: Mapping[str, float | None],
    figures: Mapping[str, Figure],
    shares: Mapping[str, float],
    national: Mapping[str, float],
) -> tuple[dict[str, float], list[Split], list[str]]:
    """Split groups of sections into the sectors that a table has no figures of.

    The smallest group that holds a sector counts. What the table gives of it apart is taken off
    first, so that C is not counted again in B-E.

    Parameters
    ----------
    values : mapping
        Sector to its £m in one area, None where the table has none.
    figures : mapping
        What the table has of that area, by label: single sections and groups among them.
    shares : mapping
        Sector to what its part of a group is in proportion to, such as the built-in £m.
    national : mapping
        The same of the UK, for groups of which the area has nothing.

    Returns
    -------
    found : dict
        Sector to £m.
    splits : list of Split
    problems : list of str
        Groups that cannot be split, each with its place.
    """
    known = {sector: value for sector, value in values.items() if value is not None}
    single = {c: f.value for c, f in figures.items() if len(c) == 1 and f.value is not None}
    groups = [(c, f, sections_of(c)) for c, f in figures.items() if sections_of(c)]
    splits: list[Split] = []
    problems: list[str] = []
    found: dict[str, float] = {}
    for code, figure, sections in sorted(groups, key=lambda group: len(group[2])):
        # Bodies abroad are counted with households, whether a group names them or not.
        sections |= frozenset("U") if "T" in sections else frozenset()
        touched = [s for s in SECTORS if SECTIONS[s] & sections]
        wanted = [s for s in touched if s not in known]
        if not wanted:
            problems += _compared(code, figure, touched, sections, known)
        # What the table has a row of, and no figure, is missing; it is not made up.
        if not wanted or figure.value is None or any(_is_missing(s, figures) for s in wanted):
            continue
        if "L" in wanted:
            problems.append(
                f"{figure.place}: {code} holds real estate (L), of which imputed rent cannot be "
                "told apart; give L without it"
            )
            continue
        left, added, problem = _left(figure.value, sections, touched, known, single)
        if problem or left < -(ROUNDING_GBP_M + ROUNDING_SHARE * figure.value):
            problem = problem or f"is less than what the table gives of it apart, by £{-left:,.0f}m"
            problems.append(f"{figure.place}: {code} {problem}")
            continue
        weights = shares if any(shares[s] for s in wanted) else national
        whole = math.fsum(weights[s] for s in wanted)
        parts = {s: max(left, 0.0) * weights[s] / whole for s in wanted}
        found |= parts
        known |= parts
        splits.append(Split(code, tuple(added), tuple(wanted)))
    return found, splits, problems


def _is_missing(sector: str, figures: Mapping[str, Figure]) -> bool:
    """Whether the table has a sector apart and its figure is left out, or holds imputed rent."""
    if sector == "L" and "L" in figures:
        return True
    labels = (sector, *SECTIONS[sector])
    return any(label in figures and figures[label].value is None for label in labels)


def _compared(
    code: str,
    figure: Figure,
    touched: list[str],
    sections: frozenset[str],
    known: Mapping[str, float],
) -> list[str]:
    """A group whose sectors the table gives apart, held against their sum."""
    # Of real estate the publisher's groups have imputed rent, our figures not.
    whole = all(SECTIONS[s] <= sections for s in touched) and "L" not in touched
    added = math.fsum(known[s] for s in touched)
    if figure.value is None or not whole or not apart(added, figure.value):
        return []
    return [
        f"{figure.place}: {code} is £{figure.value:,.0f}m, its sectors {', '.join(touched)} add up "
        f"to £{added:,.0f}m"
    ]


def _left(
    value: float,
    sections: frozenset[str],
    touched: list[str],
    known: Mapping[str, float],
    single: Mapping[str, float],
) -> tuple[float, list[str], str]:
    """What a group leaves for sectors without figures; sections added to it; what is wrong."""
    added: list[str] = []
    for sector in touched:
        outside = SECTIONS[sector] - sections
        inside = SECTIONS[sector] & sections
        if sector in known and not outside:
            value -= known[sector]
        elif sector in known and {*inside} <= {*single}:
            value -= math.fsum(single[s] for s in inside)
        elif sector in known and {*outside} <= {*single}:
            value -= known[sector] - math.fsum(single[s] for s in outside)
        elif sector not in known and {*outside} <= {*single}:
            value += math.fsum(single[s] for s in outside)
            added += sorted(outside)
        else:
            return value, added, f"holds a part of {sector} only, and the table lacks the rest"
    return value, added, ""


def said_of(splits: Mapping[Split, int], by: str) -> list[str]:
    """What was split, in plain words.

    Parameters
    ----------
    splits : mapping
        Each split to the number of areas it was done in.
    by : str
        Whose shares it was done by.
    """
    if not splits:
        return []
    parts = [
        f"{' and '.join([*split.added, split.code])} into {', '.join(split.sectors)}"
        + ("" if count == max(splits.values()) else f" ({count})")
        for split, count in splits.items()
    ]
    return [f"sectors that the table has together were split by {by}: {'; '.join(parts)}"]
