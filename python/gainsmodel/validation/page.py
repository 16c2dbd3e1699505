"""Pages of the validation: Markdown made from verdicts, tables, words and pictures."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from gainsmodel.errors import GainsModelError
from gainsmodel.files import write_file
from gainsmodel.present.charts.chart import Chart
from gainsmodel.validation.verdict import Verdict, tally

TABLES = Path(__file__).parent / "tables"
MADE = "<!-- Made by `make validation`; edit python/gainsmodel/validation instead. -->"


@dataclass(frozen=True, eq=False)
class Page:
    """One page, ready to be written.

    Attributes
    ----------
    name : str
        File name without its ending.
    title : str
        Heading.
    summary : str
        One or two sentences under the heading.
    verdicts : tuple of Verdict
        What was asked and found.
    sections : tuple of str
        Markdown under the verdicts. A line ``![name]`` stands for the picture of that name.
    pictures : dict
        Charts by name.
    """

    name: str
    title: str
    summary: str
    verdicts: tuple[Verdict, ...]
    sections: tuple[str, ...]
    pictures: Mapping[str, Chart] = field(default_factory=dict)

    def markdown(self) -> str:
        """The whole page."""
        parts = [MADE, f"# {self.title}", self.summary, verdict_table(self.verdicts)]
        if any(verdict.afterwards for verdict in self.verdicts):
            parts.append("† Asked after the figures had been seen: it describes and is not a test.")
        for section in self.sections:
            lines = []
            for line in section.strip().splitlines():
                if line.startswith("!["):
                    name = line[2:-1]
                    line = f"![{self.pictures[name].alt}]({self.name}-{name}.svg)"
                lines.append(line)
            parts.append("\n".join(lines))
        return "\n\n".join(parts) + "\n"

    def write(self, folder: Path) -> None:
        """Write the page and its pictures into a folder."""
        write_file(folder / f"{self.name}.md", self.markdown().encode(), GainsModelError)
        for name, chart in self.pictures.items():
            picture = f"{chart.svg()}\n".encode()
            write_file(folder / f"{self.name}-{name}.svg", picture, GainsModelError)


def verdict_table(verdicts: Sequence[Verdict]) -> str:
    """Verdicts as a table, in the order they are given."""
    rows = [
        (f"{v.asked} †" if v.afterwards else v.asked, v.found, f"**{v.words}**") for v in verdicts
    ]
    return table(("Asked", "Found", "Verdict"), rows, left=3)


def table(head: Sequence[str], rows: Sequence[Sequence[object]], *, left: int = 1) -> str:
    """A Markdown table; the first `left` columns run from the left, numbers from the right."""
    rules = ["---" if i < left else "--:" for i in range(len(head))]
    lines = [head, rules, *([str(cell) for cell in row] for row in rows)]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def index(pages: Sequence[Page]) -> str:
    """The page that leads to the others."""
    verdicts = [verdict for page in pages for verdict in page.verdicts]
    parts = [
        MADE,
        "# Validation",
        "The model compared with published figures and checked against itself. No assumption of "
        "the model was changed to fit them. Verdicts follow from the figures by rule, good or "
        "bad. A question marked † was put, or the line it is held to drawn, after the figures "
        "had been seen: it describes and is not a test. `make validation` makes these pages, a "
        "test keeps them up to date, and [decision 12](../decisions/0012-validation.md) "
        "explains their design."
        f"\n\n{tally(verdicts)}",
    ]
    for page in pages:
        parts += [f"## [{page.title}]({page.name}.md)", page.summary, verdict_table(page.verdicts)]
    return "\n\n".join(parts) + "\n"


def percent(share: float, digits: int = 1) -> str:
    """A share in per cent, a minus sign as such."""
    return f"{share * 100:.{digits}f}%".replace("-", "−")


def points(share: float, digits: int = 2) -> str:
    """A growth rate or a difference of shares, in percentage points and without a unit."""
    return f"{share * 100:.{digits}f}".replace("-", "−")


def bn(value_gbp_bn: float, digits: int = 1) -> str:
    """An amount, £bn."""
    return f"£{value_gbp_bn:,.{digits}f}bn".replace("£-", "−£")
