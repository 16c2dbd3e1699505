"""Where in a TOML file each key stands, and what its syntax errors mean."""

import re
import tomllib
from bisect import bisect_left

from gainsmodel.checks import escape
from gainsmodel.errors import ScenarioError
from gainsmodel.scenario.messages import KeyPath

MAX_DEPTH = 16
MAX_ENTRIES = 20_000


_TOKEN = re.compile(
    r'''
    (?P<skip>[ \t\r]+|\#[^\n]*)
  | (?P<newline>\n)
  | (?P<string>"""(?:[^"\\]|\\.|"{1,2}(?!"))*"{3,5}|\'\'\'(?:[^']|'{1,2}(?!'))*'{3,5}
              |"(?:[^"\\\n]|\\.)*"|'[^'\n]*')
  | (?P<bare>[A-Za-z0-9_+:-]+)
  | (?P<mark>.)
    ''',
    re.VERBOSE | re.DOTALL,
)
_WORDS = (
    (r"Cannot overwrite a value", "this key is set a second time"),
    (r"Cannot declare .* twice", "this table is opened a second time"),
    (r"Cannot mutate immutable namespace .*", "this inline table is already complete"),
    (r"Invalid value", "not a value; text needs quotes"),
    (r"Expected '=' after a key in a key/value pair", "a key must be followed by '='"),
    (r"Invalid statement", "neither a key nor a [table] begins like this"),
    (r"Unterminated string|Expected ['\"]{3,5}", "the text is not closed; a quote is missing"),
    (r"Illegal character '\\n'", "the text is not closed; a quote is missing"),
    (r"Illegal character (.*)", r"the character \1 is not allowed here"),
    (r"Found invalid character (.*)", r"the character \1 is not allowed here"),
    (
        r"Expected newline or end of document after a statement",
        "something follows the value; one entry a line",
    ),
)


def _syntax(error: Exception, text: str) -> str:
    """Put the parser's complaint into words."""
    if isinstance(error, RecursionError):
        return ": is nested too deeply"
    found = re.fullmatch(
        r"(.*?)(?: \(at (?:line (\d+), column (\d+)|end of document)\))?", str(error), re.DOTALL
    )
    message, line, column = found.groups() if found else (str(error), None, None)
    for pattern, words in _WORDS:
        message = re.sub(f"^{pattern}$", words, message)
    place = f"line {line}, column {column}" if line else f"line {text.count(chr(10)) + 1}"
    if not isinstance(error, tomllib.TOMLDecodeError):
        # Only Python's limit on the digits of a whole number is raised here.
        number = re.search(r"[0-9_]{4000}", text)
        lines = text.count("\n", 0, number.start()) + 1 if number else 1
        return f", line {lines}: holds a number with too many digits"
    return f", {place}: not valid TOML: {escape(message[:1].lower() + message[1:200])}"


def _key_lines(text: str, name: str) -> dict[KeyPath, int]:
    """Find the line of every table and key outside inline tables.

    Runs before the parser, and stops what would keep that busy for ever: keys of thousands
    of parts, deep nesting, entries without number. At a syntax error it ends and leaves the
    message to the parser.
    """
    newlines = [m.start() for m in re.finditer("\n", text)]
    lines: dict[KeyPath, int] = {}
    counts: dict[KeyPath, int] = {}
    table: list[str | int] = []
    parts: list[str | int] = []
    state, depth, dots, start, double = "key", 0, 0, 0, False
    for token in _TOKEN.finditer(text):
        kind, raw = token.lastgroup, token.group()
        if kind == "skip":
            continue
        dots = dots + (raw == ".") if kind in ("bare", "string") or raw == "." else 0
        if state == "value":
            depth += (raw in ("[", "{")) - (raw in ("]", "}")) if kind == "mark" else 0
        if depth > MAX_DEPTH or dots > MAX_DEPTH:
            line = bisect_left(newlines, token.start()) + 1
            raise ScenarioError(f"{name}, line {line}: is nested too deeply")
        if len(lines) > MAX_ENTRIES:
            raise ScenarioError(f"{name}: has too many entries; at most {MAX_ENTRIES:,}")
        if kind == "mark" and raw in "\"'":
            break
        if state == "value":
            if kind == "newline" and depth <= 0:
                state, parts = "key", []
        elif kind == "newline":
            if parts or state != "key":
                break
        elif kind in ("bare", "string"):
            start = start if parts else token.start()
            parts.append(_key(raw))
        elif raw == "[" and not parts:
            double = state == "table"
            state = "table"
        elif raw == "=" and state == "key":
            line = bisect_left(newlines, start) + 1
            path = tuple(table)
            for part in parts:
                path = (*path, part)
                lines.setdefault(path, line)
            state, depth = "value", 0
        elif raw == "]" and state == "table":
            table = []
            for n, part in enumerate(parts):
                table.append(part)
                key = tuple(table)
                last = n == len(parts) - 1
                if last and double:
                    counts[key] = counts.get(key, -1) + 1
                if key in counts:
                    table.append(counts[key])
                lines.setdefault(key, bisect_left(newlines, start) + 1)
            lines[tuple(table)] = bisect_left(newlines, start) + 1
            # The rest of the line, such as a second bracket, is of no interest.
            state, depth = "value", 0
    return lines


def _key(raw: str) -> str:
    if raw[0] not in "\"'":
        return raw
    try:
        return str(tomllib.loads(f"x = {raw}")["x"])
    except ValueError:
        return raw
