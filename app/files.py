"""What comes in and goes out: saved plans, links, scenario files, own figures, downloads."""

import json
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlencode, urlsplit

import streamlit as st

from app import parts, runs, session
from app.choice import GEOGRAPHIES, Choice
from app.parts import plain
from gainsmodel import (
    GainsModelError,
    charts,
    export,
    load_scenario,
    parse_scenario,
    read_gva,
    sentences,
    to_toml,
)
from gainsmodel.reading import Reading, Three

EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_BYTES = 20_000_000


# ---------------------------------------------------------------- saved plans


def saved_plans() -> None:
    """Save the plan on screen; load, rename or delete saved ones."""
    st.markdown("Plans are kept for this visit only. To keep one, download it.")
    name = st.text_input("Name of the plan", max_chars=session.NAME_LENGTH, key="plan_name")
    if st.button("Save this plan", type="primary", icon=":material/bookmark_add:"):
        wrong = session.save(name)
        if wrong:
            st.warning(wrong)
    for name, choice in list(session.saved().items()):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(plain(name), width="stretch")
            st.button(
                "Load",
                key=f"load_{name}",
                on_click=session.change,
                args=(choice, f"loading “{name}”"),
            )
            st.download_button(
                "TOML",
                data=partial(_toml_bytes, choice),
                file_name=f"{file_name(name)}.toml",
                key=f"toml_{name}",
                on_click="ignore",
            )
            st.button("Delete", key=f"delete_{name}", on_click=_delete, args=(name,))


def _toml_bytes(choice: Choice) -> bytes:
    return toml(choice).encode()


def _delete(name: str) -> None:
    session.saved().pop(name, None)


def file_name(text: str) -> str:
    """A name that every file system takes."""
    kept = "".join(c if c.isascii() and c.isalnum() else "-" for c in text.casefold())
    return "-".join(filter(None, kept.split("-")))[:60] or "plan"


# ---------------------------------------------------------------- share and download


def link(choice: Choice) -> str:
    """The address that leads back to a choice."""
    base = urlsplit(st.context.url or "")
    page = f"{base.scheme}://{base.netloc}{base.path or '/'}" if base.netloc else ""
    return f"{page}?{urlencode(choice.query())}"


def toml(choice: Choice) -> str:
    """The scenario as a file that the command line runs to the same numbers."""
    scenario = choice.scenario
    reference = load_scenario("reference")
    if scenario.title == reference.title and scenario != reference:
        scenario = scenario.edit({"title": f"{choice.unit_name}, from the app"})
    text = to_toml(scenario, relative_to=reference)
    options = [f"--area {json.dumps(choice.unit_name, ensure_ascii=False)}"]
    if choice.draws != 10_000:
        options.append(f"--draws {choice.draws}")
    if choice.seed != 1:
        options.append(f"--seed {choice.seed}")
    if choice.sampler != "sobol":
        options.append(f"--sampler {choice.sampler}")
    own = "# Made with own figures: add --data with the same file.\n" if choice.data else ""
    return f"# Run it: gainsmodel run THIS_FILE {' '.join(options)}\n{own}{text}"


def share() -> None:
    """Link, text, picture and files."""
    choice = session.current()
    st.markdown("**Link to this page**")
    st.code(link(choice), language=None, wrap_lines=True)
    if choice.data is not None:
        parts.small(
            "Your own figures are not in the link; whoever opens it sees the built-in ones."
        )
    if choice.too_long():
        parts.small(
            "A link cannot hold all of your changed assumptions: download the scenario instead."
        )
    pair = runs.DESK.at_hand(runs.pair_key(choice, choice.draws))
    if pair is None or (choice.scenario.plan and not pair.result.holds_draws):
        parts.small("Results can be downloaded once a run has ended that keeps its futures.")
        _scenario_button(choice, "share")
        return
    about = sentences.about(pair.result, choice.unit)
    added = about.added(pair.without) if choice.scenario.plan else None
    st.markdown("**Text to paste**")
    st.code(text(about, added, choice), language=None, wrap_lines=True)
    st.markdown("**Files**")
    name = file_name(choice.unit_name)
    without = pair.without if choice.scenario.plan else None
    with st.container(horizontal=True):
        _scenario_button(choice, "share")
        _file(
            "Results (Excel)",
            f"{name}.xlsx",
            EXCEL,
            lambda: export.workbook(pair.result, choice.unit, without),
        )
        _file("Results (CSV)", f"{name}.csv", "text/csv", lambda: export.areas_csv(pair.result))
        _file(
            "Manifest (JSON)",
            f"{name}-manifest.json",
            "application/json",
            lambda: json.dumps(pair.result.manifest, ensure_ascii=False, indent=1).encode(),
        )
        _file(
            "Picture (PNG)",
            f"{name}.png",
            "image/png",
            lambda: charts.three_amounts(pair.result, choice.unit, without, width=720).png(
                heading=" ".join(sentences.headline(about, added)),
                note=f"{sentences.ranges(about)} {sentences.causes(about)} "
                f"{sentences.prices(about)}",
            ),
        )


def text(about: Reading, added: Three | None, choice: Choice) -> str:
    """The headline with all that must go with it."""
    said = [
        *sentences.headline(about, added),
        sentences.ranges(about),
        sentences.causes(about),
        sentences.against_gva(about),
    ]
    if added is not None:
        cost = parts.cost_per_year(choice)
        said.append(sentences.plan_adds(about, added, cost))
    return " ".join(said)


def _scenario_button(choice: Choice, where: str) -> None:
    name = f"{file_name(choice.unit_name)}.toml"
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
    _scenario_button(session.current(), "upload")
    if given is None or st.session_state.get("scenario_taken") == given.file_id:
        return
    try:
        scenario = parse_scenario(given.getvalue(), given.name)
        choice = session.current().adopt(scenario)
        choice.check()
    except GainsModelError as error:
        parts.problem(f"We could not use {given.name}. Nothing has changed.", error)
        return
    st.session_state.scenario_taken = given.file_id
    session.change(choice, f"taking {given.name}")
    session.note(f"Now showing “{scenario.title}” from {given.name}.")
    st.rerun()


def upload_figures() -> None:
    """Take a table of own GVA figures, with a look at it before it is used."""
    choice = session.current()
    if choice.data is not None:
        st.info(plain("In use: your own figures. " + " ".join(choice.data.notes)))
        st.button(
            "Use the built-in figures instead",
            on_click=lambda: session.change(session.current().built_in(), "the built-in figures"),
        )
    if choice.dataset.geography not in GEOGRAPHIES:
        return
    given = st.file_uploader(
        "GVA by area and sector, £m (CSV, Parquet or Excel)",
        type=["csv", "parquet", "xlsx", "xls", "xlsb", "ods"],
        key="figures_file",
        max_upload_size=20,
        help="One row for each area and sector, or a row an area and a column a sector. "
        "At most 20 MB; held in memory for this visit only.",
    )
    if given is None:
        return
    sheet = st.text_input(
        "Sheet", key="figures_sheet", placeholder="the first", help="Of an Excel workbook."
    )
    fill = st.checkbox("Keep the built-in figures where the table has none", key="figures_fill")
    geography = choice.scenario.setting.geography
    try:
        dataset = read_gva(
            given.getvalue(),
            geography,
            name=given.name,
            sheet=sheet or None,
            fill="built_in" if fill else None,
        )
    except GainsModelError as error:
        parts.problem(f"We could not use {given.name}. Nothing has changed.", error)
        return
    st.markdown("**What was read**\n\n" + "\n".join(f"- {plain(note)}" for note in dataset.notes))
    st.dataframe(dataset.gva_frame(), hide_index=True, height=250)
    st.button(
        "Use these figures",
        type="primary",
        disabled=choice.data is not None and choice.data.hashes == dataset.hashes,
        on_click=lambda: session.change(
            replace(session.current(), data=dataset), f"the figures of {given.name}"
        ),
    )
