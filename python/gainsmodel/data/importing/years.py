"""How tables write years: in headings, in cells and in titles."""

import re
from collections.abc import Iterable
from functools import lru_cache

from gainsmodel.data.importing.stated_units import clean, stated_in, without_unit

_YEAR = r"(?:19|20)\d\d"
# What a statistical office puts beside a year: provisional, revised, estimated, a break, a note.
_STATUS = re.compile(
    r"\b(?:provisional|preliminary|prov|prelim|revised|rev|final|forecast|estimate[ds]?|est|"
    r"actual|outturn|calendar year|year ending december|year ending 31 december|year|cy|"
    r"note ?\d*|p|r|e|b|f)\b\.?|[*†‡§¹²³⁴]+"
)
_DATE = re.compile(
    rf"(?P<a>{_YEAR})-(?:01-01|12-31)\b.*|(?:31/12|31\.12\.|01/01|1/1|31-12)[/.-]?(?P<b>{_YEAR})"
    rf"|(?P<c>{_YEAR})/(?:12/31|01/01|1/1)|(?:31 )?dec(?:ember)? (?P<d>{_YEAR})"
    rf"|(?P<e>{_YEAR})-\d\d-\d\d\b.*"
)
_FINANCIAL = re.compile(
    rf"(?:fy|financial year|fiscal year).*|{_YEAR} ?[/–-] ?(?:{_YEAR}|\d\d)\b.*"
)
# Years in a title that say when it was published, or which areas and industries are meant.
_NOT_OF_FIGURES = re.compile(
    rf"\b(?:published|publication|released?|edition|updated|accessed|downloaded|revised|boundar\w*|"
    rf"codes?|itl|nuts|lad|sic|nace|geograph\w*|prices?|base|reference|version|as of|"
    rf"on|\d\d?(?:st|nd|rd|th)?|january|february|march|april|may|june|july|august|september|october|"
    rf"november|december|money|since|copyright|©)(?: of| in| from)?[ :,(=]*(?:year )?{_YEAR}"
    rf"|{_YEAR}[ ),]*(?:edition|boundar\w*|prices?|money|release|codes?|geograph\w*|basis|values?|"
    rf"dollars|pounds|(?:equals|=)|itl|nuts|classification|pps)",
)


@lru_cache(maxsize=10_000)
def year_of(text: str) -> int | None:
    """Read a year, such as "2023", "2023 [p]", "2023 (provisional)", "31/12/2023", "GVA 2023 (£m)".

    Parameters
    ----------
    text : str
        A heading or a cell.

    Returns
    -------
    int or None
        The calendar year; None for anything else, financial years and quarters too.
    """
    if len(text) > 200 or not re.search(r"(?:19|20)\d\d", text):
        return None
    spoken = clean(text)
    if found := _DATE.fullmatch(spoken):
        return int(next(part for part in found.groups() if part))
    # Marks stand right behind the figure, too: 2023p.
    spoken = re.sub(rf"^(?:y|cy)?({_YEAR})([prebf])?(?:\.0)?$", r"\1", spoken)
    if re.fullmatch(_YEAR, spoken):
        return int(spoken)
    said = stated_in(text)
    if _FINANCIAL.fullmatch(spoken) or said.other or said.prices not in (None, "current"):
        return None
    bare = clean(without_unit(re.sub(rf"({_YEAR})[prebf]\b", r"\1", text.strip())))
    bare = re.sub(
        r"\b(?:gva|gross value added|value|values|amount|current|basic|prices?|at)\b|£", " ", bare
    )
    bare = re.sub(r"[()\[\],;:]", " ", bare)
    bare = " ".join(_STATUS.sub(" ", bare).split()).removesuffix(".0")
    return int(bare) if re.fullmatch(_YEAR, bare) else None


def is_period(text: str) -> bool:
    """Whether a text is a time of another kind, such as a financial year or a quarter."""
    spoken = clean(text)
    return bool(
        _FINANCIAL.fullmatch(spoken)
        or re.fullmatch(rf"(?:q[1-4] ?{_YEAR}|{_YEAR} ?-?q[1-4]).*", spoken)
    )


def years_in_titles(titles: Iterable[str]) -> set[int]:
    """Years that titles say the figures are of: not of publication, prices or boundaries."""
    found = set()
    for title in titles:
        spoken = re.sub(r"https?://\S+", " ", clean(title))
        if _FINANCIAL.fullmatch(spoken):
            continue
        found |= {
            int(year)
            for year in re.findall(rf"(?<![\d-]){_YEAR}(?![\d-])", _NOT_OF_FIGURES.sub(" ", spoken))
        }
    return found
