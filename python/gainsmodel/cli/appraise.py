"""``gainsmodel appraise``: what a plan adds, costs and is worth in one area."""

from typing import Annotated, Any

import typer

from gainsmodel.choices import Prices
from gainsmodel.cli import completion
from gainsmodel.cli.app import (
    DataOption,
    DrawsOption,
    GeographyOption,
    JsonOption,
    SamplerOption,
    ScenarioFile,
    SeedOption,
    ThreadsOption,
    app,
    own_folder,
    progress,
    stated,
)
from gainsmodel.cli.console import print_json, show
from gainsmodel.errors import SettingError


@app.command("appraise")
def appraise_command(
    scenario: ScenarioFile,
    area: Annotated[
        str | None,
        typer.Option(
            help="area or group (name or code); the UK by default", autocompletion=completion.areas
        ),
    ] = None,
    target: Annotated[
        float | None, typer.Option(help="target: gain added in the final year, £m a year")
    ] = None,
    delay: Annotated[
        float | None, typer.Option(help="also the cost of starting this many years later")
    ] = None,
    switching: Annotated[
        bool,
        typer.Option(help="also the value of each assumption at which the plan just breaks even"),
    ] = False,
    by_authority: Annotated[
        bool,
        typer.Option(
            "--who-gains", help="also what the plan adds in each local authority of the area"
        ),
    ] = False,
    gross: Annotated[
        bool, typer.Option("--gross", help="before displacement, leakage and multiplier")
    ] = False,
    prices: Annotated[
        Prices, typer.Option(help="real, at base-year prices, or nominal, at current prices")
    ] = "real",
    geography: GeographyOption = None,
    data: DataOption = None,
    draws: DrawsOption = None,
    seed: SeedOption = None,
    sampler: SamplerOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """What a plan adds, what it costs the authority and firms, and whether it pays back."""
    from gainsmodel.analysis.additionality import waterfall
    from gainsmodel.analysis.appraisal import appraise, area_and_uk, check_target, delay_cost
    from gainsmodel.analysis.switching_values import switching_values
    from gainsmodel.analysis.take_up_cases import take_up_cases
    from gainsmodel.analysis.who_gains import LOCAL_DRAWS, required_authorities, who_gains
    from gainsmodel.data.units import unit_of
    from gainsmodel.present import text
    from gainsmodel.present.pages.appraisal import appraisal
    from gainsmodel.simulation.resolve import as_scenario, figures_for
    from gainsmodel.simulation.run import run_paired

    check_target(target)
    if gross and switching:
        raise SettingError("--gross: cannot be combined with --switching, whose values are net")
    dataset = own_folder(data, scenario)
    loaded = as_scenario(scenario, geography, dataset)
    loaded.require_plan("appraise")
    unit = unit_of(figures_for(loaded, dataset), area or "uk")
    if by_authority:
        required_authorities(figures_for(loaded, dataset), unit)
    settings = stated(draws=draws, seed=seed, sampler=sampler, dataset=dataset)
    with progress("Simulating") as on_progress:
        pair = run_paired(loaded, threads=threads, on_progress=on_progress, **settings)
    table = appraise(pair, target_gbp_m=target, area=unit.code, gross=gross, prices=prices)
    row, uk = area_and_uk(table, unit.code)
    with progress("Simulating other take-up") as on_progress:
        cases = take_up_cases(
            *(pair, unit.code),
            gross=gross,
            prices=prices,
            threads=threads,
            on_progress=on_progress,
        )
    net = waterfall(pair, unit.code, prices=prices)
    waiting = found = gains = None
    if delay is not None:
        with progress("Simulating the delay") as on_progress:
            waiting = delay_cost(
                *(loaded, unit.code, delay),
                gross=gross,
                prices=prices,
                threads=threads,
                on_progress=on_progress,
                **settings,
            )
    if switching:
        with progress("Finding where it breaks even") as on_progress:
            found = switching_values(
                *(loaded, unit.code),
                pair=pair,
                prices=prices,
                threads=threads,
                on_progress=on_progress,
                **settings,
            )
    if by_authority:
        settings["draws"] = min(pair.manifest["draws"], LOCAL_DRAWS)
        with progress("Simulating 361 local authorities") as on_progress:
            gains = who_gains(
                loaded, unit.code, threads=threads, on_progress=on_progress, **settings
            )
    if as_json:
        answer: dict[str, Any] = {
            "appraisal": row,
            "uk": uk,
            "gross": gross,
            "take_up_cases": cases.to_dict(),
            "summary": [
                *text.plan_in_short(pair, row, prices, uk=uk, cases=cases, gross=gross),
                text.breaks_even_of(row),
            ],
            "waterfall": net.to_dict(),
            "delay": None if waiting is None else waiting.row(0, named=True),
        }
        answer |= {"switching": found.to_dict() if found else None, "prices": prices}
        answer |= {"who_gains": None if gains is None else gains.table.to_dicts()}
        answer |= {"manifest": pair.manifest}
        print_json(answer)
    else:
        show(
            appraisal(
                *(pair, unit.code, row, net),
                uk=uk,
                cases=cases,
                gross=gross,
                target_gbp_m=target,
                delay=waiting,
                switching=found,
                gains=gains,
            )
        )
