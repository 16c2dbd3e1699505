"""What a paper is made of, whatever it is written as: title, headings, words, tables, pictures.

Everything is plain text. Each writer escapes it in its own way, so no writer needs to know where
a word came from.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from gainsmodel.present.blocks import Block


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
