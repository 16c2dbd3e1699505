"""The uncertain assumptions of a scenario, and groups of them in words people use."""

import difflib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

from gainsmodel.errors import SettingError, UnknownNameError
from gainsmodel.scenario import Scenario
from gainsmodel.scenario.parameters import ADJUSTMENTS, LEVER_TARGETS, PARAMETERS
from gainsmodel.scenario.quantities import SPREAD_PARAMETERS, Origin

EVIDENCE = ("published", "derived", "judgement")
COSTS = ("adoption_cost_share", "optimism_bias", "levers.*.cost_gbp_per_head_per_year")
# Labels of groups by their keys; a group of one parameter has its label.
_LABELS = {
    "effect": "How much firms gain from each technology",
    "ceiling": PARAMETERS["ceiling"].label,
    "speed": "How fast adoption spreads",
    "start": PARAMETERS["initial_adoption"].label,
    "growth": "Growth of the economy",
    "timing": "How soon gains come and how long they last",
    "cap": PARAMETERS["uplift_cap"].label,
    "spillover": PARAMETERS["spillover_share"].label,
    "readiness": "Readiness of areas",
    "lever_effects": "What the levers do",
    "take_up": PARAMETERS["take_up"].label,
    "adjustments": "Displacement, leakage and multiplier",
    "adoption_cost": PARAMETERS["adoption_cost_share"].label,
    "lever_cost": "What the levers cost",
    "prize": PARAMETERS["prize"].label,
}
_OF_LEVERS = {"lever_effects": ("levers.*.effects.*",), "lever_cost": ("levers.*.cost_*",)}
# Drawn for each lever that is moved.
_OF_MOVED_LEVERS = tuple(name for name, of in PARAMETERS.items() if of.level == "lever")
# Key, label, and patterns of the names of its parameters.
GROUPS = tuple(
    (key, label, (*_OF_LEVERS.get(key, ()), *(n for n, p in PARAMETERS.items() if p.group == key)))
    for key, label in _LABELS.items()
)
REST = ("rest", "Everything else")


@dataclass(frozen=True)
class Group:
    """Uncertain assumptions that are looked at together.

    Attributes
    ----------
    name, label : str
        Short key, and what people call it.
    parameters : tuple of str
        Names as in a scenario, such as ``ceiling`` or ``levers.skills.effects.ceiling``.
    evidence : str
        The weakest grade among them: published, derived or judgement.
    """

    name: str
    label: str
    parameters: tuple[str, ...]
    evidence: str

    @property
    def core_parameters(self) -> list[str]:
        """Their names in the core."""
        return [core_name(name) for name in self.parameters]


def core_name(name: str) -> str:
    """What the core calls a parameter."""
    return (PARAMETERS[name].core_name if name in PARAMETERS else "") or name


def every_parameter(scenario: Scenario) -> list[str]:
    """Names of all that may be uncertain, whether it is or not."""
    return [
        *(name for name, of in PARAMETERS.items() if of.level != "constant"),
        *(
            f"levers.{lever}.{rest}"
            for lever in scenario.levers
            for rest in (
                *(f"effects.{target}" for target in LEVER_TARGETS),
                "cost_gbp_per_head_per_year",
            )
        ),
    ]


def uncertain(scenario: Scenario) -> dict[str, str]:
    """Assumptions that differ between futures of this scenario, each with its evidence.

    Levers that nobody moves and adjustments that are off are not among them.
    """
    found: dict[str, str] = {}
    for name, origins in _figures(scenario):
        grades = [origin.evidence for origin, core in origins if varies(core)]
        if grades:
            found[name] = max(grades, key=EVIDENCE.index)
    return found


def any_adjustment(scenario: Scenario) -> bool:
    """Whether displacement, leakage or the multiplier is on."""
    return any(getattr(scenario.parameters, name).enabled for name in ADJUSTMENTS)


def groups_of(
    scenario: Scenario,
    cannot_matter: Sequence[str] = (),
    own: Mapping[str, Sequence[str]] | None = None,
) -> tuple[list[Group], dict[str, str]]:
    """Groups of everything uncertain, each assumption in exactly one.

    Parameters
    ----------
    scenario : Scenario
    cannot_matter : sequence of str
        Patterns of names that cannot change the answer that is asked for.
    own : mapping, optional
        Label to names or patterns (``levers.skills.*``), instead of the usual groups;
        what it does not name becomes "Everything else".

    Returns
    -------
    groups : list of Group
    left_out : dict
        Label of each group without anything that can change the answer, to the reason.

    Raises
    ------
    UnknownNameError
        If a name matches nothing in the scenario; offers the nearest.
    SettingError
        If an assumption stands in two groups, or a group is empty.
    """
    known, varying = every_parameter(scenario), uncertain(scenario)
    wanted: list[tuple[str, str, Sequence[str]]] = (
        [(label, label, names) for label, names in own.items()] if own else [*GROUPS]
    )
    taken: dict[str, str] = {}
    named: list[tuple[str, str, list[str]]] = []
    for key, label, patterns in wanted:
        if own is not None:
            _check_patterns(label, patterns, known)
        members = [n for n in known if any(fnmatchcase(n, pattern) for pattern in patterns)]
        for name in members:
            if name in taken:
                raise SettingError(
                    f"group {label!r}: {name!r} stands in the group {taken[name]!r} too; "
                    "keep one of them"
                )
            taken[name] = label
        named.append((key, label, members))
    named.append((*REST, [name for name in known if name not in taken]))

    groups: list[Group] = []
    left_out: dict[str, str] = {}
    for key, label, members in named:
        uncertain_ones = [name for name in members if name in varying]
        can = [n for n in uncertain_ones if not any(fnmatchcase(n, p) for p in cannot_matter)]
        if can:
            evidence = max((varying[name] for name in can), key=EVIDENCE.index)
            groups.append(Group(key, label, tuple(can), evidence))
        elif members and (key, label) != REST:
            left_out[label] = (
                "cannot change this answer" if uncertain_ones else _why_certain(scenario, members)
            )
    return groups, left_out


def _check_patterns(label: str, patterns: Sequence[str], known: Sequence[str]) -> None:
    if isinstance(patterns, str) or not patterns:
        raise SettingError(f"group {label!r}: needs a list of names, not {patterns!r}")
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in known):
            near = difflib.get_close_matches(pattern, known, n=1, cutoff=0.4)
            hint = f"; did you mean {near[0]!r}?" if near else f"; there are: {', '.join(known)}"
            raise UnknownNameError(f"group {label!r}: no assumption is called {pattern!r}{hint}")


def _why_certain(scenario: Scenario, members: Sequence[str]) -> str:
    if all(name in ADJUSTMENTS for name in members):
        off = [name for name in members if not getattr(scenario.parameters, name).enabled]
        return "switched off" if off == list(members) else "the same in every future"
    of_levers = all(name.startswith("levers.") or name in _OF_MOVED_LEVERS for name in members)
    none_moved = of_levers and not scenario.moved_levers()
    return "no lever is moved" if none_moved else "the same in every future"


def shared_notes(scenario: Scenario, groups: Sequence[Group]) -> list[str]:
    """Say where correlated assumptions stand in different groups, and what follows.

    The core mixes the later of two correlated parameters from the earlier one's numbers and its
    own, so that what they share belongs to the earlier one.
    """
    of = {name: group for group in groups for name in group.parameters}
    notes = []
    for correlation in scenario.correlations:
        first, second = sorted(correlation.between, key=SPREAD_PARAMETERS.index)
        if correlation.value and first in of and second in of and of[first] != of[second]:
            notes.append(
                f"“{PARAMETERS[first].label}” and “{PARAMETERS[second].label}” move together; "
                f"what they share is counted with “{of[first].label}”."
            )
    return notes


def _figures(scenario: Scenario) -> Iterator[tuple[str, list[tuple[Origin, dict[str, Any]]]]]:
    """Go through what the core is handed, each with where its figures come from."""
    parameters = scenario.parameters
    levers = {name: scenario.levers[name] for name in scenario.moved_levers()}
    for name in every_parameter(scenario):
        if name in SPREAD_PARAMETERS:
            spread = getattr(parameters, name)
            entries = [spread.by_technology.get(k, spread) for k in scenario.technologies]
            yield name, [(entry, entry.figure().core()) for entry in entries]
        elif name == "sector_odds_ratio":
            yield (
                name,
                [
                    (origin, distribution.core())
                    for origin in parameters.sector_odds_ratio.by_technology.values()
                    for distribution in origin.values.values()
                ],
            )
        elif name == "prize":
            yield name, [(scenario.prize, scenario.prize.figure().core())]
        elif not name.startswith("levers."):
            figure = getattr(parameters, name)
            if name == "take_up":
                stated = [lever.take_up or figure for lever in levers.values()]
            elif name == "zero_correlation":
                # What is drawn is whether effects are zero, which they state themselves.
                effects = [effect for lever in levers.values() for _, effect in lever.effects]
                zeros = [e for e in effects if e and e.figure().core()["kind"] == "zero_or"]
                yield name, [(effect, effect.figure().core()) for effect in zeros]
                continue
            elif name in _OF_MOVED_LEVERS:
                stated = [figure] if levers else []
            else:
                off = name in ADJUSTMENTS and not figure.enabled
                stated = [] if off else [figure]
            yield name, [(of, of.figure().core()) for of in stated]
    for moved, lever in levers.items():
        for target in LEVER_TARGETS:
            effect = getattr(lever.effects, target)
            if effect is not None:
                size = effect.figure().if_not_zero()
                yield f"levers.{moved}.effects.{target}", [(effect, size.core())]
        cost = lever.cost_gbp_per_head_per_year
        yield f"levers.{moved}.cost_gbp_per_head_per_year", [(cost, cost.figure().core())]


def varies(core: Mapping[str, Any]) -> bool:
    """Whether a distribution has more than one value; as ``Distribution::fixed`` in the core."""
    if core["kind"] == "zero_or":
        return bool(core["of"] != {"kind": "fixed", "value": 0})
    return core["kind"] != "fixed" and core.get("sd") != 0 and core.get("sigma") != 0
