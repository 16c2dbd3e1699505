"""What was checked of the model and of this run, and what was not: the assurance statement.

Headings follow the Aqua Book (HM Treasury's guidance on analysis for government, revised 2025):
scope, data, assumptions, verification, validation, uncertainty, what was not done.
"""

import io
from datetime import date
from importlib.resources import files

import polars as pl

from gainsmodel.present import text
from gainsmodel.present.report.findings import Findings


def statement(findings: Findings, on: date | None = None) -> list[tuple[str, str]]:
    """Pairs of heading and words; figures from the validation and the run itself.

    The age of the built-in figures is told for the day `on`, today if left out.
    """
    manifest, log = findings.result.manifest, findings.log
    grades = {
        grade: log.filter(pl.col("evidence") == grade).height
        for grade in ("published", "derived", "judgement", "choice")
    }
    unowned = log.filter(pl.col("changed") & (pl.col("owner") == "not named")).height
    changed = int(log["changed"].sum())
    several = len(findings.scenario.every_structure())
    of_structure = (
        f" and the {several} structures of the model that are stated, not others"
        if several
        else ", not the structure of the model"
    )
    own = manifest.get("own_data")
    data = (
        f"The user’s own figures, checked on reading: {'; '.join(own['notes'])}."
        if own
        else "Official figures built into this version; their sums are checked against the "
        "publisher’s totals and their hashes are in the manifest. "
        + text.of_figures(manifest, on or date.today())
    )
    return [
        (
            "Purpose and scope",
            "What a region’s share of a national figure would be, and what digital adoption and "
            "a plan plausibly bring of it. Not a forecast, and not a business case by itself.",
        ),
        ("Data", data),
        (
            "Assumptions",
            f"{log.height} in all: {grades['published']} published, {grades['derived']} derived, "
            f"{grades['judgement']} judgement, {grades['choice']} choices of the user. "
            f"{changed or 'None'} {'differs' if changed < 2 else 'differ'} from the reference "
            "scenario" + (f"; owner not named: {unowned}." if unowned else "."),
        ),
        (
            "Verification",
            "The core is held against a second model, written independently, and against closed "
            "forms: " + counted("Numerical verification") + " This run repeats to the same "
            "numbers from its manifest, on any number of threads or machines.",
        ),
        (
            "Validation",
            "Against published figures: " + counted() + failures() + afterwards(),
        ),
        (
            "Uncertainty",
            f"{findings.about.futures:,} futures. Ranges hold 9 of 10 of them: they cover the "
            f"stated ranges of the assumptions{of_structure}, nor what nobody "
            "thought of. Words on differences allow for the simulation error.",
        ),
        (
            "Not done",
            "No outside reviewer has signed this analysis off. Adoption by area has been observed "
            "in part only, so places could not be validated. Who answers for it: name, date: "
            "______",
        ),
    ]


def counted(page: str | None = None) -> str:
    """How many questions of the validation hold, of those put before looking."""
    asked = verdicts().filter(~pl.col("asked_after_the_figures_were_seen"))
    numerical = pl.col("page") == "Numerical verification"
    asked = asked.filter(numerical if page else ~numerical)
    number = {kind: asked.filter(outcome=kind).height for kind in ("holds", "fails", "open")}
    if number["holds"] == asked.height:
        return f"all {asked.height} questions set before the figures were seen hold."
    return (
        f"of {asked.height} questions set before the figures were seen {number['holds']} hold, "
        f"{number['fails']} do not and {number['open']} cannot be told."
    )


def failures() -> str:
    """The questions that did not hold, shortly."""
    failed = verdicts().filter(
        (pl.col("outcome") == "fails") & ~pl.col("asked_after_the_figures_were_seen")
    )
    if not failed.height:
        return ""
    said = "; ".join(
        f"“{asked}” ({found})" for asked, found in failed["asked", "found"].iter_rows()
    )
    return f" What does not hold: {said}. Pages: docs/validation."


def afterwards() -> str:
    """How the questions fared that were put, or their line drawn, after the figures were seen."""
    seen = verdicts().filter(pl.col("asked_after_the_figures_were_seen"))
    number = {kind: seen.filter(outcome=kind).height for kind in ("holds", "fails", "open")}
    return (
        f" Of {seen.height} more set after the figures had been seen {number['holds']} hold, "
        f"{number['fails']} do not and {number['open']} cannot be told."
    )


def verdicts() -> pl.DataFrame:
    """Every verdict of ``docs/validation``, as this version was validated.

    Returns
    -------
    DataFrame
        ``page``, ``asked``, ``found``, ``outcome`` (``holds``, ``fails`` or ``open``, where the
        figures cannot tell) and ``asked_after_the_figures_were_seen``.
    """
    return pl.read_csv(
        io.BytesIO((files("gainsmodel.present.report") / "verdicts.csv").read_bytes())
    )
