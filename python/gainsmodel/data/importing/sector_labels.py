"""How tables name sectors: codes and names, industries within them, and groups of several."""

import re
from functools import cache

from gainsmodel.data.dataset import load_dataset, plain
from gainsmodel.data.importing.stated_units import without_unit
from gainsmodel.data.shipped_tables import SECTORS

# Sections of the classification (SIC 2007, NACE Rev. 2). U, bodies abroad, is counted with T.
LETTERS = "ABCDEFGHIJKLMNOPQRSTU"
# The model's sectors by the sections they are made of.
SECTIONS = {sector: frozenset(sector) for sector in SECTORS} | {"T": frozenset("TU")}
# No code or name of a sector is longer.
LONGEST_NAME = 300
ALL_SECTORS = frozenset(
    (
        *("total", "all industries", "all sectors", "all", "sum", "a t", "total gva"),
        *("grand total", "total all nace activities", "all nace activities", "a u"),
    )
)
WITHIN_SECTOR = re.compile(r"(\d{1,2}(\.\d+)?|C[A-M])(-(\d{1,2}|C[A-M]))?")
SECTOR_WORDS = {
    "agriculture forestry and fishing": "A",
    "mining and quarrying": "B",
    "electricity gas steam and air conditioning supply": "D",
    "water supply sewerage and waste management": "E",
    "agriculture forestry and fishing mining and quarrying": "AB",
    "electricity gas water sewerage and waste management": "DE",
    "electricity gas and water sewerage and waste management": "DE",
    "wholesale and retail trade repair of motor vehicles": "G",
    "transportation and storage": "H",
    "accommodation and food service activities": "I",
    "financial and insurance activities": "K",
    "real estate activities": "L",
    "owner occupiers imputed rental": "68IMP",
    "real estate activities excluding imputed rental": "68",
    "professional scientific and technical activities": "M",
    "administrative and support service activities": "N",
    "human health and social work activities": "Q",
    "other service activities": "S",
    "activities of households": "T",
}
# Groups of sections, such as the ten branches of Eurostat's regional accounts, by name.
GROUP_WORDS = {
    "production": "B-E",
    "production sector": "A-E",
    "services sector": "G-T",
    "industry except construction": "B-E",
    "production industries": "B-E",
    "mining quarrying and utilities": "B,D,E",
    "energy water and waste management": "D-E",
    "wholesale and retail trade transport accommodation and food service activities": "G-I",
    "wholesale and retail trade transport accommodation and food service activities information "
    "and communication": "G-J",
    "distribution transport hotels and restaurants": "G-I",
    "distribution transport accommodation and food": "G-I",
    "professional scientific and technical activities administrative and support service "
    "activities": "M-N",
    "professional scientific technical administration and support service activities": "M-N",
    "business service activities": "M-N",
    "business services": "M-N",
    "public administration defence education human health and social work activities": "O-Q",
    "public administration and defence compulsory social security education human health and "
    "social work activities": "O-Q",
    "public administration education and health": "O-Q",
    "government health and education": "O-Q",
    "arts entertainment and recreation other service activities activities of household and "
    "extra territorial organizations and bodies": "R-U",
    "arts entertainment and recreation other service activities activities of households and "
    "extra territorial organisations and bodies": "R-U",
    "arts entertainment recreation and other services": "R-U",
    "arts entertainment recreation and other service activities": "R-U",
    "other services and household activities": "R-T",
}
_RANGE = re.compile(r"([A-U])\s*(?:[-–—_]|\bto\b)\s*([A-U])", re.IGNORECASE)
# As the OECD writes them; ITL, for one, is something else.
_T_FOR_TO = re.compile(r"(B)T([EF])|(G)T([IJU])|(M)T(N)|(O)T(Q)|(R)T(U)")
_LISTED = re.compile(r"[A-U](?:\s*(?:,|&|\+|\band\b|/)+\s*[A-U])+", re.IGNORECASE)
# Sections written as one word. Short ones could be words, or are industries within C.
_RUN = re.compile(r"[A-U]{3,}|MN|ST")


def sector_label(label: str) -> str | None:
    """Reduce a sector's code or name to the publisher's code, or to ``""`` for the total.

    The 18 codes; A, B, D, E, 68 and 68IMP, which make them up; industries within a sector,
    such as ``CA`` or ``45``; groups of sections, such as ``G-I`` or ``B,D,E``; ``""`` for a
    total. None if it is not a sector at all.
    """
    if len(label) > LONGEST_NAME:
        return None
    label = without_unit(label)
    head, _, rest = label.partition(" ")
    head, spoken = head.rstrip(":.").upper(), plain(label)
    if {spoken, plain(re.sub(r"\([A-U\s–-]+\)", "", label))} & ALL_SECTORS:
        return ""
    names = _sector_names()
    if spoken in names:
        return names[spoken]
    code = head if head in (*SECTORS, "A", "B", "D", "E", "68IMP") else None
    # Eurostat writes the section before the division: C10-C12.
    divisions = re.sub(r"(?<![A-Z0-9])[A-U](?=\d)", "", head)
    code = code or next((c for c in (head, divisions) if WITHIN_SECTOR.fullmatch(c)), None)
    rest = re.sub(r"\([\d\s,-]+\)|\[[^]]*\]", "", rest).strip(" -–:")
    # "A figure" begins with a letter that is a sector too.
    coded = re.match(r"[A-Z]{1,2} ?:", label) is not None
    if code and (
        not rest or coded or names.get(plain(rest)) in (code, None if len(code) > 1 else code)
    ):
        return code
    return _group(label)


def _group(label: str) -> str | None:
    """Read sections that stand together, such as "G-I", "OTQ", "B, D and E", "Name (B,D and E)"."""
    said = re.sub(r"\(\s*\d[\d\s,-]*\)|\[[^]]*\]", "", label).strip()
    named = GROUP_WORDS.get(plain(re.sub(r"\([A-U][\s,A-U&and-]*\)$|^\d+ ?: ?", "", said)))
    code, _, rest = said.partition(":")
    if not rest:
        first, _, rest = said.partition(" ")
        code = first if not _LISTED.fullmatch(said) and not _RANGE.fullmatch(said) else said
        rest = "" if code == said else rest
    sections = _sections(code.strip())
    if sections and (not rest or len(plain(rest)) > 2):
        return _code_of(sections)
    # The Business Register names its groups by number, with the sections last.
    if last := re.fullmatch(r"(\d+ ?: ?)?([A-Za-z].*)\(([^()]+)\)", said):
        sections = _sections(last[3].strip())
        if re.fullmatch("[A-U]", last[3]):
            known = last[1] or _sector_names().get(plain(last[2])) == last[3]
            sections = last[3] if known else ""
        if sections:
            return _code_of(sections)
    return named


def _sections(code: str) -> str:
    """Letters of a code for several sections; "" if it is none."""
    if found := _RANGE.fullmatch(code):
        first, last = (LETTERS.index(letter.upper()) for letter in found.groups())
        return LETTERS[first : last + 1] if first < last else ""
    if found := _T_FOR_TO.fullmatch(code):
        return _sections("-".join(letter for letter in found.groups() if letter))
    if _LISTED.fullmatch(code):
        letters = re.findall(r"\b[A-U]\b", code.upper())
        return "".join(letters) if letters == sorted({*letters}) else ""
    if _RUN.fullmatch(code):
        return code if code in LETTERS else ""
    return ""


def _code_of(sections: str) -> str:
    """What a group is called here: the model's own code where it has one."""
    wanted = frozenset(sections)
    for sector, made_of in SECTIONS.items():
        if wanted in (made_of, frozenset(sector)):
            return sector
    if len(sections) == 1:
        return sections
    if sections in LETTERS:
        return "" if sections in (LETTERS, LETTERS[:-1]) else f"{sections[0]}-{sections[-1]}"
    return ",".join(sections)


def sections_of(code: str) -> frozenset[str]:
    """Sections of a group that `sector_label` gave; empty for anything else."""
    if not re.fullmatch(r"[A-U](-[A-U]|(,[A-U])+)", code):
        return frozenset()
    return frozenset(_sections(code))


@cache
def _sector_names() -> dict[str, str]:
    built_in = load_dataset("mayoral").sector_names
    return (
        SECTOR_WORDS | {plain(name): code for code, name in built_in.items()} | {"68imp": "68IMP"}
    )
