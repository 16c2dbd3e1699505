"""One unit alone, within what surrounds it: many plans and assumptions for little.

What a plan adds in a unit depends on other areas only by what the unit sees of their adoption. A
run of all areas notes that once; as long as an assumption does not act on what others adopt, the
unit's own areas then need be run alone. Levers in the unit move others a little, and the unit sees
some of that again: `rust/core/src/around.rs` says how that is kept, decision 34 how far it is off.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from gainsmodel import _core
from gainsmodel.data import Dataset
from gainsmodel.data.units import Unit
from gainsmodel.progress import Progress
from gainsmodel.results.draws import CoreDraws
from gainsmodel.results.paired import PairedResult
from gainsmodel.results.plan_levers import Plan, plan_arrays
from gainsmodel.results.result import Result
from gainsmodel.results.tables import Positions
from gainsmodel.scenario import Scenario
from gainsmodel.simulation.conditioned import refuse_reseeded
from gainsmodel.simulation.core_inputs import core_inputs, is_uncertain
from gainsmodel.simulation.finite import refuse_infinite
from gainsmodel.simulation.run import start_core, wait_for
from gainsmodel.simulation.settings import Settings

# Numbers that are noted of what surrounds a unit: a quarter of a gigabyte.
MOST_NUMBERS = 60_000_000
# Parameters that act on what areas without levers adopt, and what else in a specification does not.
_ADOPTION = {
    *("initial_adoption", "innovation", "imitation", "ceiling", "spillover_share"),
    *("readiness_slope_initial_adoption", "readiness_slope_imitation", "readiness_slope_ceiling"),
    "odds_ratios",
}
_ELSEWHERE = {
    *("draws", "basis", "groups", "focus", "reseeded", "held", "complements", "levers", "take_up"),
    *("zero_correlation", "optimism_bias", "fixed_cost_share", "growth_area", "growth_sector"),
    *("growth_cell", "growth_loadings", "growth_transitory", "j_curve", "discount_factors"),
    *("prize_factor", "prize_share_of_gva", "share_floor"),
}
_ADOPTION_ARRAYS = ("gva_gbp_m", "latitude", "longitude", "readiness")


def fits(scenario: Scenario, dataset: Dataset, unit: Unit, draws: int) -> bool:
    """Whether a unit may be run alone: few areas, and no lever is moved in any other."""
    codes = dataset.areas["area_code"].to_list()
    outside = [at for at, code in enumerate(codes) if code not in unit.members]
    years, technologies = scenario.setting.horizon_years, len(scenario.technologies)
    of_draw = 2 * years * len(dataset.sectors) * technologies * len(unit.members)
    if len(outside) <= len(unit.members) or of_draw * draws > MOST_NUMBERS:
        return False
    return not plan_arrays(scenario, dataset)["intensity"][:, outside].any()


@dataclass(frozen=True)
class _Inputs:
    """What the core is given, all of it that acts on what others adopt, and times of levers."""

    spec: dict[str, Any]
    arrays: dict[str, NDArray[Any]]
    acting: str
    times: str


class Focus:
    """Pairs of one unit on the same futures, for many plans or assumptions; where it `fits`."""

    def __init__(
        self,
        scenario: Scenario,
        dataset: Dataset,
        unit: Unit,
        settings: Settings,
        threads: int | None = None,
    ) -> None:
        """Take over what all share; nothing is run yet.

        The plan of the scenario should move every lever that will be moved, as far as it goes:
        what it makes others adopt says what smaller plans do.
        """
        self.scenario, self.dataset, self.unit, self.settings = scenario, dataset, unit, settings
        self._threads = threads
        codes = dataset.areas["area_code"].to_list()
        self._places = [codes.index(code) for code in unit.members]
        self._inputs = self._inputs_of(scenario)
        self._stated = scenario.without_plan().to_dict()
        self._noted: dict[tuple[str, str, int], _core.Surroundings] = {}

    def plan(
        self, plan: Plan, draws: int | None = None, on_progress: Progress | None = None
    ) -> PairedResult:
        """Pair another plan under the same assumptions with no plan; as `pair`."""
        spec = self._inputs.spec
        arrays = self._inputs.arrays | plan_arrays(self.scenario, self.dataset, plan)
        return self._pair(self.scenario, spec, arrays, self._around(None), draws, on_progress)

    def pair(
        self,
        scenario: Scenario,
        variation: Mapping[str, Any] | None = None,
        of: Sequence[str] = (),
        draws: int | None = None,
        on_progress: Progress | None = None,
    ) -> PairedResult:
        """Pair a scenario with its reference; only the unit itself may be asked for.

        Parameters
        ----------
        scenario : Scenario
            With other assumptions; its plan moves no lever outside the unit.
        variation, of
            Other futures as `Run` makes them, and which of the core's parameters they are of.
        draws : int, optional
            The first so many of the draws.
        on_progress : callable, optional
            As `run`.
        """
        inputs = self._inputs_of(scenario, variation, of)
        around = self._around(inputs, draws)
        return self._pair(scenario, inputs.spec, inputs.arrays, around, draws, on_progress)

    def _inputs_of(
        self,
        scenario: Scenario,
        variation: Mapping[str, Any] | None = None,
        of: Sequence[str] = (),
    ) -> _Inputs:
        if scenario.conditioned is not None:
            refuse_reseeded(variation)
        spec, arrays = core_inputs(scenario, self.dataset, self.settings)
        structures = [one["spec"] for one in spec.get("structures", ())]
        _stating(spec, focus=self._places)
        for one in structures or [spec]:
            one |= dict(variation or {})
        acts = variation if _ADOPTION & {*of} else None
        acting = json.dumps([_acting(spec), acts, self._double(spec)], sort_keys=True)
        acting += "".join(arrays[name].tobytes().hex() for name in _ADOPTION_ARRAYS)
        lasting = [
            [lever.get("duration_years") for lever in one["levers"]] for one in (spec, *structures)
        ]
        times = "".join(arrays[name].tobytes().hex() for name in ("start_years", "ramp_years"))
        return _Inputs(spec, arrays, acting, json.dumps(lasting) + times)

    def _double(self, spec: dict[str, Any]) -> bool:
        precision = self.settings.precision
        return not is_uncertain(spec) if precision is None else precision == "float64"

    def _around(self, inputs: _Inputs | None, draws: int | None = None) -> _core.Surroundings:
        """What surrounds the unit; kept of the scenario itself and of what was asked last."""
        mine = self._inputs
        if inputs is None or (inputs.acting, inputs.times) == (mine.acting, mine.times):
            inputs, draws, known = mine, self.settings.draws, None
        else:
            # What others make of levers is known but for other times of these.
            known = self._around(None) if inputs.times == mine.times else None
            draws = draws or self.settings.draws
        key = (inputs.acting, inputs.times, draws)
        if key not in self._noted:
            first = (mine.acting, mine.times, self.settings.draws)
            self._noted = {of: noted for of, noted in self._noted.items() if of == first}
            _stating(inputs.spec, draws=draws)
            arrays = dict(inputs.arrays)
            # A direction that is held counts the numbers of levers too, so these stay; what is seen
            # then comes to the same, since it is known what others make of them.
            specs = (inputs.spec, *(of["spec"] for of in inputs.spec.get("structures", ())))
            if known is not None and not any("held" in one for one in specs):
                arrays["intensity"] = np.zeros_like(arrays["intensity"])
            handle = start_core(
                *(inputs.spec, arrays, self._double(inputs.spec), self._threads),
                observe=True,
                surroundings=known,
                quantiles=False,
            )
            wait_for(handle)
            self._noted[key] = handle.surroundings()
        return self._noted[key]

    def _pair(
        self,
        scenario: Scenario,
        spec: dict[str, Any],
        arrays: dict[str, NDArray[Any]],
        around: _core.Surroundings,
        draws: int | None,
        on_progress: Progress | None,
    ) -> PairedResult:
        settings = self.settings if draws is None else replace(self.settings, draws=draws)
        _stating(spec, draws=settings.draws)
        double = self._double(spec)
        handle = start_core(
            *(spec, arrays, double, self._threads),
            paired=True,
            surroundings=around,
            quantiles=False,
        )
        wait_for(handle, on_progress, settings.draws)
        outcomes = handle.outcomes()
        refuse_infinite(outcomes, scenario)
        manifest = {
            # Both assume the same, whatever that is.
            "scenario": self._stated,
            "geography": self.dataset.geography,
            "data_sha256": self.dataset.hashes,
            "draws": settings.draws,
            "seed": settings.seed,
            "sampler": settings.sampler,
            "precision": "float64" if double else "float32",
            "detail": None,
        }
        with_plan, without = (
            Result(manifest, self._tables, self._draws(outcome, scenario), scenario, self.dataset)
            for outcome in outcomes
        )
        return PairedResult(with_plan, without)

    @property
    def _tables(self) -> dict[str, pl.DataFrame]:
        unit = pl.DataFrame({"area_code": [self.unit.code]})
        return {"areas": unit, "groups": unit.clear()}

    def _draws(self, outcome: _core.RunOutcome, scenario: Scenario) -> CoreDraws:
        positions = Positions(outcome.layout(), scenario)
        # The areas in focus come first, then all of them as one group.
        positions.codes, positions.before = [self.unit.code], len(self.unit.members)
        return CoreDraws(outcome, positions)


def _stating(spec: dict[str, Any], **stated: Any) -> None:
    """State something in a specification and in those of its structures."""
    for one in (spec, *(of["spec"] for of in spec.get("structures", ()))):
        one |= stated


def _acting(spec: Mapping[str, Any]) -> dict[str, Any]:
    """What of a specification acts on the adoption of areas without levers."""
    kept = {name: of for name, of in spec.items() if name not in _ELSEWHERE}
    for part in ("spread_parameters", "national"):
        kept[part] = {name: of for name, of in spec[part].items() if name in _ADOPTION}
    kept["structures"] = [(of["weight"], _acting(of["spec"])) for of in spec.get("structures", ())]
    return kept
