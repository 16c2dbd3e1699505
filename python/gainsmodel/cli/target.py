"""``gainsmodel target``: probability of reaching a target, and what reaches it."""

from typing import Annotated, Any

import typer

from gainsmodel.choices import Of
from gainsmodel.cli.app import (
    AreaOption,
    DataOption,
    DrawsOption,
    GeographyOption,
    JsonOption,
    SamplerOption,
    ScenarioFile,
    SeedOption,
    ThreadsOption,
    app,
    no_lever_in,
    note_of_areas,
    own_folder,
    progress,
    stated,
)
from gainsmodel.cli.console import print_json, show
from gainsmodel.errors import SettingError


@app.command("target")
def target_command(
    scenario: ScenarioFile,
    area: AreaOption,
    gain: Annotated[float | None, typer.Option(help="target: £m a year in the final year")] = None,
    of_gva: Annotated[
        float | None, typer.Option(help="target: share of the area's GVA, 0.01 for 1%")
    ] = None,
    share: Annotated[
        str | None,
        typer.Option(help="target: share of the national gain, or 'gva' for the share of GVA"),
    ] = None,
    of: Annotated[
        Of,
        typer.Option("--of", help="what the plan adds, or the whole digital gain"),
    ] = "added",
    probability: Annotated[
        float | None,
        typer.Option(
            help="also the plan and budget that reach --gain with this probability, such as 0.8"
        ),
    ] = None,
    geography: GeographyOption = None,
    data: DataOption = None,
    draws: DrawsOption = None,
    search_draws: Annotated[
        int | None, typer.Option(help="with --probability: draws to search on; 2,000 by default")
    ] = None,
    seed: SeedOption = None,
    sampler: SamplerOption = None,
    threads: ThreadsOption = None,
    as_json: JsonOption = False,
) -> None:
    """Probability of reaching a target, and the smallest plan or budget that does."""
    from gainsmodel.analysis.goal_seek import goal_seek
    from gainsmodel.analysis.target import target
    from gainsmodel.present.pages.target import target as page

    if probability is not None and gain is None:
        raise SettingError("--probability: needs --gain, £m a year")
    if search_draws is not None and probability is None:
        raise SettingError("--search-draws: needs --probability")
    dataset = own_folder(data)
    settings = stated(draws=draws, seed=seed, sampler=sampler, geography=geography, threads=threads)
    settings |= stated(dataset=dataset)
    with progress("Simulating") as on_progress:
        answer = target(
            scenario,
            area,
            gain_gbp_m=gain,
            gain_share_of_gva=of_gva,
            share=_share(share),
            of=of,
            on_progress=on_progress,
            **settings,
        )
    seek = None
    if probability is not None and gain is not None:
        with progress("Searching") as on_progress:
            seek = goal_seek(
                *(scenario, area, gain, probability),
                of=of,
                on_progress=on_progress,
                **settings | stated(search_draws=search_draws),
            )
    if as_json:
        print_json({"target": answer.to_dict(), "reach": None if seek is None else seek.to_dict()})
        return
    added = answer.of == "added"
    idle = no_lever_in(area, [scenario], geography, dataset) if added else ""
    show([*page(answer, seek, idle), *note_of_areas(scenario, geography, dataset)])


def _share(share: str | None) -> Any:
    """A share as a number, or what stands for one."""
    if share is None or share == "gva":
        return share
    try:
        return float(share)
    except ValueError:
        raise SettingError(
            f"--share: must be a number such as 0.05, or 'gva', not {share!r}"
        ) from None
