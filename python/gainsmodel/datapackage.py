"""Frictionless data packages: what a folder of ours holds, with the hash of each file."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath
from typing import Any

from gainsmodel.sealed import seal, strict_json

NAME = "datapackage.json"
MAX_BYTES = 50_000_000
_SHA256 = "sha256:"
_MEDIA = {
    "csv": "text/csv",
    "json": "application/json",
    "parquet": "application/vnd.apache.parquet",
    "toml": "application/toml",
}


def resource(path: str, content: bytes, **said: Any) -> dict[str, Any]:
    """Describe a file; `said` is what else is known of it, such as its schema."""
    return resource_of(path, len(content), hashlib.sha256(content).hexdigest(), **said)


def resource_of(path: str, size: int, sha256: str, **said: Any) -> dict[str, Any]:
    """Describe a file whose size and hash are known."""
    kind = PurePosixPath(path).suffix.removeprefix(".")
    return {
        "name": "".join(c if c.isalnum() else "-" for c in path.casefold()),
        "path": path,
        **said,
        "format": kind,
        "mediatype": _MEDIA[kind],
        **({"encoding": "utf-8"} if kind != "parquet" else {}),
        "bytes": size,
        "hash": f"{_SHA256}{sha256}",
    }


def package(name: str, resources: Iterable[Mapping[str, Any]], **said: Any) -> bytes:
    """Write a data package, which ends with its own fingerprint."""
    return seal({"profile": "data-package", "name": name, **said, "resources": [*resources]})


def files_of(content: bytes) -> dict[str, tuple[int, str]]:
    """Size and sha256 of each file that a data package lists.

    Raises
    ------
    ValueError
        If it is no such package.
    """
    try:
        found = {
            str(of["path"]): (int(of["bytes"]), str(of["hash"]).removeprefix(_SHA256))
            for of in strict_json(content)["resources"]
        }
    except (ArithmeticError, LookupError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError("no data package of ours") from error
    return found
