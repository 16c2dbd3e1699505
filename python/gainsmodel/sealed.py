"""JSON files that end with a fingerprint of every byte before it.

The format is described byte by byte in ``docs/reference/record.md``.
"""

import base64
import hashlib
import json
import math
import re
from collections.abc import Mapping
from typing import Any

from gainsmodel.checks import escape

FINGERPRINT = "fingerprint"
# 32 characters for the first 20 bytes of a SHA-256, in groups of four.
_BYTES, _GROUP = 20, 4
_SHAPE = re.compile(r"[A-Z2-7]{4}(?:-[A-Z2-7]{4}){7}")
_END = re.compile(rb',\n "fingerprint": "(' + _SHAPE.pattern.encode() + rb')"\n\}\n\Z')


def fingerprint_of(body: bytes) -> str:
    """Fingerprint of a content, such as ``RPVX-4U24-…`` (160 bits of its SHA-256)."""
    text = base64.b32encode(hashlib.sha256(body).digest()[:_BYTES]).decode()
    return "-".join(text[at : at + _GROUP] for at in range(0, len(text), _GROUP))


def as_fingerprint(text: str) -> str | None:
    """What somebody typed as a fingerprint, in its usual form; None if it is none."""
    plain = re.sub(r"[\s-]", "", text).upper()
    shown = "-".join(plain[at : at + _GROUP] for at in range(0, len(plain), _GROUP))
    return shown if _SHAPE.fullmatch(shown) else None


def seal(content: Mapping[str, Any]) -> bytes:
    """Write plain values as a JSON file that ends with its fingerprint."""
    text = json.dumps(dict(content), indent=1, ensure_ascii=False, allow_nan=False)
    body = text.removesuffix("\n}").encode()
    return body + f',\n "{FINGERPRINT}": "{fingerprint_of(body)}"\n}}\n'.encode()


def fingerprints(content: bytes) -> tuple[str | None, str]:
    """The fingerprint that a file states, None if it does not end with one, and its content's."""
    end = _END.search(content)
    stated = None if end is None else end[1].decode()
    return stated, fingerprint_of(content if end is None else content[: end.start()])


class StrangeJSON(ValueError):
    """What JSON may hold and none of our files does."""


def strict_json(content: bytes) -> Any:
    """Read JSON without what its readers disagree on.

    Raises
    ------
    StrangeJSON
        If a key stands twice in one place, or a number is not finite.
    ValueError, RecursionError
        If it is no JSON or no text that could be shown.
    """

    def number(text: str) -> float:
        if not math.isfinite(float(text)):
            raise StrangeJSON(f"{escape(text[:40])} is not a finite number")
        return float(text)

    def entries(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        found = dict(pairs)
        if len(found) < len(pairs):
            twice = next(key for key in found if sum(key == other for other, _ in pairs) > 1)
            raise StrangeJSON(f"{twice[:40]!a} stands twice in one place")
        return found

    value = json.loads(
        content, parse_float=number, parse_constant=number, object_pairs_hook=entries
    )
    # Half a pair of surrogates is no text that could be shown or sent on.
    json.dumps(value, ensure_ascii=False).encode()
    return value
