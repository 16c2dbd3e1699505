"""The command line: ``gainsmodel run``, ``sensitivity``, ``voi``, ``validate`` and others.

Answers go to standard output, progress and notes to standard error. Exit codes: 0; 2 for
anything the user can mend, with one message; 130 on Ctrl-C.
"""

import io
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import polars as pl
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from gainsmodel import words
from gainsmodel.data import GEOGRAPHIES, Geography, check, load_dataset
from gainsmodel.drivers import Output, Sensitivity, sensitivity
from gainsmodel.engine import (
    ADJUSTMENTS,
    Precision,
    Run,
    Sampler,
    Settings,
    build_info,
    core_inputs,
    start,
    start_again,
)
from gainsmodel.errors import GainsModelError, RunCancelled, SettingError
from gainsmodel.information import ValueOfInformation, voi
from gainsmodel.manifest import check_target
from gainsmodel.result import Result
from gainsmodel.scenario import Scenario, json_schema, load_scenario, shipped_scenarios

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    help="A region's share of the £208bn, and what digital adoption carries of it.",
)
data_app = typer.Typer(no_args_is_help=True, help="The official figures the model starts from.")
app.add_typer(data_app, name="data")

ScenarioFile = Annotated[
    str, typer.Argument(help="scenario file, or the name of a shipped one such as 'reference'")
]
PROGRESS_AFTER_SECONDS = 1.0


def main() -> None:
    """Run the command line; every way out has its exit code here."""
    for stream in (sys.stdout, sys.stderr):
        # A terminal without a £ gets a question mark, not a traceback.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    try:
        code = _run_app()
        sys.stdout.flush()
    except RunCancelled:
        code = 130
    except GainsModelError as error:
        print(f"error: {error}", file=sys.stderr)
        code = 2
    except OSError as error:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        # If the reader of a pipe has gone, nothing is left to say.
        code = 0 if isinstance(error, BrokenPipeError) else 2
        if code:
            print(f"error: output cannot be written: {error.strerror}", file=sys.stderr)
    if code == 130:
        print("stopped; nothing was written", file=sys.stderr)
    _leave(code)


def _run_app() -> int:
    try:
        app()
    except KeyboardInterrupt:
        return 130
    except SystemExit as leaving:
        # Typer says 1 where the reader of a pipe has gone.
        return leaving.code if leaving.code in (2, 130) else 0
    return 0


def _leave(code: int) -> None:
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of a cancelled run are not waited for: the prompt returns at once.
    os._exit(code)


@app.command("run")
def run_command(
    scenario: ScenarioFile,
    geography: Annotated[
        Geography | None, typer.Option(help="instead of the scenario's geography")
    ] = None,
    area: Annotated[
        list[str] | None,
        typer.Option(help="show only this area or group (name or code; repeatable)"),
    ] = None,
    draws: Annotated[
        int | None, typer.Option(help="futures to simulate; 10,000 if left out")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="same seed, same answer; 1 if left out")] = None,
    sampler: Annotated[
        Sampler | None,
        typer.Option(
            help="quasi-random where cells share numbers (if left out), everywhere, or nowhere"
        ),
    ] = None,
    precision: Annotated[
        Precision | None,
        typer.Option(help="float64 is for audit: slower, the same to five digits"),
    ] = None,
    threads: Annotated[int | None, typer.Option(help="changes no number")] = None,
    out: Annotated[
        Path | None, typer.Option(help="folder for tables (CSV and Parquet) and the manifest")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object instead")] = False,
) -> None:
    """Simulate a scenario; a manifest.json of an earlier run is run again to the same numbers."""
    if out is not None:
        check_target(out)
    chosen: dict[str, Any] = {
        "draws": draws,
        "seed": seed,
        "sampler": sampler,
        "precision": precision,
    }
    stated = {name: value for name, value in chosen.items() if value is not None}
    if _is_saved_run(scenario):
        if fixed := [*stated, *(["geography"] if geography else [])]:
            raise SettingError(f"--{fixed[0]}: a manifest settles this; leave it out")
        run = start_again(scenario, threads=threads)
    else:
        loaded = load_scenario(scenario)
        run = start(loaded, Settings(**stated), geography=geography, threads=threads)
    loaded = run.scenario
    dataset = load_dataset(loaded.setting.geography)
    codes = [code for name in area for code in dataset.resolve(name)] if area else None
    result = _finish(run, "Simulating")
    if as_json:
        text = json.dumps(result.to_dict(codes), ensure_ascii=False, allow_nan=False)
        sys.stdout.write(text + "\n")
    else:
        _print_result(result, loaded, codes)
        _print_levers(result, loaded, threads)
    if out is not None:
        result.save(out, csv=True)
        print(f"written: {out}", file=sys.stderr)


def _is_saved_run(name: str) -> bool:
    try:
        return name.endswith(".json") or (Path(name) / "manifest.json").is_file()
    except (OSError, ValueError):
        return False


def _finish(run: Run, what: str) -> Result:
    """Wait for a run, with its progress."""
    with _progress(what) as on_progress:
        return run.result(on_progress)


@contextmanager
def _progress(what: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on standard error once work takes longer than a second."""
    begun = time.monotonic()
    bar = Progress(
        TextColumn(what),
        BarColumn(),
        TextColumn("{task.completed:,.0f} of {task.total:,.0f} futures"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    task = bar.add_task(what)

    def on_progress(done: int, total: int) -> None:
        if bar.console.is_terminal and time.monotonic() - begun > PROGRESS_AFTER_SECONDS:
            bar.start()
            bar.update(task, completed=done, total=total)

    try:
        yield on_progress
    finally:
        if bar.live.is_started:
            bar.stop()


def _console() -> Console:
    console = Console(highlight=False, markup=False, emoji=False)
    # A table in a file or a pipe keeps its columns; a terminal has its own width.
    return (
        console
        if console.is_terminal
        else Console(highlight=False, markup=False, emoji=False, width=160)
    )


def _print_result(result: Result, scenario: Scenario, codes: Iterable[str] | None) -> None:
    manifest, setting = result.manifest, scenario.setting
    final = setting.start_year + setting.horizon_years
    cumulative = scenario.prize.basis == "cumulative"
    when = (
        f"over the {setting.horizon_years} years to {final}"
        if cumulative
        else (f"a year by {final}")
    )
    prices = "2023 prices" if scenario.prize.price_basis == "base_year" else "money of its time"
    fixed = scenario.prize.value
    prize = "the prize" if fixed is None else f"£{fixed:g}bn"
    expressed = words.gbp(_quantiles(result.groups().row(0, named=True), "prize_gbp_bn")[0] * 1e3)
    deflated = scenario.prize.price_basis == "base_year"

    console = _console()
    console.print(f"{scenario.title}: {scenario.question}\n", style="bold")
    console.print(
        "The £208bn is almost certainly the CBI's figure of December 2016, for all causes of "
        "growth and not digital alone:\nextra UK output a year, ten years on, if every area grew "
        f"as fast as the best in its region. It is read here as {prize} {when}"
        + (f", which is {expressed} at 2023 prices.\n" if deflated else ".\n")
    )
    table = _table(
        "Area",
        "Share of\nUK GVA",
        "Share of\nthe gain",
        "in 9 of 10\nfutures",
        "against its\nshare of GVA",
        f"Its part of\n{expressed if deflated else prize}\n{when}",
        f"Digital carries\n{when}",
        "in 9 of 10\nfutures",
        left=(0, 4),
    )
    areas = result.areas()
    if codes is not None:
        areas = areas.filter(pl.col("area_code").is_in(list(codes)))
    uk = result.groups().row(0, named=True)
    gain = "gain_cumulative_gbp_m" if cumulative else "gain_final_year_gbp_m"
    error_of = gain if cumulative else f"gain_gbp_m_{final}"
    errors = {
        (code, quantity): _number(error)
        for code, quantity, error in result.statistics()
        .select("area_code", "quantity", "mcse_p50")
        .iter_rows()
    }
    for row in areas.iter_rows(named=True):
        code = row["area_code"]
        share, carried = _quantiles(row, "share"), _quantiles(row, gain)
        part = _quantiles(row, "prize_gbp_bn")[0] * 1e3
        table.add_row(
            row["area_name"],
            words.percent(row["gva_share"]),
            words.percent(share[0]),
            words.percent_range(*share[1:]),
            words.against_gva(_number(row["p_share_above_gva"]), manifest["draws"]),
            words.gbp(part, errors[code, "prize_gbp_bn"] * 1e3),
            words.gbp(carried[0], errors[code, error_of]),
            words.gbp_range(*carried[1:]),
        )
    carried = _quantiles(uk, gain)
    whole = expressed if deflated or fixed is None else prize
    table.add_row(
        *(uk["area_name"], "100%", "100%", "", "", whole),
        words.gbp(carried[0], errors[uk["area_code"], error_of]),
        words.gbp_range(*carried[1:]),
    )
    console.print(table)
    reached = uk[f"p_{scenario.prize.basis}_reaches_prize"]
    console.print(
        f"\nAcross the UK, digital adoption alone reaches {prize} {when} "
        f"{words.chance(reached, manifest['draws'])}.\n"
        f"The prize is in {prices}; what digital carries is at 2023 prices, before displacement, "
        "against adoption frozen at the start.\n"
        "Middle estimates are medians, which do not add up. A future is one run of the model "
        "with every uncertain assumption drawn once.\n"
        f"{manifest['draws']:,} futures, sampler {manifest['sampler']}, seed {manifest['seed']}."
    )
    if uk["share_excluded_draws"] > 0:
        console.print(
            f"Shares leave out {words.percent(uk['share_excluded_draws'])} of the futures, in "
            f"which the national gain is below {words.percent(setting.share_floor)} of GVA."
        )


def _table(*headings: str, left: tuple[int, ...] = (0,)) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="bold")
    for i, heading in enumerate(headings):
        table.add_column(heading, justify="left" if i in left else "right", no_wrap=i == 0)
    return table


def _quantiles(row: dict[str, Any], metric: str) -> tuple[float, float, float]:
    middle, low, high = (_number(row[f"{metric}_{q}"]) for q in ("p50", "p05", "p95"))
    return middle, low, high


def _number(value: float | None) -> float:
    return float("nan") if value is None else value


def _print_levers(result: Result, scenario: Scenario, threads: int | None) -> None:
    """What the plan adds: the paired difference from the same futures without it."""
    if not any(lever.intensity > 0 for plan in scenario.plan.values() for lever in plan.values()):
        return
    manifest = result.manifest
    if not result.holds_draws:
        note = "too many futures to set beside those without the plan; run fewer to see its effect"
        print(f"note: {note}", file=sys.stderr)
        return
    twin = scenario.model_copy(update={"plan": {}})
    baseline = _finish(start(twin, Settings.of(manifest), threads=threads), "Without the plan")
    added = result.difference(baseline, net=True)
    switched = [name for name in ADJUSTMENTS if getattr(scenario.parameters, name).enabled]
    after = f"after {', '.join(switched)} (unverified)" if switched else "before displacement"
    final = scenario.setting.start_year + scenario.setting.horizon_years
    dataset = load_dataset(scenario.setting.geography)
    planned = {code for name in scenario.plan for code in dataset.resolve(name)}
    console = _console()
    console.print(
        f"\nWhat the plan adds a year by {final}, beside the same futures without it "
        f"({after}; sizes of effect: judgement, no causal study was found):"
    )
    table = _table(
        "Area", "Adds", "in 9 of 10\nfutures", "Average", "Authority's cost\nin all years"
    )
    costs = pl.concat([result.areas(), result.groups()], how="diagonal")
    metric = "gain_final_year_gbp_m"
    rows = zip(added.iter_rows(named=True), costs.iter_rows(named=True), strict=True)
    for row, cost in rows:
        if row["area_code"] in planned or row["area_code"] == "uk":
            middle, low, high = _quantiles(row, metric)
            error = _number(row[f"{metric}_mcse_mean"])
            table.add_row(
                row["area_name"],
                words.gbp(middle, error),
                words.gbp_range(low, high),
                words.gbp(_number(row[f"{metric}_mean"]), error),
                words.gbp(_number(cost["lever_cost_cumulative_gbp_m_mean"])),
            )
    console.print(table)


@app.command()
def validate(
    scenarios: Annotated[list[str], typer.Argument(help="scenario files or shipped names")],
) -> None:
    """Check scenario files without running them."""
    for name in scenarios:
        scenario = load_scenario(name)
        dataset = load_dataset(scenario.setting.geography)
        core_inputs(scenario, dataset, Settings())
        print(f"{name}: valid: {scenario.title}")
        for path, stated, simulated in scenario.ranges_missed():
            print(
                f"  note: {path}: 9 in 10 stated as {stated[0]:g} to {stated[1]:g}, simulated as "
                f"{simulated[0]:.2g} to {simulated[1]:.2g}: the median is not in the middle"
            )


@app.command()
def info() -> None:
    """Version, build, machine, shipped scenarios."""
    build = build_info()
    for name, value in build.items():
        shown = ", ".join(value) if isinstance(value, list) else value
        print(f"{name}: {shown}")
    print(f"geographies: {', '.join(GEOGRAPHIES)}")
    print("scenarios:")
    for name in shipped_scenarios():
        print(f"  {name}: {load_scenario(name).title}")


@app.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, for editors."""
    print(json.dumps(json_schema(), indent=1, ensure_ascii=False))


@data_app.command("list")
def data_list() -> None:
    """Geographies and what there is of each."""
    for name in GEOGRAPHIES:
        dataset = load_dataset(name)
        total = dataset.gva_gbp_m.sum() / 1000
        print(
            f"{name}: {dataset.areas.height} areas, {len(dataset.sectors)} sectors, "
            f"{dataset.base_year}, £{total:,.0f}bn GVA without imputed rent; "
            f"groups: {', '.join(dataset.groups)}"
        )


@data_app.command("show")
def data_show(
    geography: Annotated[Geography, typer.Argument()] = "mayoral",
    area: Annotated[list[str] | None, typer.Option(help="only this area or group")] = None,
) -> None:
    """Figures of each area; of each sector where areas are named."""
    dataset = load_dataset(geography)
    totals = dataset.areas.with_columns(pl.Series("gva_gbp_m", dataset.gva_gbp_m.sum(axis=1)))
    console = _console()
    if area:
        codes = [code for name in area for code in dataset.resolve(name)]
        for code in dict.fromkeys(codes):
            row = totals.row(by_predicate=pl.col("area_code") == code, named=True)
            position = dataset.areas["area_code"].to_list().index(code)
            for key, value in row.items():
                print(f"{key}: {value}")
            for sector, gva in zip(dataset.sectors, dataset.gva_gbp_m[position], strict=True):
                print(f"  {sector:>2}  {gva:>10,.0f}  £m  {dataset.sector_names[sector]}")
        return
    table = _table("Code", "Area", "Type", "GVA £m", "Residents", "Gigabit", left=(0, 1, 2))
    for row in totals.iter_rows(named=True):
        table.add_row(
            row["area_code"],
            row["area_name"],
            row["area_type"].replace("_", " "),
            f"{row['gva_gbp_m']:,.0f}",
            f"{row['population']:,}",
            words.percent(row["gigabit_share"]),
        )
    console.print(table)


@data_app.command("check")
def data_check() -> None:
    """Check every shipped table: sums, codes, missing cells, hashes."""
    failed = 0
    for name in GEOGRAPHIES:
        for result in check(name):
            failed += not result.passed
            print(f"{'ok  ' if result.passed else 'FAIL'} {name}: {result.name}: {result.detail}")
    if failed:
        raise GainsModelError(f"{failed} checks failed")


NOT_DISTINGUISHABLE = "not distinguishable from zero"
ANSWERS = {
    "share": "its share",
    "gain_final_year_gbp_m": "what digital carries in the final year",
    "gain_cumulative_gbp_m": "what digital carries in all years",
    "plan_adds": "what the plan adds in the final year",
    "p_target": "whether the plan adds enough in the final year",
}


@app.command("sensitivity")
def sensitivity_command(
    scenario: ScenarioFile,
    output: Annotated[Output, typer.Option(help="the answer")] = "gain_final_year_gbp_m",
    area: Annotated[str, typer.Option(help="area or group, name or code")] = "uk",
    target_gbp_m: Annotated[
        float | None, typer.Option(help="for p_target: what the plan is to add a year, £m")
    ] = None,
    geography: Annotated[
        Geography | None, typer.Option(help="instead of the scenario's geography")
    ] = None,
    draws: Annotated[int, typer.Option(help="futures in each sample")] = 10_000,
    seed: Annotated[int, typer.Option(help="same seed, same answer")] = 1,
    threads: Annotated[int | None, typer.Option(help="changes no number")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object instead")] = False,
) -> None:
    """Which assumptions drive an answer."""
    with _progress("Simulating") as on_progress:
        found = sensitivity(
            scenario,
            output,
            area,
            target_gbp_m=target_gbp_m,
            draws=draws,
            seed=seed,
            geography=geography,
            threads=threads,
            on_progress=on_progress,
        )
    if as_json:
        print(json.dumps(found.to_dict(), ensure_ascii=False, allow_nan=False))
    else:
        _print_sensitivity(found)


def _print_sensitivity(found: Sensitivity) -> None:
    console = _console()
    console.print(
        f"{found.area}: what drives {ANSWERS[found.output]} ({found.unit})\n", style="bold"
    )
    table = _table(
        "Assumptions",
        "Share of the variance\nalone",
        "together with\nothers",
        "Middle answer if they are\nlow … high",
        left=(0, 3),
    )
    bars = {row["group"]: row for row in found.tornado.iter_rows(named=True)}
    show = words.gbp if found.unit.startswith("£m") else words.percent

    def index(row: dict[str, Any], name: str) -> str:
        low, high = row[f"{name}_low"], row[f"{name}_high"]
        if low <= 0 <= high:
            return NOT_DISTINGUISHABLE
        return f"{row[name]:.1%} ({low:.1%} to {high:.1%})"

    for row in found.indices.iter_rows(named=True):
        bar = bars[row["group"]]
        ends = (
            "does not move it"
            if bar["leading"] is None
            else " … ".join(show(bar[end]) for end in ("low", "high"))
        )
        table.add_row(row["label"], index(row, "first"), index(row, "total"), ends)
    console.print(table)
    table = _table("Choice in the model itself", "", "Middle answer", left=(0, 1))
    for row in found.structure.iter_rows(named=True):
        in_use = "as it is" if row["in_use"] else ""
        table.add_row(f"{row['switch']} = {row['choice']}", in_use, show(row["middle"]))
    console.print()
    console.print(table)
    said = [found.disagreement] if found.disagreement else []
    console.print(
        f"\nMiddle answer as it is: {show(found.tornado['middle'][0])}. In brackets: 95% intervals "
        "of the simulation.\n" + "\n".join([*found.caveats, *said, *found.notes])
    )
    _print_left_out(console, found.left_out)
    console.print(f"{found.draws:,} futures in each sample, seed {found.seed}.")


@app.command("voi")
def voi_command(
    scenarios: Annotated[list[str], typer.Argument(help="the plans to choose from")],
    area: Annotated[str, typer.Option(help="area or group whose net benefit is meant")],
    geography: Annotated[
        Geography | None, typer.Option(help="instead of the scenario's geography")
    ] = None,
    draws: Annotated[int, typer.Option(help="futures to simulate")] = 20_000,
    seed: Annotated[int, typer.Option(help="same seed, same answer")] = 1,
    threads: Annotated[int | None, typer.Option(help="changes no number")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="print one JSON object instead")] = False,
) -> None:
    """What it would be worth to know more before choosing a plan, or none."""
    with _progress("Simulating") as on_progress:
        found = voi(
            scenarios,
            area,
            draws=draws,
            seed=seed,
            geography=geography,
            threads=threads,
            on_progress=on_progress,
        )
    if as_json:
        print(json.dumps(found.to_dict(), ensure_ascii=False, allow_nan=False))
    else:
        _print_voi(found)


def _print_voi(found: ValueOfInformation) -> None:
    console = _console()
    console.print(f"What knowing more is worth, {found.area}\n", style="bold")
    table = _table("Option", "Net benefit\non average", "in 9 of 10\nfutures", "Best", left=(0, 3))
    for row in found.options.iter_rows(named=True):
        mean, error, low, high = (
            row[f"net_benefit_gbp_m_{s}"] for s in ("mean", "mcse_mean", "p05", "p95")
        )
        chance = words.chance(row["p_best"], found.draws)
        table.add_row(row["option"], words.gbp(mean, error), words.gbp_range(low, high), chance)
    console.print(table)
    table = _table("Assumptions", "Worth knowing,\nabout", "Evidence", left=(0, 2))
    for row in found.groups.iter_rows(named=True):
        worth = (
            f"{words.gbp(row['evppi_gbp_m'], row['mcse_gbp_m'])} ± {row['mcse_gbp_m']:.2g}m"
            if row["distinguishable"]
            else NOT_DISTINGUISHABLE
        )
        table.add_row(row["label"], worth, row["evidence"])
    console.print()
    console.print(table)
    console.print("\n" + "\n".join([*found.summary, *found.notes]))
    _print_left_out(console, found.left_out)
    console.print(
        "Net benefit: present value at 2023 prices of the gain less what firms spend on adopting "
        "and what the levers cost,\nagainst doing nothing. Sizes of effect and costs are "
        f"judgement.\n{found.draws:,} futures, seed {found.seed}."
    )


def _print_left_out(console: Console, left_out: dict[str, str]) -> None:
    for label, reason in left_out.items():
        console.print(f"Left out: “{label}”, {reason}.")
