"""Files that say what they hold: Parquet with units, and Frictionless data packages.

A table written by `parquet` carries in its metadata, as JSON, what `KEY_COLUMNS` and what its
writer says of it. A ``datapackage.json`` lists the files of a folder, each with its hash.
"""

import hashlib
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

import polars as pl

from gainsmodel.sealed import seal, strict_json

NAME = "datapackage.json"
MAX_BYTES = 500_000_000
KEY = "gainsmodel:"
_SHA256 = "sha256:"
_MEDIA = {
    "csv": "text/csv",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
    "toml": "application/toml",
}


@dataclass(frozen=True)
class Column:
    """What a column holds.

    Attributes
    ----------
    unit : str
        Such as "£m a year, 2024 prices", or "0 to 1"; of text, what kind of text.
    description : str
    """

    unit: str
    description: str


Columns = Mapping[str, Column]


def parquet(table: pl.DataFrame, columns: Columns, **said: Any) -> bytes:
    """A table as Parquet that carries units and descriptions; the same table, the same bytes.

    Parameters
    ----------
    table : DataFrame
    columns : mapping
        Each of its columns to what it holds.
    said
        What else its metadata says, such as ``title`` and ``sources``: text, or plain values.
    """
    of = {
        name: {"unit": columns[name].unit, "description": columns[name].description}
        for name in table.columns
    }
    metadata = {
        f"{KEY}{key}": value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        for key, value in {**said, "columns": of}.items()
    }
    content = io.BytesIO()
    table.rechunk().write_parquet(content, row_group_size=max(1, table.height), metadata=metadata)
    return content.getvalue()


def schema(types: Mapping[str, pl.DataType], columns: Columns) -> dict[str, Any]:
    """A table's schema as Frictionless has it, with the unit of each field."""
    return {
        "fields": [
            {
                "name": name,
                "type": _type(kind),
                "unit": columns[name].unit,
                "description": columns[name].description,
            }
            for name, kind in types.items()
        ]
    }


def _type(kind: pl.DataType) -> str:
    if kind.is_integer():
        return "integer"
    if kind.is_numeric():
        return "number"
    return "boolean" if kind == pl.Boolean else "string"


def resource(path: str, sha256: str, size: int | None = None, **said: Any) -> dict[str, Any]:
    """Describe a file.

    Parameters
    ----------
    path : str
        In the folder of the package.
    sha256 : str
    size : int, optional
        In bytes; left out of a table in Parquet, whose bytes the frictionless tool cannot count.
    said
        What else is known of it, such as its ``title`` and its ``schema``.
    """
    kind = PurePosixPath(path).suffix.removeprefix(".")
    name = "".join(c if c.isascii() and c.isalnum() else "-" for c in path.casefold())
    return {
        "name": name,
        "path": path,
        **said,
        "format": kind,
        "mediatype": _MEDIA[kind],
        **({} if kind == "parquet" else {"encoding": "utf-8", "bytes": size}),
        "hash": f"{_SHA256}{sha256}",
    }


def package(name: str, resources: Iterable[Mapping[str, Any]], **said: Any) -> bytes:
    """Write a data package, which ends with its own fingerprint.

    Parameters
    ----------
    name : str
        In small letters, digits and hyphens.
    resources : iterable of dict
        Of `resource`.
    said
        What it says of all: ``title``, ``sources`` and others of the standard, and our own.
    """
    return seal({"profile": "data-package", "name": name, **said, "resources": [*resources]})


def files_of(content: bytes) -> dict[str, tuple[int | None, str]]:
    """Size, where it is known, and sha256 of each file that a data package lists.

    Raises
    ------
    ValueError
        If it is no such package.
    """
    try:
        return {
            str(of["path"]): (of.get("bytes"), str(of["hash"]).removeprefix(_SHA256))
            for of in strict_json(content)["resources"]
        }
    except (ArithmeticError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("no data package of ours") from error


def sha256_of(content: bytes) -> str:
    """Hash of a file's content, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()
