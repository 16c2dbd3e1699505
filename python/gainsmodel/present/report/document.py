"""What a paper is made of, whatever it is written as: title, headings, words, tables, pictures.

Everything is plain text. Each writer escapes it in its own way, so no writer needs to know where
a word came from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

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
    """A table of words; the columns after the first `left` are set to the right."""

    title: str
    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    left: int = 1


@dataclass(frozen=True)
class Picture:
    """A chart with its caption."""

    title: str
    chart: Chart


@dataclass(frozen=True)
class Code:
    """Lines to type, as they are."""

    lines: Sequence[str]


Block = Heading | Words | Points | Box | Grid | Picture | Code


@dataclass(frozen=True)
class Document:
    """A paper: what it is called, and its blocks from top to bottom.

    Attributes
    ----------
    title, subtitle : str
    blocks : sequence of Block
    manifest : dict
        Of the run that it tells of.
    manifest_name : str
        Name of the file in which the manifest goes with the paper.
    """

    title: str
    subtitle: str
    blocks: Sequence[Block]
    manifest: dict[str, Any]
    manifest_name: str
