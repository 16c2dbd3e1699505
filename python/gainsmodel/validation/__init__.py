"""Validation: the model held against published figures and against itself.

One file an item, each with pure functions and a ``page()`` that says what they found; ``python -m
gainsmodel.validation`` writes the pages of ``docs/validation``.

>>> from gainsmodel import validation
>>> split = validation.catch_up_split()
>>> split.columns[3:]
['catch_up_share', 'catch_up_fastest_share', 'catch_up_large_share']
"""

from gainsmodel.present.report.assurance import verdicts
from gainsmodel.validation.page import Page
from gainsmodel.validation.prize import CatchUp, catch_up, catch_up_split
from gainsmodel.validation.verdict import Coverage, Verdict

__all__ = ["CatchUp", "Coverage", "Page", "Verdict", "catch_up", "catch_up_split", "verdicts"]
