"""Small workbooks of the formats that nothing installed here writes."""

from __future__ import annotations

import io
import struct
import zipfile
from collections.abc import Sequence
from xml.sax.saxutils import escape

Rows = Sequence[Sequence[str]]


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None


def ods(rows: Rows) -> bytes:
    """An OpenDocument spreadsheet of one sheet."""

    def cell(text: str) -> str:
        if _number(text) is None:
            typed = 'office:value-type="string"'
        else:
            typed = f'office:value-type="float" office:value="{text}"'
        return f"<table:table-cell {typed}><text:p>{escape(text)}</text:p></table:table-cell>"

    kind = "application/vnd.oasis.opendocument.spreadsheet"
    body = "".join(
        '<table:table-row table:number-rows-repeated="1">'
        + "".join(map(cell, row))
        + '<table:table-cell table:number-columns-repeated="3"/></table:table-row>'
        for row in rows
    )
    of = "urn:oasis:names:tc:opendocument:xmlns"
    content = (
        '<?xml version="1.0" encoding="UTF-8"?><office:document-content '
        f'xmlns:office="{of}:office:1.0" xmlns:table="{of}:table:1.0" '
        f'xmlns:text="{of}:text:1.0" office:version="1.2"><office:body><office:spreadsheet>'
        f'<table:table table:name="GVA">{body}</table:table>'
        "</office:spreadsheet></office:body></office:document-content>"
    )
    manifest = (
        f'<?xml version="1.0"?><manifest:manifest xmlns:manifest="{of}:manifest:1.0">'
        f'<manifest:file-entry manifest:full-path="/" manifest:media-type="{kind}"/>'
        '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
        "</manifest:manifest>"
    )
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as parts:
        parts.writestr("mimetype", kind, zipfile.ZIP_STORED)
        parts.writestr("META-INF/manifest.xml", manifest)
        parts.writestr("content.xml", content)
    return out.getvalue()


def xls(rows: Rows) -> bytes:
    """A workbook of Excel 97 of one sheet, as BIFF8 in a compound file."""

    def record(kind: int, *parts: bytes) -> bytes:
        content = b"".join(parts)
        return struct.pack("<HH", kind, len(content)) + content

    def begin(of: int) -> bytes:
        return record(0x0809, struct.pack("<HHHHII", 0x0600, of, 0x0DBB, 0x07CC, 0, 6))

    def cell(r: int, c: int, text: str) -> bytes:
        number = _number(text)
        if number is not None:
            return record(0x0203, struct.pack("<HHHd", r, c, 0, number))
        packed = text.encode("utf-16-le")
        return record(0x0204, struct.pack("<HHHHB", r, c, 0, len(text), 1), packed)

    name = "GVA"
    widest = max(map(len, rows))
    sheet = (
        begin(0x0010)
        + record(0x0200, struct.pack("<IIHHH", 0, len(rows), 0, widest, 0))
        + b"".join(cell(r, c, text) for r, row in enumerate(rows) for c, text in enumerate(row))
        + record(0x000A)
    )
    head = begin(0x0005) + record(0x0042, struct.pack("<H", 1200))
    listed = len(record(0x0085, struct.pack("<IBBBB", 0, 0, 0, len(name), 0), name.encode()))
    at = len(head) + listed + 4
    of_sheet = record(0x0085, struct.pack("<IBBBB", at, 0, 0, len(name), 0), name.encode())
    return _compound(head + of_sheet + record(0x000A) + sheet)


def _compound(stream: bytes) -> bytes:
    """A compound file that holds one stream called Workbook."""
    sector, end, free, of_table = 512, 0xFFFFFFFE, 0xFFFFFFFF, 0xFFFFFFFD
    stream = stream.ljust(max(4096, -(-len(stream) // sector) * sector), b"\0")
    count = len(stream) // sector
    # Sector 0 is the table of sectors, 1 the directory, the stream follows.
    table = [of_table, end, *range(3, count + 2), end]
    assert len(table) <= sector // 4
    table += [free] * (sector // 4 - len(table))
    header = (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        + bytes(16)
        + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6)
        + bytes(6)
        + struct.pack("<IIIIIIIII", 0, 1, 1, 0, 4096, end, 0, end, 0)
        + struct.pack("<109I", 0, *[free] * 108)
    )

    def entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
        spelt = (name + "\0").encode("utf-16-le") if name else b""
        return (
            spelt.ljust(64, b"\0")
            + struct.pack("<HBBIII", len(spelt), kind, 1, free, free, child)
            + bytes(36)
            + struct.pack("<IQ", start, size)
        )

    directory = entry("Root Entry", 5, 1, end, 0) + entry("Workbook", 2, free, 2, len(stream))
    directory += entry("", 0, free, 0, 0) * 2
    return header + struct.pack(f"<{sector // 4}I", *table) + directory + stream
