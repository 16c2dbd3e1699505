"""What differs between two scenarios in words: what is planned where, and what is assumed."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from gainsmodel.format import intensity, listed, years
from gainsmodel.scenario.merge import ABOUT, is_whole
from gainsmodel.scenario.messages import KeyPath, dotted, show
from gainsmodel.scenario.parameters import CHOICES, LEVER_YEARS, PARAMETERS
from gainsmodel.scenario.scenario import Scenario

ALIKE = "nothing that results depend on"
_KEYS = {
    "cost_gbp_per_head_per_year": "cost a head",
    "start_years": "years until it starts",
    "ramp_years": "years to full strength",
    "what": "what is done",
    "p05": "1 in 20 below",
    "median": "middle",
    "p95": "1 in 20 above",
    "p_zero": "chance of no effect",
    "enabled": "switched on",
    **{key: choice.label for key, choice in LEVER_YEARS.items()},
}
# Differences between words that state one thing: an entry of either side.
_Leaf = tuple[KeyPath, Any, Any]


def changes_in_words(before: Scenario, after: Scenario) -> list[str]:
    """Say what differs between two scenarios, the plan first.

    Parameters
    ----------
    before, after : Scenario

    Returns
    -------
    list of str
        A clause each, such as ``Greater Manchester: digital skills from 60% to 100%, starting a
        year later``; empty only where the two are equal.
    """
    old, new = before.to_dict(), after.to_dict()
    found = [*_of_plans(before, after)]
    about: dict[KeyPath, list[str]] = {}
    for path, was, now in _leaves({**old, "plan": {}}, {**new, "plan": {}}):
        if len(path) > 1 and path[-1] in ABOUT:
            about.setdefault(path[:-1], []).append(str(path[-1]))
        else:
            found.append(_sentence(after, before, path, was, now))
    # What is said of a figure comes after the figures.
    found += [f"{_label(after, before, at)}: another {listed(keys)}" for at, keys in about.items()]
    # A start that was a lever's own and is now stated for the area is no difference in results.
    return found or ([] if old == new else [ALIKE])


def _of_plans(before: Scenario, after: Scenario) -> Iterator[str]:
    """What areas do differently, those that change alike in one clause."""
    said: dict[str, list[str]] = {}
    for area in dict.fromkeys([*before.plan, *after.plan]):
        clauses = [*_of_area(before, after, area)]
        if clauses:
            said.setdefault("; ".join(clauses), []).append(area)
    yield from (f"{listed(areas)}: {clauses}" for clauses, areas in said.items())


def _of_area(before: Scenario, after: Scenario, area: str) -> Iterator[str]:
    for lever in {**after.levers, **before.levers}:
        told = [_planned(scenario, area, lever) for scenario in (before, after)]
        (was, start, ramp), (now, new_start, new_ramp) = told
        name = _lever(after if lever in after.levers else before, lever)
        if not now:
            if was:
                yield f"{name} from {intensity(was)} to none"
            continue
        clause = [] if was == now else [_from_to(was, now, intensity)]
        if was and start != new_start:
            moved = new_start - start
            clause.append(f"starting {_years(abs(moved))} {'later' if moved > 0 else 'earlier'}")
        if was and ramp != new_ramp:
            clause.append(f"at full strength after {_years(new_ramp)}, was {_years(ramp)}")
        if clause:
            yield f"{name} {', '.join(clause)}"


def _planned(scenario: Scenario, area: str, lever: str) -> tuple[float, float, float]:
    """How far an area moves a lever, and its times, the lever's own where none are stated."""
    planned = scenario.plan.get(area, {}).get(lever)
    of = scenario.levers.get(lever)
    if planned is None or of is None:
        return 0.0, 0.0, 0.0
    start = of.start_years if planned.start_years is None else planned.start_years
    ramp = of.ramp_years if planned.ramp_years is None else planned.ramp_years
    return planned.intensity, start, ramp


def _leaves(old: Any, new: Any, path: KeyPath = ()) -> Iterator[_Leaf]:
    """Entries that differ; those of one side alone as wholes."""
    if old == new:
        return
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        stated = [{"value", "distribution"} & each.keys() for each in (old, new)]
        if stated[0] != stated[1] and all(map(len, stated)):
            # A value in the place of a distribution, or the other way round.
            (one,), (other,) = stated
            yield path, old[one], new[other]
            old = {key: of for key, of in old.items() if key != one}
            new = {key: of for key, of in new.items() if key != other}
        # A distribution of another kind is another figure; of the same kind, its numbers differ.
        if not is_whole(path) or old.get("kind") == new.get("kind"):
            for key in {**old, **new}:
                yield from _leaves(old.get(key), new.get(key), (*path, key))
            return
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for place, pair in enumerate(zip(old, new, strict=True)):
            yield from _leaves(*pair, (*path, place))
        return
    yield path, old, new


def _sentence(after: Scenario, before: Scenario, path: KeyPath, old: Any, new: Any) -> str:
    label = _label(after, before, path)
    if old is None:
        return f"{label}: added, {_value(new)}"
    if new is None:
        return f"{label}: left out, was {_value(old)}"
    if path == ("setting", "lever_delay_years"):
        moved = new - old
        return f"every lever starts {_years(abs(moved))} {'later' if moved > 0 else 'earlier'}"
    return f"{label} {_from_to(old, new, _value)}"


def _label(after: Scenario, before: Scenario, path: KeyPath) -> str:
    """The name on screen of what stands at a key path; the path itself where it has none."""
    if choice := CHOICES.get(dotted(path)):
        return choice.label
    rest: Sequence[Any]
    match path:
        case ("prize", *rest):
            name = PARAMETERS["prize"].label
        case ("parameters", str(field), *rest) if field in PARAMETERS:
            name = PARAMETERS[field].label
        case ("levers", str(lever), *rest):
            name = (after.levers.get(lever) or before.levers[lever]).label
        case _:
            return dotted(path)
    words: list[str] = []
    key: Any
    for key in rest:
        if key in ("by_technology", "distribution", "value", "values", "effects"):
            continue
        technology = after.technologies.get(key) or before.technologies.get(key)
        if technology:
            words.append(technology.label)
        elif "effects" in rest and key in PARAMETERS:
            words.append(f"effect on {PARAMETERS[key].in_sentence}")
        else:
            words.append(_KEYS.get(key, str(key).replace("_", " ")))
    return ", ".join([name, *words])


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int | float):
        return f"{value:,g}".replace("-", "−") if abs(value) >= 10_000 else _plain(f"{value:g}")
    if isinstance(value, Mapping) and "kind" in value:
        told = (f"{_KEYS.get(key, key)} {show(of)}" for key, of in value.items() if key != "kind")
        return f"{value['kind']} ({', '.join(told)})"
    return show(value)


def _plain(number: str) -> str:
    return number.replace("-", "−")


def _from_to(old: Any, new: Any, words: Any) -> str:
    """Two values, told apart however little they differ."""
    one, other = words(old), words(new)
    if one != other:
        return f"from {one} to {other}"
    if isinstance(old, int | float) and isinstance(new, int | float):
        return f"from {_plain(repr(old))} to {_plain(repr(new))}"
    return "rewritten"


def _years(number: float) -> str:
    number = round(number, 12)
    if number == 1:
        return "a year"
    return years(int(number)) if number == int(number) else f"{number:.12g} years"


def _lever(scenario: Scenario, name: str) -> str:
    label = scenario.levers[name].label
    return label[:1].lower() + label[1:]
