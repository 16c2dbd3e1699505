"""The words people meet on screen, in plain English; written in ``docs/reference/glossary.md``.

>>> from gainsmodel import glossary
>>> glossary.explain("draw")
'One run of the model with every uncertain assumption drawn once.'
"""

import re
from functools import cache
from importlib.resources import files

from gainsmodel.checks import did_you_mean
from gainsmodel.errors import UnknownNameError


@cache
def terms() -> dict[str, str]:
    """Every term as it is headed, to its meaning: plain text, without marks for code."""
    text = (files("gainsmodel.present") / "glossary.md").read_text("utf-8")
    found = re.findall(r"^### (.+)\n\n(.+)$", text, re.MULTILINE)
    return {term: meaning.replace("`", "") for term, meaning in found}


def explain(word: str) -> str:
    """Give the meaning of a word, in any capitalisation, or of one in brackets behind it.

    Raises
    ------
    UnknownNameError
        If the glossary has no such word; offers the nearest.
    """
    known = _words()
    if word.casefold() not in known:
        raise UnknownNameError(f"the glossary has no {word!r}{did_you_mean(word, known)}")
    return terms()[known[word.casefold()]]


@cache
def _words() -> dict[str, str]:
    found = {}
    for term in terms():
        head, _, more = term.removesuffix(")").partition(" (")
        for word in (head, *filter(None, more.split(", "))):
            found[word.casefold()] = term
    return found
