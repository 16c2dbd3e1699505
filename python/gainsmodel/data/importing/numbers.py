"""Figures as people write them."""

import re

# What stands for a figure that is left out.
MISSING = frozenset(
    (
        *("", "-", "–", "—", ".", "..", "...", "…", ":", "*", "!", "c", "x", "z", "n/a", "na"),
        *("#n/a", "[c]", "[x]", "[z]", "[w]", "[u]", "[low]", "(c)", "null", "none", "nan"),
    )
)


def parsed(text: str) -> float | None:
    """Read a number that may have thousands separators and a £ sign."""
    bare = text.replace("\N{MINUS SIGN}", "-").strip()
    negative = re.fullmatch(r"\((.*)\)", bare)
    bare = re.sub(r"^(-?)£ ?", r"\1", negative[1] if negative else bare)
    if re.fullmatch(r"-?\d{1,3}([, \u00a0\u202f'])\d{3}(\1\d{3})*(\.\d+)?", bare):
        bare = re.sub(r"[, \u00a0\u202f']", "", bare)
    if re.fullmatch(r"[-+]?(inf|infinity)", bare, re.IGNORECASE) or re.fullmatch(
        r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d{1,3})?", bare
    ):
        value = float(bare)
        return -value if negative else value
    return None
