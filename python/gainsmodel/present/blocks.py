"""What an answer is made of, whoever shows it: headings, words, tables, pictures.

Every question has one function in `gainsmodel.present.pages` that gives its answer as blocks.
The command line prints them, the app shows them, a paper holds them: the same words, figures
and rounding by every way in. Everything is plain text; each way in escapes it in its own way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from gainsmodel.present.charts import Chart


@dataclass(frozen=True)
class Heading:
    """Heading of a section."""

    text: str


@dataclass(frozen=True)
class Words:
    """A paragraph; `role` is ``lead`` for the headline, ``text``, or ``small``."""

    text: str
    role: str = "text"


@dataclass(frozen=True)
class Points:
    """A list."""

    items: Sequence[str]


@dataclass(frozen=True)
class Box:
    """Words set apart under a heading of their own."""

    title: str
    items: Sequence[str]


@dataclass(frozen=True)
class Grid:
    """A table of words; columns named in `left`, by position, are set to the left."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: Sequence[int] = (0,)


@dataclass(frozen=True)
class Picture:
    """A chart with its caption."""

    title: str
    chart: "Chart"


@dataclass(frozen=True)
class Code:
    """Lines to type, as they are."""

    lines: Sequence[str]


Block = Heading | Words | Points | Box | Grid | Picture | Code
