"""A run's record: what was run and the hashes of its tables, bound by one fingerprint.

It is the manifest of a saved result; ``docs/reference/record.md`` describes it byte by byte.
"""

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gainsmodel.checks import escape
from gainsmodel.data.shipped_tables import origin
from gainsmodel.datapackage import MAX_BYTES, files_of, parquet, sha256_of
from gainsmodel.errors import ResultError, SettingError
from gainsmodel.files import read_file
from gainsmodel.notebook import ShownInNotebooks
from gainsmodel.results.columns import TITLES, columns_of
from gainsmodel.results.manifest import (
    BOUND,
    FIGURES,
    MANIFEST,
    PACKAGE,
    RECORD,
    TABLES,
    UNBOUND,
    read_content,
    understood,
)
from gainsmodel.sealed import FINGERPRINT, as_fingerprint, fingerprint_of, fingerprints, seal

if TYPE_CHECKING:
    from gainsmodel.results.result import Result

# What a saved manifest says of the folder, and until version 2 of itself.
FILES, SHA256 = "files", "sha256"
# What file managers leave wherever they have been.
LITTER = (".DS_Store", "Thumbs.db", "desktop.ini")
_CHANGED = "it was changed after it was saved"
# Name of a file to its size, its hash and the file that states them.
Stated = dict[str, tuple[int | None, str, str]]


@dataclass(frozen=True)
class Mismatch:
    """What a record or a file beside it does not say as it should.

    Attributes
    ----------
    file, field : str
        Where.
    expected, found : str
    sentence : str
        All of it in words.
    """

    file: str
    field: str
    expected: str
    found: str
    sentence: str


@dataclass(frozen=True, repr=False)
class Verification(ShownInNotebooks):
    """What became of a record that was checked; made by `verify`.

    Attributes
    ----------
    file : Path
        The record.
    fingerprint : str
        Of its content, as it is.
    manifest : dict or None
        What it says, if that can be understood.
    files : tuple of str
        Files beside it that were checked.
    mismatches : tuple of Mismatch
        None where everything is as it was written.
    """

    file: Path
    fingerprint: str
    manifest: dict[str, Any] | None
    files: tuple[str, ...]
    mismatches: tuple[Mismatch, ...]


def tables_as_files(result: "Result") -> dict[str, bytes]:
    """The tables of a result as a saved one holds them, in Parquet."""
    about, year = about_run(result.manifest), price_year(result.manifest)
    tables = {name: result.table(name) for name in TABLES}
    return {
        f"{name}.parquet": parquet(
            table, columns_of(table.columns, year), title=TITLES[name], **about
        )
        for name, table in tables.items()
    }


def price_year(manifest: Mapping[str, Any]) -> int:
    """In whose prices the amounts of a run are."""
    return int(manifest["scenario"]["setting"]["price_year"])


def about_run(manifest: Mapping[str, Any]) -> dict[str, Any]:
    """What every file of a run says of it: sources, version, and a fingerprint of what was run.

    That is made of the record's bytes before its member ``files``.
    """
    body = json.dumps(_versioned(manifest), indent=1, ensure_ascii=False).removesuffix("\n}")
    own = manifest.get("own_data") or {}
    return {
        **origin(own.get("name")),
        "version": f"gainsmodel {manifest['versions'].get('gainsmodel', 'unknown')}",
        "run": fingerprint_of(body.encode()),
    }


def _versioned(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return dict(manifest) | {"manifest_version": RECORD}


def record_of(manifest: Mapping[str, Any], tables: Mapping[str, bytes]) -> bytes:
    """The record of a run with these tables."""
    files = {
        name: {"bytes": len(content), "sha256": sha256_of(content)}
        for name, content in sorted(tables.items())
    }
    return seal(_versioned(manifest) | {FILES: files})


def run_of(saved: Mapping[str, Any]) -> dict[str, Any]:
    """What a saved manifest says of the run, without what it says of the folder and itself."""
    return {key: value for key, value in saved.items() if key not in (FILES, SHA256, FINGERPRINT)}


def verify(path: str | os.PathLike[str], fingerprint: str | None = None) -> Verification:
    """Check a record, and the tables beside it, without running anything.

    Parameters
    ----------
    path : path
        A record, such as the ``manifest.json`` of a saved result, or the folder of one.
    fingerprint : str
        The one it should have, as printed in a paper; capitals, spaces and hyphens are free.

    Raises
    ------
    ResultError
        If it cannot be read, or is of a version that had no fingerprint.
    SettingError
        If `fingerprint` is none.
    """
    wanted = None if fingerprint is None else as_fingerprint(fingerprint)
    if fingerprint is not None and wanted is None:
        raise SettingError(
            f"fingerprint: must be 8 groups of four of A–Z and 2–7, not {fingerprint[:60]!r}"
        )
    file, content = read_content(Path(path))
    shown = escape(str(file))
    stated, found = fingerprints(content)
    manifest, wrong = None, []
    try:
        manifest = understood(file, content)
    except ResultError as error:
        said = str(error).removeprefix(f"{file}").lstrip(":, ")
        wrong.append(Mismatch(shown, "content", "a record", said, str(error)))
    if stated is None and manifest and manifest["manifest_version"] in (UNBOUND, BOUND):
        raise ResultError(
            f"{shown}: is of version {manifest['manifest_version']}, which had no fingerprint; "
            "replay it and save it again to have a record"
        )
    if stated != found:
        wrong.append(_of_fingerprint(shown, stated or "none as its last line", found))
    if wanted not in (None, found):
        sentence = f"{shown}: its fingerprint is {found}, not {wanted}, which was asked for"
        wrong.append(Mismatch(shown, FINGERPRINT, str(wanted), found, sentence))
    checked: list[str] = []
    try:
        for name, _, mismatch in _beside(Path(path), file, manifest):
            checked.append(name)
            wrong += [] if mismatch is None else [mismatch]
    except ResultError as error:
        wrong.append(Mismatch(shown, FILES, "size and hash of each", "none", str(error)))
    return Verification(file, found, manifest, tuple(checked), tuple(wrong))


def _of_fingerprint(shown: str, stated: str, found: str) -> Mismatch:
    sentence = f"{shown}: does not match its own fingerprint; {_CHANGED}"
    return Mismatch(shown, FINGERPRINT, stated, found, sentence)


def check_own(file: Path, content: bytes, manifest: Mapping[str, Any]) -> None:
    """Refuse a manifest that does not match what it says of itself.

    Raises
    ------
    ResultError
    """
    shown = escape(str(file))
    if manifest["manifest_version"] == BOUND:
        files, stated = manifest.get(FILES), manifest.get(SHA256)
        if not isinstance(files, dict) or not isinstance(stated, str):
            raise ResultError(
                f"{shown}: {FILES} and {SHA256} are missing, which bind the tables of a saved "
                "result to its manifest; replay the manifest and save it again"
            )
        try:
            changed = stated != _sha256_of_values(manifest)
        except RecursionError:
            changed = True
        if changed:
            raise ResultError(f"{shown}: does not match its own hash; {_CHANGED}")
    elif manifest["manifest_version"] == RECORD:
        stated, found = fingerprints(content)
        if stated != found:
            raise ResultError(_of_fingerprint(shown, "", found).sentence)


def _sha256_of_values(manifest: Mapping[str, Any]) -> str:
    """What a manifest of version 2 states of itself."""
    values = {key: value for key, value in manifest.items() if key != SHA256}
    text = json.dumps(values, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()


def _beside(
    path: Path, file: Path, manifest: Mapping[str, Any] | None
) -> Iterator[tuple[str, bytes, Mismatch | None]]:
    """What is beside a record; a paper's is alone."""
    if manifest is None:
        return
    folder, tables = file.parent, stated_tables(file, manifest)
    if file.name == MANIFEST and (path == folder or (folder / PACKAGE).exists()):
        yield from examined(folder, manifest)
    elif any((folder / name).exists() for name in tables):
        yield from _compared(folder, tables)


def stated_tables(file: Path, manifest: Mapping[str, Any]) -> Stated:
    """Size and hash of each file that a manifest binds."""
    files = manifest.get(FILES)
    if not isinstance(files, dict):
        raise ResultError(f"{escape(str(file))}: {FILES} is missing, which binds its tables")
    if manifest["manifest_version"] == RECORD:
        names = [f"{name}.parquet" for name in TABLES]
        if odd := sorted({*names} ^ {*files}):
            raise ResultError(
                f"{escape(str(file))}: {FILES}: must be {', '.join(names)}; {odd[0][:60]!r} is "
                + ("missing" if odd[0] in names else "not one of them")
            )
    stated: Stated = {}
    for name, of in files.items():
        bound = of if isinstance(of, dict) else {}
        size, sha256 = bound.get("bytes"), bound.get("sha256")
        if not isinstance(size, int) or not isinstance(sha256, str):
            raise ResultError(f"{escape(str(file))}: {FILES}: states no hash of {name!r}")
        stated[name] = size, sha256, MANIFEST
    return stated


def examined(
    source: Path, manifest: Mapping[str, Any]
) -> Iterator[tuple[str, bytes, Mismatch | None]]:
    """Each file of a saved result: its name, its content, and what is wrong with it."""
    stated = stated_tables(source / MANIFEST, manifest)
    known = {MANIFEST}
    if manifest["manifest_version"] == RECORD:
        known.add(PACKAGE)
        listed, wrong = _listed(source / PACKAGE)
        yield PACKAGE, b"", wrong
        own = listed.pop(MANIFEST, None)
        if own is not None:
            yield from _compared(source, {MANIFEST: own})
        for name in listed.keys() & stated.keys():
            if listed[name][1] != stated[name][1]:
                file = escape(str(source / PACKAGE))
                sentence = f"{file}: states another hash of {name} than {MANIFEST}; {_CHANGED}"
                hashes = stated[name][1], listed[name][1]
                yield PACKAGE, b"", Mismatch(file, f"hash of {name}", *hashes, sentence)
        stated = listed | stated
    held = {path.relative_to(source).as_posix() for path in _below(source)} - known
    for name in sorted(held - set(stated)):
        if Path(name).name not in LITTER:
            file = escape(str(source / name))
            stating = PACKAGE if PACKAGE in known else MANIFEST
            sentence = (
                f"{file}: was not saved with this result, as {stating} says; move it elsewhere"
            )
            yield name, b"", Mismatch(file, "file", "none", "one", sentence)
    yield from _compared(source, stated)


def _listed(file: Path) -> tuple[Stated, Mismatch | None]:
    """What the data package of a saved result lists, and what is wrong with it."""
    shown = escape(str(file))
    try:
        content = read_file(file, MAX_BYTES)
        stated, found = fingerprints(content)
        if stated != found:
            return {}, _of_fingerprint(shown, stated or "none as its last line", found)
        return {name: (*of, PACKAGE) for name, of in files_of(content).items()}, None
    except FileNotFoundError:
        sentence = f"{shown}: is missing or damaged; every saved result holds one"
        return {}, Mismatch(shown, "file", "one", "none", sentence)
    except OSError as error:
        sentence = f"{shown}: cannot be read: {error.strerror}"
        return {}, Mismatch(shown, "file", "one", str(error.strerror), sentence)
    except ValueError:
        sentence = f"{shown}: is not the data package of a saved result"
        return {}, Mismatch(shown, "content", "a data package", "none", sentence)


def _compared(source: Path, stated: Stated) -> Iterator[tuple[str, bytes, Mismatch | None]]:
    for name, (size, sha256, where) in stated.items():
        path = source / name
        shown = escape(str(path))
        content, found = b"", ""
        field, expected = "file", "one"
        sentence = f"{shown}: does not match its hash in {where}; {_CHANGED}"
        try:
            if Path(name).is_absolute() or ".." in Path(name).parts:
                found = "a name outside its folder"
                sentence = f"{shown}: is outside the folder of the saved result"
            elif not path.exists():
                found = "none"
                sentence = f"{shown}: is missing or damaged; {where} says that it was saved"
            elif not path.is_file():
                found = "something other than a file"
            elif (length := path.stat().st_size) != (length if size is None else size):
                field, expected, found = "bytes", str(size), str(length)
            else:
                content = read_file(path, length)
                hashed = sha256_of(content)
                if hashed != sha256:
                    field, expected, found = "sha256", sha256, hashed
        except OSError as error:
            found = f"cannot be read: {error.strerror}"
            sentence = f"{shown}: {found}"
        except ValueError:
            found = "no possible name"
            sentence = f"{shown}: is no possible name of a file"
        yield name, content, Mismatch(shown, field, expected, found, sentence) if found else None


def _below(source: Path) -> Iterator[Path]:
    """Everything in a saved result but folders; into no folder but that of own figures."""
    try:
        for path in source.iterdir():
            if path.name == FIGURES and path.is_dir():
                yield from path.iterdir()
            else:
                yield path
    except OSError as error:
        raise ResultError(f"{escape(str(source))}: cannot be read: {error.strerror}") from error
