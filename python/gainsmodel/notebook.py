"""How our objects show themselves in a notebook: as `present`, a higher layer, says.

Nothing is imported upwards: ``gainsmodel/__init__.py`` says where the forms are (`shown_by`),
and they are loaded when a notebook first asks.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from gainsmodel.errors import GainsModelError


class Form(NamedTuple):
    """What a notebook shows of an object: a page of HTML, and a chart as a bundle of MIME types."""

    html: Callable[[Any], str]
    chart: Callable[[Any], dict[str, Any]]


_forms: Callable[[], Mapping[type, Form]] = dict


def shown_by(forms: Callable[[], Mapping[type, Form]]) -> None:
    """Say where the form of each type is found."""
    global _forms
    _forms = forms


# What says of an answer what it is of, by the name of the attribute.
_NAMES = ("area", "of", "output", "metric", "objective", "draws", "seed")


def named(of: object) -> str:
    """What an answer has of these, each with its value: area, quantity, draws, seed."""
    told = []
    for name in _NAMES:
        value = getattr(of, name, None)
        if name == "area" and isinstance(value, str):
            told.append(repr(value))
        elif isinstance(value, str | int):
            told.append(f"{name} {value:,}" if name == "draws" else f"{name} {value}")
    return ", ".join(told)


class ShownInNotebooks:
    """Has a form; plain text is all there is where draws or figures are not at hand.

    In one line it says what `describe` says.
    """

    def describe(self) -> str:
        """In a few words, what it is of."""
        return named(self)

    def __repr__(self) -> str:
        """In one line; tables have their own."""
        return f"{type(self).__name__}({self.describe()})"

    def __str__(self) -> str:
        """The same."""
        return repr(self)

    def _repr_html_(self) -> str | None:
        try:
            return _forms()[type(self)].html(self)
        except (KeyError, GainsModelError):
            return None

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        # Asked for in a terminal too, so the page is not in it.
        try:
            return _forms()[type(self)].chart(self)
        except (KeyError, GainsModelError):
            return {}
