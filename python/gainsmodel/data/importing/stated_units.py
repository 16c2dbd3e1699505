"""What a text says of figures: their currency, scale and prices, or that they are no GVA."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

# Currencies by the words and signs for them. A sign that several countries use means any of them.
_SIGNS = {
    "GBP": r"£|\bpounds?\b|\bsterling\b|\bnational currency\b|\bcp mnac\b|\bmio nac\b",
    "EUR": r"€|\beuros?\b|\becus?\b",
    "USD": r"(?<![a-z])us ?\$|\b(?:us|american) dollars?\b",
    "USD AUD CAD NZD SGD HKD": r"(?<![a-z])(?:us|a|au|c|ca|nz|s|hk)?\$|\bdollars?\b",
    "JPY CNY": r"[¥￥]",
    "JPY": r"\byen\b",
    "CNY": r"\byuan\b|\brenminbi\b|\brmb\b",
    "CHF": r"\b(?:swiss )?francs?\b|\bsfr\b",
    "SEK NOK DKK ISK": r"\bkron(?:a|or|e|er|ur)\b|\bkr\b",
    "INR PKR": r"\brupees?\b|₹",
    "PLN": r"\bz[lł]oty(?:ch|s)?\b",
    "HUF": r"\bforints?\b",
    "CZK": r"\bkorun[ay]?\b",
    "RUB": r"\br(?:o)?ubles?\b|₽",
    "TRY": r"\blira\b|₺",
    "ZAR": r"\brands?\b",
    "MXN": r"\bpesos?\b",
    "KRW": r"₩|\bkorean won\b",
    "PPS": r"\bpps\b|\bppps?\b|\bpurchasing power\b",
}
_CODES = (
    *("GBP", "EUR", "USD", "AUD", "CAD", "NZD", "SGD", "HKD", "JPY", "CNY", "CHF", "SEK", "NOK"),
    *("DKK", "ISK", "INR", "PLN", "HUF", "CZK", "RUB", "ZAR", "MXN", "KRW", "RON", "BGN", "TRY"),
    *("BRL", "ILS", "AED", "SAR", "THB", "UAH"),
)
# Codes that are also words: only in capitals.
_WORDS = ("CAD", "TRY", "RON", "THB", "SAR", "ILS")
_BEFORE = r"mio|mrd|mill?|mn|bn|m|k|t|th|ths"
_AFTER = r"mio|mrd|mn|mln|bn|m|k|th|ths|s|b"
# An amount in a sentence, such as £208bn, is no unit; a year after a sign is no amount.
_AMOUNT = re.compile(
    r"[£€$¥] ?(?!0)(?!(?:19|20)\d\d\b)\d[\d,.]*( ?(?:m|bn|k|million|billion|thousand)\b)?"
    r"|\b\d[\d,.]* ?(?:million|billion|trillion)\b"
)
_SIGN = r"(?:£|€|\$|¥)"
_LOWER = "|".join(code.casefold() for code in _CODES)
_MONEY = rf"(?:{_SIGN}|\b(?:{_LOWER}|nac|euros?|pounds?|dollars?)\b)"
_SCALES = (
    (1e12, r"\btrillions?\b|\btn\b|\btrn\b"),
    (1e9, rf"\bbillions?\b|\bbn\b|\bmrd\b|\bmilliards?\b|\bmlrd\b|{_MONEY} ?b\b|\b10\^9\b"),
    (
        1e6,
        r"\bmillions?\b|\bmns?\b|\bmio\b|\bmln\b|\bmill?\b|\b1[ ,.]?000[ ,.]?000s?\b"
        rf"|{_MONEY} ?m\b|\bm ?{_MONEY}|\(m\)|\bin m\b|\b10\^6\b|^m$",
    ),
    (
        1e3,
        rf"\bthousands?\b|\bths\b|\bthous\b|(?<!\d)(?<!\d[,. ])'?000'?s?\b|{_MONEY} ?k\b"
        rf"|\bk ?{_MONEY}|\bt eur\b|[x×] ?1[ ,.]?000\b(?![ ,.]?000)|\b10\^3\b",
    ),
)
_VOLUME = re.compile(
    r"\bchain(?:ed|ing)?\b|\bchainedvolume|\bvolumes?\b(?! ?(?:no\.? ?)?\d{1,3}\b)|\bcvms?\d*\b"
    r"|\bclvs? ?\d*\b|\bcp\d\d ?m(?:eur|nac|gbp)\b"
    r"|\bconstant[ -]?(?:\w+[ -]|[($£€]*\d{4}[ )-]*|\w+[ -]\d{4} )?(?:price|£|€|\$|pound|money|"
    r"euro|dollar|gbp|eur\b|usd|us\$|basic|market)"
    r"|\bconstant ?(?:\(?\d{4}\)?|terms)|\bfixed[ -](?:\d{4} )?price|\bconstantprice"
    r"|\bconst\.? ?(?:\d{4} )?prices?\b|\b(?:gva|value added) \(?constant\b|^constant$"
    r"|\bvol\b(?!\.? ?\d)"
    r"|\b(?:base|previous|preceding|last)[ -]years?'?s?[ -]price|\bpyps?\b"
    r"|\breal\b(?![ -]*(?:est|time|world|property|living))"
    r"|\binflation[ -](?:adjusted|free|corrected)|(?<!not )\b(?:adjusted|corrected) for inflation"
    r"|\binflation (?:has been )?removed|\bdeflat(?:ed|ors?)\b|\bprice[ -]adjusted"
)
_INDEX = re.compile(
    r"\bind(?:ex|ices|exes)\b(?! (?:of|to) (?:tables?|sheets?|contents))"
    r"|(?:=|\bequals?|\bis) ?100(?:\.0)?\b"
)
_TO_INDEX = re.compile(r"\b(?:back|return|go) to (?:the )?index\b")
_OF_YEAR = re.compile(
    r"\b(?:19|20)\d\d(?:[/-]\d\d)?'?s?[ -]?(?:\w+[ -])?(?:price|money|pounds|us dollars)"
    r"|\b(?:at|in|using) (?:19|20)\d\d (?:values|terms)\b"
    r"|\bprice(?:s|d)?(?: levels?)?(?: of| in| from| at|:|,)? ?\(?(?:the )?(?:year )?"
    r"(?:19|20)\d\d\b"
    r"|\b(?:base|reference) (?:year|period):? ?(?:19|20)\d\d\b"
)
_CURRENT = re.compile(
    r"\bcurrent(?:[ -]\w+){0,2}[ -]+(?:price|£|€|\$|pound|money|value|terms|euro|dollar)"
    r"|\bcurrent ?prices?\b|\bcurrent$|^current\b|\bnominal\b|\bcash terms\b"
    r"|\bcp ?m(?:eur|nac|gbp|usd)\b|\bcp (?:meur|mnac|mgbp)\b"
)
# What other tables of areas by industry are of, whatever else they say.
_NO_GVA = re.compile(
    r"compensation of employees|mixed income|(?<!imputed )rental income|capital consumption|"
    r"holding gains|gross trading|taxes on|subsidies|discrepancy|"
    r"(?:\bper|/) ?(?:head|capita|person|hour|(?:filled )?job|worker|employee|resident|inhabitant|"
    r"household|fte|full|sq|km|hectare|enterprise|business|working|1,?000 )\w*|"
    r"\bgva p(?:c|h|\.c\.)(?!\w)|\bmarket prices?\b|\bfactor cost|\bpurchasers?'? prices"
)
# The same, where no money is named beside it.
_RATIO = re.compile(
    r"\bgrowth rates?\b|\b(?:annual|yearly|quarterly|gva|nominal|percentage|output|average) "
    r"growth\b|"
    r"\bgrowth (?:of|in|on|over|from|since|per|by)\b|\bgrowth$|\byear[ -]on[ -]year\b|\by/y\b|"
    r"%|\bper ?cent(?:age)?s?\b|\bpc[ht]\b|\byoy\b|\bproportion of\b|^(?:shares?|change|rank)$|"
    r"\bshares? of (?:gva|gross|total|uk|national|output|all)\b|\b(?:percentage|absolute) change\b|"
    r"\b(?:gva|value added|output) (?:shares?|changes?|ranks?|ranking)\b|"
    r"\bchange (?:in|on|since|from)\b"
)
# Told by a title that does not speak of GVA.
_OTHER = re.compile(
    r"\b(?:employ(?:ment|ees|ers?)|jobs?|workforce|vacanc(?:y|ies)|earnings|wages|enterprises?|"
    r"businesses|turnover|exports?|imports?|population|hours worked|gross domestic product|gdp|"
    r"productivity|gross output|intermediate consumption|"
    r"operating surplus|net value added|sales|revenues?|profits?|gross national product|"
    r"gdhi|disposable household income|capital formation|investment|"
    r"expenditure|emissions?|gross national income|gni)\b"
)
_GVA = re.compile(r"\bgva\b|gross ?value ?added")
_BRACKETS = re.compile(r"\[[^]]*\]|\([^)]*\)")


@dataclass(frozen=True)
class Stated:
    """What a text says of figures.

    Attributes
    ----------
    currencies : frozenset of str
        Codes of the currency, several where a sign may mean any of them; empty if none is named.
    contradictory : str
        Of two currencies in one text, the words for both.
    scale : float or None
        1e6 for millions.
    prices : str or None
        "current", "volume", "both", or the year whose prices they are.
    other : str or None
        What they measure instead of GVA.
    kind : str
        Of `other`: "measure" for what is no GVA in any text, the name of a file too; "ratio" for
        shares and growth; "topic" for what a title is about, such as employment.
    """

    currencies: frozenset[str] = frozenset()
    contradictory: str = ""
    scale: float | None = None
    prices: str | None = None
    other: str | None = None
    kind: str = ""

    def __bool__(self) -> bool:
        """Whether it says anything."""
        return self != Stated()


def clean(text: str) -> str:
    """Reduce a text to small letters without notes, underscores or amounts in sentences."""
    spoken = re.sub("[\u00b9\u00b2\u00b3\u2070-\u209f]", " ", text)  # footnotes, no digits
    spoken = unicodedata.normalize("NFKC", spoken[:2000]).replace("_", " ").casefold()
    spoken = re.sub(r"\[[^]]*\]", " ", spoken).replace("\N{RIGHT SINGLE QUOTATION MARK}", "'")
    return " ".join(_AMOUNT.sub(" ", spoken).split())


@lru_cache(maxsize=10_000)
def stated_in(text: str) -> Stated:
    """Read what a text says of the figures it stands with.

    Parameters
    ----------
    text : str
        A title, a heading, a unit, the name of a sheet or a file.

    Returns
    -------
    Stated
        Empty, and false, if it says nothing of a unit.
    """
    spoken = clean(text)
    if not spoken:
        return Stated()
    currencies, contradictory = _currencies(text, spoken)
    scale = next((value for value, pattern in _SCALE if pattern.search(_spread(spoken))), None)
    # Codes of dimensions, such as Eurostat's B1G, are no money.
    kind, other = "measure", _NO_GVA.search(spoken)
    if other is None and not currencies:
        kind, other = "ratio", _RATIO.search(spoken)
    if other is None and not _GVA.search(spoken):
        kind, other = "topic", _OTHER.search(spoken)
    return Stated(
        currencies,
        contradictory,
        scale,
        _prices(spoken),
        other[0].strip() if other else None,
        kind if other else "",
    )


def merged(texts: Iterable[str]) -> Stated:
    """What several texts say together, such as the cells of one row for unit and prices."""
    said = [stated for stated in map(stated_in, texts) if stated]
    together = Stated()
    for one in said:
        apart = together.currencies and one.currencies and not together.currencies & one.currencies
        prices = {together.prices, one.prices} - {None}
        together = Stated(
            (together.currencies & one.currencies) or together.currencies | one.currencies,
            "several currencies" if apart else together.contradictory or one.contradictory,
            together.scale or one.scale,
            prices.pop() if len(prices) == 1 else "both" if prices else None,
            together.other or one.other,
            together.kind or one.kind,
        )
    return together


def _spread(spoken: str) -> str:
    """Put a blank between a scale and a currency that are written as one word, as MEUR."""
    return " ".join(_JOINED.sub(lambda m: f"{m[1] or ''} {m[2]} {m[3] or ''}", spoken).split())


_SCALE = [(value, re.compile(pattern)) for value, pattern in _SCALES]
_JOINED = re.compile(rf"(?<![a-z])({_BEFORE})?({_LOWER}|nac)({_AFTER})?(?![a-z])")


def _currencies(text: str, spoken: str) -> tuple[frozenset[str], str]:
    named: list[tuple[frozenset[str], str]] = []
    for codes, pattern in _SIGN_OF:
        if match := pattern.search(spoken):
            named.append((codes, match[0]))
    for match in _JOINED.finditer(spoken):
        code = "GBP" if match[2] == "nac" else match[2].upper()
        if code not in _WORDS or re.search(rf"\b{code}\b", text):
            named.append((frozenset((code,)), match[0]))
    if not named:
        return frozenset(), ""
    common = named[0][0]
    if any("PPS" in codes for codes, _ in named):
        return frozenset(("PPS",)), ""
    for codes, words in named[1:]:
        if not common & codes:
            return common | codes, f"{named[0][1].strip()} and {words.strip()}"
        common = common & codes
    return common, ""


_SIGN_OF = [(frozenset(codes.split()), re.compile(pattern)) for codes, pattern in _SIGNS.items()]


def _prices(spoken: str) -> str | None:
    current = _CURRENT.search(spoken)
    volume = _VOLUME.search(spoken) or (_INDEX.search(_TO_INDEX.sub(" ", spoken)))
    if current and volume:
        return "both"
    if current or volume:
        return "current" if current else "volume"
    year = _OF_YEAR.search(spoken)
    return re.findall(r"(?:19|20)\d\d", year[0])[0] if year else None


def says_gva(text: str) -> bool:
    """Whether a text speaks of gross value added."""
    return _GVA.search(clean(text)) is not None


def without_unit(heading: str) -> str:
    """Give a heading without what it says of the unit: "C (€m)" and "gva_C_eur_m" are "C".

    A heading that is nothing but a unit is left as it is.
    """
    bare = heading.strip()
    if len(bare) > 300:
        return heading
    for part in _BRACKETS.findall(bare):
        if stated_in(part[1:-1]):
            bare = bare.replace(part, " ")
    head, comma, tail = bare.rpartition(", ")
    if comma and stated_in(tail):
        bare = head
    words = whole = re.split(r"[_ ]+", bare)
    while len(words) > 1:
        letter = words[-1].casefold() in ("m", "bn", "k") and _MONEY_WORD.fullmatch(words[-2])
        if not letter and not _is_unit(words[-1]):
            break
        words = words[:-1]
    if len(words) > 1 and words[0].casefold() == "gva":
        words = words[1:]
    bare = bare if words == whole else " ".join(words)
    return bare.strip(" :-") or heading


def _is_unit(word: str) -> bool:
    said = stated_in(word)
    return bool(said.currencies or said.scale)


_MONEY_WORD = re.compile(_MONEY, re.IGNORECASE)
