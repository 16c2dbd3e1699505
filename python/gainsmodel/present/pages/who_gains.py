"""What a plan adds in each local authority of an area."""

from collections.abc import Iterator

from gainsmodel import format
from gainsmodel.analysis.who_gains import WhoGains
from gainsmodel.present import text
from gainsmodel.present.area_summary import Added, AreaSummary
from gainsmodel.present.blocks import Block, Grid, Heading, Words


def who_gains(gains: WhoGains) -> Iterator[Block]:
    """Say in which local authorities what a plan adds arises, with what that cannot tell."""
    draws = gains.pair.manifest["draws"]
    rows = []
    for row in gains.table.iter_rows(named=True):
        added = Added.of_row(row, gains.metric, draws)
        share = row["share_of_added"]
        rows.append(
            (
                row["area_name"],
                format.intensity(row["share_of_residents"]),
                added.gbp,
                added.gbp_range,
                added.nothing,
                text.NOT_KNOWN if share is None else format.intensity(share),
            )
        )
    yield Heading("Who gains, by local authority")
    headings = (
        "Local authority",
        "Share of residents",
        f"The plan adds {AreaSummary(gains.pair.with_plan, 'uk').when}",
        text.RANGE,
        text.NOTHING,
        "Share of what the plan adds",
    )
    yield Grid("", headings, rows)
    yield Words(f"{text.by_authority(draws)} {text.LOCAL_BANDS}", "small")
    yield Words(f"{text.adjusted(gains.pair.net_of)} {text.PLACE_BASED}", "small")
