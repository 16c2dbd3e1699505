"""What a question is about: an area, a group or a wider area."""

from dataclasses import dataclass

from gainsmodel.data import Dataset


@dataclass(frozen=True)
class Unit:
    """An area, a group or a wider area, by code and name, with the areas in it."""

    code: str
    name: str
    members: tuple[str, ...]


def unit_of(dataset: Dataset, name: str) -> Unit:
    """Find what someone calls an area, a group or a wider area.

    Raises
    ------
    UnknownNameError
        If nothing in the geography is called that.
    """
    members = dataset.resolve(name)
    areas = {(code,): area for code, area in dataset.areas["area_code", "area_name"].iter_rows()}
    if members in areas:
        return Unit(members[0], areas[members], members)
    for group, codes in dataset.groups.items():
        if codes == members:
            return Unit(group, dataset.units[group], members)
    # A wider area stands under its code, then under its name.
    code, wider, *_ = [place for place, codes in dataset.wider.items() if codes == members]
    return Unit(code, wider, members)
