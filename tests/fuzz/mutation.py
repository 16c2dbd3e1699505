"""Ways to damage an input, by seed: bytes, texts, trees, and the parts of a zip."""

from __future__ import annotations

import copy
import io
import json
import random
import re
import struct
import zipfile
from collections.abc import Callable
from typing import Any

DIGITS = "9" * 5_000
NUMBERS = (
    *(
        "1e999",
        "-1e999",
        "nan",
        "inf",
        "-inf",
        "-0.0",
        "0",
        "-1",
        "1e-320",
        "1e308",
        "3277798929.7",
    ),
    *(
        "1e12",
        "-1e12",
        "0.5",
        "1",
        "2",
        "1_000",
        "0x" + "f" * 200,
        DIGITS,
        DIGITS + ".5",
        "18446744073709551616",
    ),
)
VALUES = (
    *NUMBERS,
    *('""', '"x"', '"nan"', "true", "[]", "{}", "[[[[1]]]]", "[" * 40 + "]" * 40, "1979-05-27"),
    *(
        "1979-05-27T07:32:00Z",
        "07:32:00",
        '"\\u202e\\u0007"',
        '"' + "a" * 3_000 + '"',
        "[1, 'a', {}]",
    ),
    "{ kind = 'normal', mean = 1e11, sd = 1e11 }",
    "{ kind = 'lognormal', median = 1e12, sigma = 10.0 }",
    "{ kind = 'gamma', shape = 0.01, scale = 1e12 }",
    "{ kind = 'discrete', values = [nan], probabilities = [1.0] }",
    "{ kind = 0x" + "f" * 9_000 + " }",
)
STRANGE: tuple[Any, ...] = (
    *(None, True, 0, -1, 1.5, 10**30, 10**400, float("nan"), float("inf"), 1e308, "", "x", "\x00"),
    *("\ud800", "a" * 5_000, "../..", [], {}, [[]], [None], {"": {}}, {"a": {"b": {"c": 1}}}),
    *(["reference"] * 50, "‮", "0", "nan"),
)
# Of formats that pack numbers: what readers trip over.
EDGES = (0, 1, 2, 0x7F, 0x80, 0xFF, 0x7FFF, 0x8000, 0xFFFF, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)


def damaged(content: bytes, rng: random.Random) -> bytes:
    """Flip, cut, repeat or insert some bytes, few as a rule."""
    out = bytearray(content)
    for _ in range(rng.choice((1, 1, 1, 2, 4, 16))):
        at = rng.randrange(len(out) + 1)
        match rng.randrange(8):
            case 0 | 1 if at < len(out):
                out[at] ^= 1 << rng.randrange(8)
            case 2 if at < len(out):
                out[at] = rng.randrange(256)
            case 3:
                del out[at : at + rng.choice((1, 2, 8, 100))]
            case 4:
                out[at:at] = rng.randbytes(rng.choice((1, 4, 30)))
            case 5:
                out[at : at + 4] = struct.pack("<I", rng.choice(EDGES))
            case 6:
                out[at:at] = out[at : at + rng.choice((4, 50, 500))]
            case 7 if rng.random() < 0.3:
                del out[at:]
    return bytes(out)


def in_toml(text: str, rng: random.Random) -> str:
    """Change values, keys, lines and tables of a TOML file."""
    lines = text.splitlines()
    for _ in range(rng.choice((1, 1, 2, 3))):
        at = rng.randrange(len(lines))
        line = lines[at]
        match rng.randrange(9):
            case 0 | 1 | 2:
                key, sign, _ = line.partition("=")
                lines[at] = f"{key}= {rng.choice(VALUES)}" if sign else line
            case 3:
                numbers = [*re.finditer(r"-?\d+(?:\.\d+)?", line)]
                if numbers:
                    found = rng.choice(numbers)
                    times = float(found[0]) * 10 ** rng.uniform(-20, 20) * rng.choice((1, 1, -1))
                    new = rng.choice((*NUMBERS, repr(times), repr(times)))
                    lines[at] = line[: found.start()] + new + line[found.end() :]
            case 4:
                del lines[at : at + rng.choice((1, 2, 20))]
                lines = lines or [""]
            case 5:
                lines.insert(rng.randrange(len(lines)), line)
            case 6:
                lines[at] = line.replace(
                    rng.choice(("_", "=", '"', ".", "[", "]", " ")),
                    rng.choice(("", ".", "]", "[", "=", "\t", "é", "\x00")),
                    1,
                )
            case 7:
                lines[at] = damaged(line.encode(), rng).decode(errors="replace")
            case 8:
                lines.insert(at, _much(rng))
    return "\n".join(lines) + "\n"


def _much(rng: random.Random) -> str:
    """More of something than anybody writes."""
    size = rng.choice((10, 1_000, 50_000))
    return rng.choice(
        (
            ".".join("a" * size) + " = 1",
            "[[a]]\n" * size,
            "x = " + "[" * size,
            "x = " + "{a=" * size,
            "x = [" + "1," * size + "]",
            "x = " + "9" * size,
            '"' + "k" * size + '" = 1',
            "".join(f"a.b.c{n} = 1\n" for n in range(size)),
        )
    )


def in_tree(tree: Any, rng: random.Random) -> Any:
    """Put something strange in the place of a part of what JSON holds, or take it away."""
    out = copy.deepcopy(tree)
    for _ in range(rng.choice((1, 1, 1, 2, 5))):
        here = out
        while True:
            keys = [*here] if isinstance(here, dict) else [*range(len(here))]
            if not keys:
                break
            key = rng.choice(keys)
            if isinstance(here[key], dict | list) and here[key] and rng.random() < 0.85:
                here = here[key]
                continue
            match rng.randrange(6):
                case 0:
                    del here[key]
                case 1 if isinstance(here, dict):
                    here[rng.choice(("", "x", "kind", "\ud800", key + "_"))] = here.pop(key)
                case 2 if isinstance(here[key], int | float) and not isinstance(here[key], bool):
                    here[key] = here[key] * 10 ** rng.uniform(-20, 20) * rng.choice((1, -1))
                case 3:
                    here[key] = copy.deepcopy(tree)
                case _:
                    here[key] = copy.deepcopy(rng.choice(STRANGE))
            break
    return out


def in_json(tree: Any, rng: random.Random) -> bytes:
    """Give JSON of a tree that was changed, or whose text was."""
    if rng.random() < 0.7:
        tree = in_tree(tree, rng)
    text = json.dumps(tree, indent=1)
    match rng.randrange(8):
        case 0:
            text = damaged(text.encode(), rng).decode(errors="surrogateescape")
        case 1:
            key = rng.choice(re.findall(r'"[a-z_]+":', text) or ['"x":'])
            text = text.replace(
                "{", "{" + key + rng.choice(("1,", "{},", '"x",')), rng.choice((1, 3))
            )
        case 2:
            numbers = [*re.finditer(r"\d+(?:\.\d+)?", text)]
            found = rng.choice(numbers) if numbers else None
            if found:
                new = rng.choice((DIGITS, "1e999", "NaN", "-Infinity", "[" * 5_000, "-0.0"))
                text = text[: found.start()] + new + text[found.end() :]
    return text.encode(errors="surrogateescape")


def in_text(text: str, rng: random.Random) -> str:
    """Change cells, separators and lines of a table."""
    lines = text.splitlines()
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(lines))
        cells = lines[at].split(",")
        which = rng.randrange(len(cells))
        match rng.randrange(7):
            case 0 | 1:
                cells[which] = rng.choice(
                    (*NUMBERS, "", '"', "=1+1", "x", "\x00", "\u202e", "é" * 50, "1,5")
                )
            case 2:
                cells.insert(which, rng.choice(("", "1", '"a\nb"')))
            case 3:
                del cells[which]
            case 4:
                lines.insert(
                    at, rng.choice(("", lines[at], "," * 2_000, "a" * 200_000, '"', "\r" * 500))
                )
                continue
            case 5:
                lines[at] = damaged(lines[at].encode(), rng).decode(errors="replace")
                continue
            case 6:
                lines[at] = lines[at].replace(",", rng.choice(";\t|,"))
                continue
        lines[at] = ",".join(cells)
    return "\n".join(lines)


def in_zip(content: bytes, change: Callable[[str, bytes], bytes], rng: random.Random) -> bytes:
    """Change one part of a zip by what it is, or what the zip says of its parts."""
    with zipfile.ZipFile(io.BytesIO(content)) as parts:
        held = {name: parts.read(name) for name in parts.namelist()}
    kind = rng.random()
    if kind < 0.75:
        name = rng.choice([name for name in held if name.endswith((".xml", ".rels"))])
        held[name] = change(name, held[name])
        if kind < 0.1:
            held.pop(rng.choice([*held]))
        if kind > 0.72:
            held[rng.choice([*held])] = content
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as parts:
        for name, part in held.items():
            parts.writestr(name, part)
    packed = bytearray(out.getvalue())
    if kind >= 0.75:
        # What headers of entries say: versions, flags, methods, sizes, lengths of names.
        heads = [
            m.start() for m in re.finditer(rb"PK\x01\x02|PK\x03\x04|PK\x05\x06", bytes(packed))
        ]
        for _ in range(rng.choice((1, 2))):
            at = rng.choice(heads) + rng.randrange(4, 46)
            size = rng.choice((1, 2, 4))
            packed[at : at + size] = struct.pack("<I", rng.choice(EDGES))[:size]
    return damaged(bytes(packed), rng) if rng.random() < 0.1 else bytes(packed)


BOMB = (
    '<!DOCTYPE b [<!ENTITY a "aaaaaaaaaa">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + "]>"
)


def in_xml(_: str, content: bytes, rng: random.Random) -> bytes:
    """Change references, counts, repetitions, values and tags of a sheet."""
    text = content.decode(errors="replace")
    match rng.randrange(9):
        case 0:
            far = rng.choice(
                ("A1:XFD1048576", "XFD1048576", "ZZZZZZ99999999999", "A0", "A1:A1048576", "")
            )
            return _one(r'(?<= ref=")[^"]*|(?<= r=")[^"]*', text, far, rng)
        case 1:
            return _one(
                r'(?<= r=")[A-Z]+\d+',
                text,
                f"{rng.choice(('A', 'XFD', 'AAA'))}{rng.choice(EDGES)}",
                rng,
            )
        case 2:
            return _one(
                r'(?<=ount=")\d+|(?<=repeated=")\d+|(?<= s=")\d+',
                text,
                str(rng.choice((*EDGES, -1, 10**30))),
                rng,
            )
        case 3:
            return _one(
                r"(?<=<v>)[^<]*|(?<=<t>)[^<]*|(?<=value=\")[^\"]*",
                text,
                rng.choice(NUMBERS)[:300],
                rng,
            )
        case 4:
            head, sign, rest = text.partition("?>")
            return (
                head + sign + BOMB + rest.replace("<v>", "<v>&i;", 1).replace("<t>", "<t>&i;", 1)
            ).encode()
        case 5:
            return _one(
                r'(?<= t=")[^"]*|(?<=value-type=")[^"]*',
                text,
                rng.choice(("s", "b", "e", "str", "d", "n", "x")),
                rng,
            )
        case 6:
            return _one(
                r"<(row|c|v|sheet|si|table:table-row)\b[^>]*>",
                text,
                "<c r='B2'>" * rng.choice((1, 3_000)),
                rng,
            )
        case 7:
            cell = '<c r="A1"><v>1</v></c>'
            return text.replace("<c ", cell * rng.choice((1, 5_000)) + "<c ", 1).encode()
        case _:
            return damaged(content, rng)


def _one(pattern: str, text: str, new: str, rng: random.Random) -> bytes:
    found = [*re.finditer(pattern, text)]
    if found:
        chosen = rng.choice(found)
        text = text[: chosen.start()] + new + text[chosen.end() :]
    return text.encode()


def in_parquet(content: bytes, rng: random.Random) -> bytes:
    """Damage the footer, the pages, or the length between them."""
    size = struct.unpack("<I", content[-8:-4])[0]
    footer, pages = bytearray(content[-8 - size : -8]), bytearray(content[: -8 - size])
    match rng.randrange(5):
        case 0 | 1:
            for _ in range(rng.choice((1, 1, 2, 5))):
                footer[rng.randrange(len(footer))] = rng.randrange(256)
        case 2:
            for _ in range(rng.choice((1, 2, 8))):
                pages[rng.randrange(4, len(pages))] = rng.randrange(256)
        case 3:
            # A thrift number of many bytes: a count or an offset of billions.
            at = rng.randrange(len(footer))
            footer[at : at + 1] = b"\xff" * rng.choice((3, 4, 8)) + b"\x7f"
        case 4:
            size = rng.choice((*EDGES, size + 1, size - 1))
            return bytes(pages + footer) + struct.pack("<I", size & 0xFFFFFFFF) + b"PAR1"
    return bytes(pages + footer) + struct.pack("<I", len(footer)) + b"PAR1"
