"""What comes in and goes out: saved plans, links, scenario files, own figures, downloads."""

import json
from collections.abc import Callable, Hashable, Iterable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlencode, urlsplit

import streamlit as st

from app import jobs, limits, state
from app.choice import Choice
from app.components import answer, blocks
from app.components.blocks import plain
from app.guard import REFUSED
from app.link import to_query, too_long
from gainsmodel import (
    Dataset,
    GainsModelError,
    Scenario,
    load_scenario,
    parse_scenario,
    read_gva,
    to_toml,
)
from gainsmodel.data import GEOGRAPHIES
from gainsmodel.files import writing
from gainsmodel.present import charts, export, report, text
from gainsmodel.present.area_summary import Added, AreaSummary

OFFICE = "application/vnd.openxmlformats-officedocument"
EXCEL = f"{OFFICE}.spreadsheetml.sheet"
PAPERS: dict[report.Format, tuple[str, str]] = {
    "pdf": ("Board paper (PDF)", "application/pdf"),
    "docx": ("Board paper (Word)", f"{OFFICE}.wordprocessingml.document"),
    "html": ("Board paper (web page)", "text/html"),
    "xlsx": ("Figures behind it (Excel)", EXCEL),
}
MOST_BYTES = 20_000_000


# ---------------------------------------------------------------- saved plans


def saved_plans() -> None:
    """Save the plan on screen; load, rename or delete saved ones."""
    st.markdown("Plans are kept for this visit only. To keep one, download it.")
    name = st.text_input("Name of the plan", max_chars=state.NAME_LENGTH, key="plan_name")
    if st.button("Save this plan", type="primary", icon=":material/bookmark_add:"):
        wrong = state.save(name)
        if wrong:
            st.warning(wrong)
    for name, choice in list(state.saved().items()):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(plain(name), width="stretch")
            st.button(
                "Load",
                key=f"load_{name}",
                on_click=state.change,
                args=(choice, f"loading “{name}”"),
            )
            st.download_button(
                "TOML",
                data=partial(_toml_bytes, choice),
                file_name=f"{export.file_name(name)}.toml",
                key=f"toml_{name}",
                on_click="ignore",
            )
            st.button("Delete", key=f"delete_{name}", on_click=_delete, args=(name,))


def _toml_bytes(choice: Choice) -> bytes:
    return toml(choice).encode()


def _delete(name: str) -> None:
    state.saved().pop(name, None)


# ---------------------------------------------------------------- share and download


def link(choice: Choice) -> str:
    """The address that leads back to a choice."""
    base = urlsplit(st.context.url or "")
    page = f"{base.scheme}://{base.netloc}{base.path or '/'}" if base.netloc else ""
    return f"{page}?{urlencode(to_query(choice))}"


def _titled(choice: Choice) -> Scenario:
    """The scenario as it goes out; one that is the reference no more does not say that it is."""
    reference = load_scenario("reference")
    if choice.scenario.title == reference.title and choice.scenario != reference:
        return choice.scenario.edit({"title": f"{choice.unit_name}, from the app"})
    return choice.scenario


def toml(choice: Choice) -> str:
    """The scenario as a file that the command line runs, with the same results."""
    written = to_toml(_titled(choice), relative_to=load_scenario("reference"))
    options = [f"--area {json.dumps(choice.unit_name, ensure_ascii=False)}"]
    if choice.draws != 10_000:
        options.append(f"--draws {choice.draws}")
    if choice.seed != 1:
        options.append(f"--seed {choice.seed}")
    if choice.sampler != "sobol":
        options.append(f"--sampler {choice.sampler}")
    own = "# Made with your own figures: add --data with the same file.\n" if choice.data else ""
    return f"# Run it: gainsmodel run THIS_FILE {' '.join(options)}\n{own}{written}"


def share() -> None:
    """Link, text, picture and files."""
    choice = state.current()
    st.markdown("**Link to this page**")
    st.code(link(choice), language=None, wrap_lines=True)
    if choice.data is not None:
        blocks.small(
            "Your own figures are not in the link; whoever opens it sees the built-in ones."
        )
    if too_long(choice):
        blocks.small(
            "A link cannot hold all of your changed assumptions: download the scenario instead."
        )
    pair = jobs.QUEUE.at_hand(jobs.pair_key(choice, choice.draws))
    if pair is None or (choice.scenario.plan and not pair.with_plan.holds_draws):
        blocks.small("You can download results when the run has finished.")
        _scenario_button(choice, "share")
        return
    about = text.about(pair.with_plan, choice.unit)
    added = about.added(pair.without) if choice.scenario.plan else None
    st.markdown("**Text to paste**")
    st.code(text_to_paste(about, added, choice), language=None, wrap_lines=True)
    st.markdown("**Files**")
    name = export.file_name(choice.unit_name)
    without = pair.without if choice.scenario.plan else None
    with st.container(horizontal=True):
        _scenario_button(choice, "share")
        _file(
            "Results (Excel)",
            f"{name}.xlsx",
            EXCEL,
            partial(_workbook, choice, state.visitor()),
        )
        _file("Results (CSV)", f"{name}.csv", "text/csv", lambda: export.areas_csv(pair.with_plan))
        _file(
            "Manifest (JSON)",
            f"{name}-manifest.json",
            "application/json",
            lambda: pair.with_plan.record,
        )
        _file(
            "Picture (PNG)",
            f"{name}.png",
            "image/png",
            lambda: charts.three_amounts(pair.with_plan, choice.unit, without, width=720).png(
                heading=" ".join(text.headline(about, added)),
                note=f"{text.ranges(about, added)} {text.causes(about)} {text.prices(about)}",
            ),
        )
    st.markdown("**Board paper**")
    _paper(choice)


def _workbook(choice: Choice, visitor: str) -> bytes:
    """The results as a workbook, for which the draws of all areas are made again."""
    job = jobs.pair(choice, choice.draws, visitor=visitor, slot="workbook", appraised=True)
    pair = job.future.result()
    without = pair.without if choice.scenario.plan else None
    made = export.workbook(pair.with_plan, choice.unit, without)
    jobs.QUEUE.cancel(visitor, "workbook")
    return made


def _paper(choice: Choice) -> None:
    """A board paper, written on request: it runs each lever alone and a sensitivity analysis."""
    shown = answer.on_request(
        "paper",
        ("paper", choice.scenario, choice.unit, *jobs.run_key(choice)),
        partial(_findings, choice),
        button="Write a board paper",
        doing="Running the simulations for the paper",
        size_bytes=jobs.whole_bytes(choice, choice.draws),
    )
    if shown is None:
        return
    name = f"{export.file_name(choice.unit_name)}-board-paper"
    record = f"{name}-manifest.json"
    with st.container(horizontal=True):
        for kind, (label, mime) in PAPERS.items():
            paper = partial(report.write, shown, kind, manifest_name=f"gainsmodel-{record}")
            _file(label, f"{name}.{kind}", mime, paper)
        _file("Manifest of the paper", record, "application/json", lambda: shown.result.record)


def _findings(choice: Choice, on_progress: Any) -> report.Findings:
    return report.gather(
        _titled(choice),
        choice.unit,
        draws=choice.draws,
        seed=choice.seed,
        sampler=choice.sampler,
        dataset=choice.data,
        on_progress=on_progress,
    )


def text_to_paste(about: AreaSummary, added: Added | None, choice: Choice) -> str:
    """The headline with all that must go with it."""
    sentences = [
        *text.headline(about, added),
        text.ranges(about),
        text.causes(about),
        text.against_gva(about),
    ]
    if added is not None:
        sentences.append(text.plan_adds(about, added, *answer.cost_and_price(choice)))
    return " ".join(sentences)


def _scenario_button(choice: Choice, where: str) -> None:
    name = f"{export.file_name(choice.unit_name)}.toml"
    _file("Scenario (TOML)", name, "application/toml", lambda: toml(choice).encode(), where)


def _file(label: str, name: str, mime: str, data: Any, where: str = "share") -> None:
    st.download_button(
        label,
        data=data,
        file_name=f"gainsmodel-{name}",
        mime=mime,
        on_click="ignore",
        key=f"{where}_{label}",
        icon=":material/download:",
    )


# ---------------------------------------------------------------- uploads


def upload_scenario() -> None:
    """Take a scenario file; the one in use stays until the new one is known to be good."""
    given = st.file_uploader(
        "Scenario file (TOML)",
        type=["toml"],
        key="scenario_file",
        help="As downloaded here, or written for the command line. At most 1 MB.",
    )
    _scenario_button(state.current(), "upload")
    if given is None or st.session_state.get("scenario_taken") == given.file_id:
        return
    if _refused(given):
        return
    try:
        scenario = parse_scenario(given.getvalue(), given.name)
        choice = state.current().adopt(scenario)
        choice.check()
    except GainsModelError as error:
        answer.problem(f"We could not use {given.name}. Nothing has changed.", error)
        return
    st.session_state.scenario_taken = given.file_id
    state.change(choice, f"taking {given.name}")
    state.note(f"Now showing “{scenario.title}” from {given.name}.", *scenario.migration)
    st.rerun()


def upload_figures() -> None:
    """Take a table of own GVA figures, with a look at it before it is used."""
    choice = state.current()
    if choice.data is not None:
        st.info(plain("In use: your own figures. " + " ".join(choice.data.notes)))
        st.button(
            "Use the built-in figures instead",
            on_click=lambda: state.change(state.current().use(None), "the built-in figures"),
        )
    if choice.dataset.geography not in GEOGRAPHIES:
        return
    given = st.file_uploader(
        "GVA by area and sector, £m (CSV, Parquet or Excel)",
        type=["csv", "parquet", "xlsx", "xls", "xlsb", "ods"],
        key="figures_file",
        max_upload_size=20,
        help="One row for each area and sector, or one row per area and one column per "
        "sector. At most 20 MB; held in memory for this visit only.",
    )
    if given is None or _refused(given):
        return
    sheet = st.text_input(
        "Sheet", key="figures_sheet", placeholder="the first", help="Of an Excel workbook."
    )
    fill = st.checkbox("Keep the built-in figures where the table has none", key="figures_fill")
    currency = rate_source = ""
    rate = None
    if st.checkbox("The figures are not in £", key="figures_not_gbp"):
        currency = st.text_input("Currency", key="figures_currency", placeholder="such as EUR")
        rate = st.number_input(
            "£ for one unit of it", min_value=0.0, value=None, format="%.4f", key="figures_rate"
        )
        rate_source = st.text_input(
            "Where the rate is from", key="figures_rate_source", placeholder="bank, year"
        )
    geography = choice.scenario.setting.geography
    money = (currency or None, rate, rate_source or None)
    asked = (geography if geography in GEOGRAPHIES else None, sheet or None, fill, *money)
    _offer(
        given.name,
        (given.file_id, *asked),
        lambda: read_gva(
            given.getvalue(),
            asked[0],
            name=given.name,
            sheet=asked[1],
            fill="built_in" if fill else None,
            currency=money[0],
            gbp_per_unit=money[1],
            rate_source=money[2],
        ),
    )


def upload_folder() -> None:
    """Take a folder of own figures or own areas, as the command line writes it."""
    given = st.file_uploader(
        "Folder of figures, made by “gainsmodel data”",
        accept_multiple_files="directory",
        key="folder_of_figures",
        max_upload_size=20,
        help="Your own areas, such as a new combined authority made of local authorities, or of a "
        "new release. Held in memory for this visit only.",
    )
    refused = next((file for file in given if file.type == REFUSED), None)
    if given and not (refused and _refused(refused)):
        _offer(
            given[0].name.partition("/")[0],
            tuple(file.file_id for file in given),
            lambda: _read_folder(given),
        )


def _refused(given: Any) -> bool:
    """Say it where there was no room for an upload."""
    if given.type != REFUSED:
        return False
    st.error(
        f"There is no room for this file: a visit may upload {limits.UPLOADS_EACH} files of "
        f"{limits.UPLOADS_BYTES_EACH / 1e6:.0f} MB together, and all visitors "
        f"{limits.UPLOADS_BYTES / 1e6:.0f} MB. Remove files with ×, or try again in some minutes. "
        "Nothing has changed."
    )
    return True


def _read_folder(given: Iterable[Any]) -> Dataset:
    with writing("the files", GainsModelError), TemporaryDirectory() as folder:
        for file in given:
            # Names come from a browser: only the last part counts.
            (Path(folder) / Path(file.name).name).write_bytes(file.getvalue())
        try:
            return read_gva(Path(folder), None)
        except GainsModelError as error:
            raise type(error)(str(error).replace(f"{folder}/", "").replace(folder, "it")) from None


def _offer(name: str, key: Hashable, read: Callable[[], Dataset]) -> None:
    """Show what was read, and use it if the visitor says so.

    Files are read in turn, and once: a bad one takes as long as it is let.
    """
    choice = state.current()

    def work(on_progress: Any) -> Dataset | GainsModelError:
        try:
            return read()
        except GainsModelError as error:
            return error

    dataset: Dataset | GainsModelError | None = answer.result_of(
        lambda: jobs.QUEUE.order(
            ("file", state.visitor(), key),
            work,
            visitor=state.visitor(),
            slot="file",
            lane="files",
        ),
        f"Reading {name}",
        slot="file",
        patience=answer.PATIENCE_SECONDS,
    )
    if dataset is None:
        return
    if isinstance(dataset, GainsModelError):
        answer.problem(f"We could not use {name}. Nothing has changed.", dataset)
        return
    st.markdown("**What was read**\n\n" + "\n".join(f"- {plain(note)}" for note in dataset.notes))
    st.dataframe(dataset.gva_frame(), hide_index=True, height=250)
    st.button(
        "Use these figures",
        type="primary",
        key=f"use_{name}",
        disabled=choice.data is not None and choice.data.hashes == dataset.hashes,
        on_click=lambda: state.change(state.current().use(dataset), f"the figures of {name}"),
    )
