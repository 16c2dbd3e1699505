"""What a paper is made of, whatever it is written as: title, headings, words, tables, pictures.

Everything is plain text. Each writer escapes it in its own way, so no writer needs to know where
a word came from.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

from gainsmodel.present.blocks import Block
from gainsmodel.present.charts import Chart

T = TypeVar("T")


@dataclass(frozen=True)
class Document:
    """A paper: what it is called, and its blocks from top to bottom.

    Attributes
    ----------
    title, subtitle : str
    blocks : sequence of Block
    record : bytes
        Of the run that it tells of: its manifest with hashes and fingerprint.
    version : str
        Of gainsmodel, which ran it.
    manifest_name : str
        Name of the file in which the record goes with the paper.
    """

    title: str
    subtitle: str
    blocks: Sequence[Block]
    record: bytes
    version: str
    manifest_name: str

    def with_text(self, change: Callable[[str], str]) -> "Document":
        """The same paper, each of its texts changed; pictures and the record stay."""
        return replace(
            self,
            title=change(self.title),
            subtitle=change(self.subtitle),
            manifest_name=change(self.manifest_name),
            blocks=[_changed(block, change) for block in self.blocks],
        )

    def texts(self) -> list[str]:
        """Every text of the paper, as `with_text` goes through them."""
        found: list[str] = []

        def take(text: str) -> str:
            found.append(text)
            return text

        self.with_text(take)
        return found


def _changed(node: T, change: Callable[[str], str]) -> T:
    changed: Any = node
    if isinstance(node, str):
        changed = change(node)
    elif isinstance(node, Chart):
        changed = replace(node, alt=change(node.alt), caption=change(node.caption))
    elif isinstance(node, list | tuple):
        changed = [_changed(part, change) for part in node]
    elif is_dataclass(node) and not isinstance(node, type):
        parts = {f.name: _changed(getattr(node, f.name), change) for f in fields(node)}
        changed = replace(node, **parts)
    return changed  # type: ignore[no-any-return]
