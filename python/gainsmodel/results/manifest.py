"""Saved results on disk: what a folder may hold, and its manifest."""

import json
import os
import stat
from functools import cache
from pathlib import Path
from typing import Any

from gainsmodel import _core
from gainsmodel.errors import CoreError, ResultError
from gainsmodel.files import recover, replaceable
from gainsmodel.results.tables import DETAIL_METRICS, METRICS


def build_info() -> dict[str, Any]:
    """Versions, build profile, instruction set and threads, as the next run would have them."""
    info = dict(_core.build_info())
    if info["profile"] != "release":
        raise CoreError("the core was built without optimisation; build it with 'make build'")
    return info | _versions()


@cache
def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("numpy", "polars", "pydantic")}


DRAWS_SAVED = (*METRICS, "additionality")
TABLES = ("areas", "groups", "years", "sectors", "adoption", "statistics")
# Folder of own figures within a saved result.
FIGURES = "figures"
MAX_MANIFEST_BYTES = 10_000_000
# Versions of a manifest: before results were bound to it, and since.
UNBOUND, BOUND = 1, 2
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
    return tables | draws | {"manifest.json", FIGURES}


def read_manifest(path: Path) -> dict[str, Any]:
    """Read a manifest file, or the one in a result's folder."""
    file = path
    recover(path)
    try:
        file = path / "manifest.json" if path.is_dir() else path
        # Without blocking, since the other end of a pipe may never open.
        descriptor = os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(descriptor, "rb") as opened:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode) or status.st_size > MAX_MANIFEST_BYTES:
                raise ResultError(f"{file}: is not a manifest: no regular file, or too large")
            manifest = json.loads(opened.read(MAX_MANIFEST_BYTES))
    except FileNotFoundError:
        raise ResultError(f"{file}: no such file; a saved result holds a manifest.json") from None
    except ResultError:
        raise
    except OSError as error:
        raise ResultError(f"{file}: cannot be read: {error.strerror}") from error
    except json.JSONDecodeError as error:
        raise ResultError(f"{file}, line {error.lineno}: is not a manifest: {error.msg}") from error
    except (ValueError, RecursionError):
        raise ResultError(f"{file}: is not a manifest: no text, or no possible value") from None
    return checked(manifest, file)


def checked(manifest: Any, name: str | Path) -> dict[str, Any]:
    """Give a manifest back if it is one; `name` says in an error where it comes from."""
    kinds = {
        **dict.fromkeys(("manifest_version", "draws", "seed"), int),
        **dict.fromkeys(("scenario", "data_sha256", "versions"), dict),
        **dict.fromkeys(("geography", "sampler", "precision"), str),
    }
    found = manifest if isinstance(manifest, dict) else {}
    wrong = [
        key
        for key, kind in kinds.items()
        if not isinstance(found.get(key), kind) or isinstance(found.get(key), bool)
    ]
    if wrong:
        raise ResultError(f"{name}: is not a manifest; missing or wrong: {', '.join(wrong)}")
    if manifest["manifest_version"] not in (UNBOUND, BOUND):
        raise ResultError(
            f"{name}: manifest_version is {manifest['manifest_version']!r}, "
            f"this version reads {UNBOUND} and {BOUND}"
        )
    return dict(manifest)
