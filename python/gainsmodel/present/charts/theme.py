"""Colours and type, light and dark; nothing else in the charts names a colour.

Three roles and no others: grey is the prize, blue the digital gain, orange the plan
or a reference. Sectors, channels and technologies are told apart by place and label. A test
computes every contrast: text 4.5 to 1, graphics that carry meaning 3 to 1.
"""

from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, get_args

from gainsmodel.errors import SettingError

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = get_args(Theme)
FONT = '"Source Sans", "Source Sans 3", "Source Sans Pro", Arial, sans-serif'
FONT_SIZE = 12
_DARK_INK, _WHITE = "#14202B", "#FFFFFF"


@dataclass(frozen=True)
class Palette:
    """Colours of one theme, as ``#RRGGBB``.

    Attributes
    ----------
    background, text, secondary, border : str
        Page, text, axis text, and lines that only decorate.
    prize, gain, plan : str
        The three roles.
    centre : str
        Line of the average over the bands of `gain`.
    pale : str
        Low end of a bar that is dark at its high end.
    sequential, diverging : tuple of str
        Five classes of tiles; the third diverging class says "not separated".
    sequential_ink, diverging_ink : tuple of str
        Text on them.
    """

    background: str
    text: str
    secondary: str
    border: str
    prize: str
    gain: str
    plan: str
    centre: str
    pale: str
    sequential: tuple[str, ...]
    sequential_ink: tuple[str, ...]
    diverging: tuple[str, ...]
    diverging_ink: tuple[str, ...]


PALETTES: dict[str, Palette] = {
    "light": Palette(
        background="#FFFFFF",
        text="#14202B",
        secondary="#5B6B79",
        border="#D0D8DF",
        prize="#6F8292",
        gain="#2569A0",
        plan="#C2500A",
        centre="#0E3B69",
        pale="#63A0CB",
        sequential=("#E3EEF6", "#B4D2E7", "#63A0CB", "#2569A0", "#0E3B69"),
        sequential_ink=(_DARK_INK, _DARK_INK, _DARK_INK, _WHITE, _WHITE),
        diverging=("#B35806", "#F1A340", "#DDE2E6", "#998EC3", "#542788"),
        diverging_ink=(_WHITE, _DARK_INK, _DARK_INK, _DARK_INK, _WHITE),
    ),
    "dark": Palette(
        background="#11181F",
        text="#EEF2F5",
        secondary="#A9B6C2",
        border="#3A4753",
        prize="#6F8292",
        gain="#6CB8E6",
        plan="#FFA15C",
        centre="#CFE8F8",
        pale="#2E6FA3",
        sequential=("#1D2F3E", "#20486A", "#2E6FA3", "#63A6D6", "#BFE0F5"),
        sequential_ink=(_WHITE, _WHITE, _WHITE, _DARK_INK, _DARK_INK),
        diverging=("#F1A340", "#C08338", "#33404B", "#8A80C4", "#C3B5F2"),
        diverging_ink=(_DARK_INK, _DARK_INK, _WHITE, _DARK_INK, _DARK_INK),
    ),
}


def palette(theme: str) -> Palette:
    """Give a theme's colours.

    Raises
    ------
    SettingError
        If there is no such theme.
    """
    if theme not in PALETTES:
        raise SettingError(f"theme must be one of {', '.join(THEMES)}, not {theme!r}")
    return PALETTES[theme]


@cache
def config(theme: str) -> dict[str, Any]:
    """Vega-Lite configuration that every chart shares."""
    colours = palette(theme)
    return {
        # One description for the whole; otherwise every bar is read out with its colour code.
        "aria": False,
        "mark": {"aria": False},
        "background": colours.background,
        "font": FONT,
        "view": {"stroke": None},
        "text": {"color": colours.text, "fontSize": FONT_SIZE},
        "axis": {
            "domain": False,
            "grid": False,
            "gridColor": colours.border,
            "gridOpacity": 0.7,
            "labelColor": colours.secondary,
            "labelFontSize": FONT_SIZE,
            "labelPadding": 5,
            "tickColor": colours.border,
            "ticks": False,
            "titleColor": colours.secondary,
            "titleFontSize": FONT_SIZE,
            "titleFontWeight": "normal",
            "titlePadding": 6,
        },
    }
