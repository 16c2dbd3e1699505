"""``gainsmodel report``: a board paper on one area, or the workbook behind it."""

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from gainsmodel.checks import did_you_mean
from gainsmodel.choices import Paper as Format
from gainsmodel.cli import completion
from gainsmodel.cli.app import (
    DataOption,
    DrawsOption,
    GeographyOption,
    SamplerOption,
    ScenarioFile,
    SeedOption,
    ThreadsOption,
    app,
    is_saved_run,
    own_folder,
    progress,
    stated,
)
from gainsmodel.errors import SettingError
from gainsmodel.files import write_files, writing

# What a manifest fixes.
FIXED = ("draws", "seed", "sampler", "geography")


@app.command("report")
def report_command(
    scenario: ScenarioFile,
    area: Annotated[
        str, typer.Option(help="area or group (name or code)", autocompletion=completion.areas)
    ],
    out: Annotated[
        Path | None,
        typer.Option(help="file to write, with its manifest; by default named after the area"),
    ] = None,
    compare: Annotated[
        str | None, typer.Option(help="another scenario to compare it with, on the same draws")
    ] = None,
    kind: Annotated[
        Format | None,
        typer.Option("--format", help="by default as the ending of --out says, or html"),
    ] = None,
    geography: GeographyOption = None,
    draws: DrawsOption = None,
    seed: SeedOption = None,
    sampler: SamplerOption = None,
    threads: ThreadsOption = None,
    data: DataOption = None,
    force: Annotated[bool, typer.Option("--force", help="overwrite an earlier file")] = False,
) -> None:
    """Write a board paper: HTML, PDF or Word; or Excel with the figures behind it."""
    from gainsmodel.present import report
    from gainsmodel.present.export import file_name
    from gainsmodel.results.manifest import read_manifest
    from gainsmodel.scenario import Scenario

    if out is None:
        kind = kind or "html"
        out = Path(f"gainsmodel-{file_name(area)}.{kind}")
    with writing(out, SettingError):
        _check_target(out, force)
    beside = out.with_name(f"{out.stem}-manifest.json")
    with writing(beside, SettingError):
        beside.exists()
    kind = kind or _kind_of(out)
    report.ready(kind)
    loaded: Scenario | str = scenario
    asked: dict[str, Any] = {"draws": draws, "seed": seed, "sampler": sampler}
    if is_saved_run(scenario):
        if fixed := stated(**asked, geography=geography):
            raise SettingError(
                f"--{next(iter(fixed))}: cannot be combined with a manifest, which already fixes it"
            )
        earlier = read_manifest(Path(scenario))
        loaded = Scenario.from_dict(earlier["scenario"])
        asked = {name: earlier[name] for name in FIXED}
    else:
        asked["geography"] = geography
    dataset = own_folder(data)
    with progress("Running the simulations for the paper") as on_progress:
        found = report.gather(
            loaded,
            area,
            against=compare,
            dataset=dataset,
            threads=threads,
            on_progress=on_progress,
            **stated(**asked),
        )
    record = found.result.record
    content = report.write(found, kind, manifest_name=beside.name)
    with writing(beside, SettingError):
        if not force and beside.exists() and beside.read_bytes() != record:
            raise SettingError(
                f"{beside}: is the manifest of another run, which would be lost; choose another "
                "name for --out, or add --force"
            )
    write_files({out: content, beside: record}, SettingError)
    print(f"written: {out}, {beside}", file=sys.stderr)


def _kind_of(out: Path) -> Format:
    from gainsmodel.present import report

    ending = out.suffix.lower().removeprefix(".")
    for known in report.FORMATS:
        if ending == known:
            return known
    endings = [f".{known}" for known in report.FORMATS]
    raise SettingError(
        f"--out {out}: must end in {', '.join(endings)}, or add --format"
        f"{did_you_mean(out.suffix, endings) if out.suffix else ''}"
    )


def _check_target(out: Path, force: bool) -> None:
    """See that the file can be written, before anything is run."""
    if out.is_dir():
        raise SettingError(f"--out {out}: is a folder; name the file, such as {out / 'paper.pdf'}")
    if not out.parent.is_dir():
        raise SettingError(f"--out {out}: there is no folder {out.parent}")
    if out.exists() and not force:
        raise SettingError(f"--out {out}: exists already; add --force to overwrite it")
