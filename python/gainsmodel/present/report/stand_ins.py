"""What stands in a PDF for characters that none of its fonts has, such as emoji and Chinese.

PDF/UA allows no character without a shape. Which a font has, and which it can join to others, only
the typesetter knows, so it is asked.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable

STAND_IN = "□"
WORD = re.compile(r"[^ \n]+")
NAMES_SHOWN = 10
ELSEWHERE = "; the paper as HTML or Word has them."
# Of the Latin letters and the signs of printed English, any font has each, and joins none.
LATIN_TO, SIGNS = 0x180, frozenset("–—‘’“”…†•′″−×÷≤≥≈→□\ufffd")
# Marks on other characters, and what shapes or directs them.
JOINED = ("Mn", "Mc", "Me", "Cf")


class StandIns:
    """Replaces in texts what cannot be set.

    Parameters
    ----------
    can_set : callable
        Whether the typesetter can set a text.
    texts : iterable of str
        All that is to be set.
    everything : bool
        Replace all but Latin letters and common signs, without asking.
    """

    def __init__(
        self, can_set: Callable[[str], bool], texts: Iterable[str], *, everything: bool = False
    ) -> None:
        """Find the words that cannot be set, and what of each."""
        self._words: dict[str, str] = {}
        self._replaced: dict[str, None] = {}
        known: dict[str, bool] = {}

        def has(c: str) -> bool:
            if c not in known:
                known[c] = can_set(c)
            return known[c]

        strange = dict.fromkeys(
            word for text in texts for word in WORD.findall(text) if not all(map(_is_plain, word))
        )
        for word in strange:
            if not everything:
                if can_set(word):
                    continue
                changed = self._changed(word, has)
                if can_set(changed):
                    self._keep(word, changed)
                    continue
            self._keep(word, self._changed(word, _is_plain))

    def __call__(self, text: str) -> str:
        """Give a text that can be set."""
        return WORD.sub(lambda word: self._words.get(word[0], word[0]), text)

    def note(self) -> str:
        """Say which characters were replaced; nothing where none was."""
        if not self._replaced:
            return f"Some marks on letters are left out{ELSEWHERE}" if self._words else ""
        names = [_named(c) for c in self._replaced]
        more = len(names) - NAMES_SHOWN
        told = ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")
        return f"{STAND_IN} stands for what the fonts of this PDF do not have: {told}{ELSEWHERE}"

    def _changed(self, word: str, keep: Callable[[str], bool]) -> str:
        return "".join(c if keep(c) else _instead_of(c) for c in word)

    def _keep(self, word: str, changed: str) -> None:
        self._words[word] = changed
        lost = (c for c in word if c not in changed and _instead_of(c) == STAND_IN)
        self._replaced |= dict.fromkeys(lost)


def _is_plain(c: str) -> bool:
    return " " <= c < "\x7f" or "\xa0" <= c < chr(LATIN_TO) or c in SIGNS


def _instead_of(c: str) -> str:
    if c.isspace():
        return " "
    return "" if unicodedata.category(c) in JOINED else STAND_IN


def _named(c: str) -> str:
    name = unicodedata.name(c, "").lower()
    return f"{name} (U+{ord(c):04X})" if name else f"U+{ord(c):04X}"
