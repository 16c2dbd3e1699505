"""Saved results on disk: what a folder may hold, and its manifest."""

import json
import os
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from gainsmodel import _core
from gainsmodel.checks import escape, read_regular
from gainsmodel.errors import CoreError, ResultError
from gainsmodel.files import recover, replaceable
from gainsmodel.results.tables import DETAIL_METRICS, METRICS
from gainsmodel.scenario.messages import show
from gainsmodel.scenario.parameters import ADJUSTMENTS
from gainsmodel.sealed import StrangeJSON, strict_json


def build_info() -> dict[str, Any]:
    """Versions, build profile, instruction set and threads, as the next run would have them."""
    import platform

    info = dict(_core.build_info())
    if info["profile"] != "release":
        raise CoreError("the core was built without optimisation; build it with 'make build'")
    return info | {"python": platform.python_version()} | _versions()


@cache
def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("numpy", "polars", "pydantic")}


MANIFEST, PACKAGE = "manifest.json", "datapackage.json"
DRAWS_SAVED = (*METRICS, *ADJUSTMENTS)
TABLES = ("areas", "groups", "years", "sectors", "adoption", "statistics")
# Folder of own figures within a saved result.
FIGURES = "figures"
MAX_MANIFEST_BYTES, MOST_GENERATORS = 10_000_000, 1_000
# Versions of a manifest: before results were bound to it, by a hash of its values, and as a record
# that ends with its fingerprint.
UNBOUND, BOUND, RECORD = 1, 2, 3
EARLIER = "an earlier result"


def check_target(folder: str | os.PathLike[str]) -> Path:
    """See that a result can be saved in a folder, before there is one.

    Raises
    ------
    ResultError
        If the folder holds anything but an earlier result, or cannot be made.
    """
    place = replaceable(folder, known_files(), EARLIER, ResultError)
    if place.is_dir() and any(place.iterdir()):
        read_manifest(place)
    return Path(folder)


def known_files() -> set[str]:
    """Names that the folder of a saved result may hold."""
    tables = {f"{name}.{kind}" for name in TABLES for kind in ("parquet", "csv")}
    draws = {f"draws_{metric}.parquet" for metric in (*DRAWS_SAVED, *DETAIL_METRICS)}
    return tables | draws | {MANIFEST, PACKAGE, FIGURES}


def read_manifest(path: Path) -> dict[str, Any]:
    """Read a manifest file, or the one in a result's folder."""
    return understood(*read_content(path))


def read_content(path: Path) -> tuple[Path, bytes]:
    """Give the file of a manifest, which may be that in a result's folder, and its content."""
    file = path
    recover(path)
    try:
        file = path / MANIFEST if path.is_dir() else path
        content, size = read_regular(file, MAX_MANIFEST_BYTES)
    except FileNotFoundError:
        raise ResultError(f"{file}: no such file; a saved result holds a {MANIFEST}") from None
    except OSError as error:
        raise ResultError(f"{file}: cannot be read: {error.strerror}") from error
    except ValueError:
        raise ResultError(f"{escape(str(file))}: is no possible name of a file") from None
    if size > MAX_MANIFEST_BYTES:
        raise ResultError(f"{file}: is not a manifest: too large")
    return file, content


def understood(file: Path, content: bytes) -> dict[str, Any]:
    """Read what a manifest file holds."""
    try:
        manifest = strict_json(content)
    except json.JSONDecodeError as error:
        raise ResultError(f"{file}, line {error.lineno}: is not a manifest: {error.msg}") from error
    except StrangeJSON as strange:
        raise ResultError(f"{file}: is not a manifest: {strange}") from None
    except (ValueError, RecursionError):
        raise ResultError(f"{file}: is not a manifest: no text, or no possible value") from None
    return checked(manifest, file)


def read_mapping(manifest: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Read what a manifest file holds, however it came here; `name` as `checked`."""
    try:
        content = json.dumps(dict(manifest)).encode()
        return checked(strict_json(content), name)
    except ResultError:
        raise
    except (ValueError, TypeError, RecursionError):
        raise ResultError(f"{name}: is not a manifest: holds what no such file can") from None


def checked(manifest: Any, name: str | Path) -> dict[str, Any]:
    """Give a manifest back if it is one; `name` says in an error where it comes from."""
    found = manifest if isinstance(manifest, dict) else {}
    # Manifests before version 3 do not state the edition of the random numbers.
    whole = {"generator": 1} | found
    wrong = [key for key, is_right in _PARTS.items() if not is_right(whole.get(key))]
    if wrong:
        raise ResultError(f"{name}: is not a manifest; missing or wrong: {', '.join(wrong)}")
    if manifest["manifest_version"] not in (UNBOUND, BOUND, RECORD):
        raise ResultError(
            f"{name}: manifest_version is {show(manifest['manifest_version'])}, "
            f"this version reads {UNBOUND}, {BOUND} and {RECORD}"
        )
    return dict(manifest)


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and len(value) <= 1000


def _is_texts(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_is_text, value.values()))


def _is_own(value: Any) -> bool:
    """Whether it says which own figures; most manifests are of none."""
    return value is None or (
        isinstance(value, dict)
        and _is_text(value.get("name"))
        and _is_text(value.get("sha256"))
        and isinstance(value.get("notes"), list)
        and all(isinstance(note, str) for note in value["notes"])
    )


def _is_variation(value: Any) -> bool:
    """Whether it says which other futures; most manifests are of none."""
    return value is None or (isinstance(value, dict) and set(value) <= {"reseeded", "held"})


# What each part of a manifest must be.
_PARTS: dict[str, Callable[[Any], bool]] = {
    **dict.fromkeys(("manifest_version", "draws", "seed"), _is_whole),
    **dict.fromkeys(("data_sha256", "versions"), _is_texts),
    **dict.fromkeys(("geography", "sampler", "precision"), _is_text),
    "scenario": lambda value: isinstance(value, dict),
    "own_data": _is_own,
    "detail": lambda value: value is None or _is_text(value),
    "generator": lambda value: _is_whole(value) and 0 < value < MOST_GENERATORS,
    "variation": _is_variation,
}
