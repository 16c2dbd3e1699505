"""What belongs to revisions and workspaces beside text: runs, own figures, files of evidence."""

import hashlib
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl
from sqlalchemy import Connection, RowMapping, Select, delete, func, insert, select

from gainsmodel.checks import escape
from gainsmodel.data import Dataset
from gainsmodel.data.saved import read_saved, saved_files
from gainsmodel.errors import SettingError, StoreError
from gainsmodel.results.manifest import MANIFEST
from gainsmodel.results.record import record_of, tables_as_files
from gainsmodel.results.result import Result
from gainsmodel.results.storage import tables_of
from gainsmodel.sealed import fingerprints
from gainsmodel.store.chain import log, named_blobs, now
from gainsmodel.store.people import _first, _is, _with_role, line, new_id
from gainsmodel.store.plans import FIGURES, Plans
from gainsmodel.store.records import FORGOTTEN, File, Role, Run, plain_json
from gainsmodel.store.tables import (
    ALTERED,
    BLOB,
    FILE,
    MEMBER,
    PERSON,
    PLAN,
    REVISION,
    RUN,
    read_json,
)

EVIDENCE = "evidence"
MOST_PARTS, MOST_BYTES, MOST_WORKSPACE_BYTES = 64, 50_000_000, 1_000_000_000
_SETTINGS = ("draws", "seed", "sampler", "precision", "generator", "geography", "detail")


class Kept(Plans):
    """The part of a store that knows runs and files."""

    # ------------------------------------------------------------ runs

    def add_run(self, person: str, revision_id: str, result: Result) -> Run:
        """Keep the record and the tables of a run of a revision; the same run is kept once.

        No draws are kept: the same version makes them again from the record, to the same bytes.

        Raises
        ------
        SettingError
            If the result is of another scenario, or the workspace has no room for it.
        NotThereError, NotAllowedError
        """
        if self.revision(person, revision_id).scenario() != result.scenario:
            raise SettingError("result: is of another scenario than the revision")
        tables = tables_as_files(result)
        record = record_of(result.manifest, tables)
        contents = {MANIFEST: record, **tables}
        manifest = result.manifest
        with self._write() as connection:
            of = self._revision(connection, person, revision_id, "editor", "keep a run")
            row: dict[str, Any] = {
                "id": new_id(),
                "revision_id": revision_id,
                "author_id": person,
                "at": now(),
                "fingerprint": fingerprints(record)[1],
                "data_sha256": plain_json(manifest["data_sha256"]),
                "version": str(manifest["versions"]["gainsmodel"]),
                "settings": plain_json({key: manifest.get(key) for key in _SETTINGS}),
                "files": _hashes(contents),
            }
            same = _runs().where(
                RUN.c.revision_id == revision_id, RUN.c.fingerprint == row["fingerprint"]
            )
            if _first(connection, same) is None:
                self._put_contents(connection, of["workspace_id"], contents)
                connection.execute(insert(RUN), row)
                log(connection, person, "ran", RUN, row, workspace_id=of["workspace_id"],
                    revision_id=revision_id)  # fmt: skip
            return _run(connection.execute(same).mappings().one())

    def runs(self, person: str, revision_id: str) -> list[Run]:
        """Give the runs of a revision that are kept, the last first."""
        with self._read() as connection:
            self._revision(connection, person, revision_id)
            rows = connection.execute(_runs().where(RUN.c.revision_id == revision_id)).mappings()
            return sorted(map(_run, rows), key=lambda of: (of.at, of.id), reverse=True)

    def run_files(self, person: str, run_id: str) -> dict[str, bytes]:
        """Give the files of a run: its record, ``manifest.json``, and its tables in Parquet."""
        query = (
            select(RUN.c.files, PLAN.c.workspace_id, MEMBER.c.role)
            .select_from(RUN)
            .join(REVISION, REVISION.c.id == RUN.c.revision_id)
            .join(PLAN, PLAN.c.id == REVISION.c.plan_id)
            .join(MEMBER, MEMBER.c.workspace_id == PLAN.c.workspace_id)
            .where(RUN.c.id == run_id, MEMBER.c.person_id == person)
        )
        return self._files_of(query, person, run_id, "run")

    def run_tables(self, person: str, run_id: str) -> dict[str, pl.DataFrame]:
        """Give the tables of a run by name, such as ``areas``."""
        files = self.run_files(person, run_id)
        tables = {name: of for name, of in files.items() if name != MANIFEST}
        found = tables_of(Path(f"run {run_id}"), tables)
        return {name.removesuffix(".parquet"): table for name, table in found.items()}

    # ------------------------------------------------------------ files

    def keep_figures(self, person: str, workspace_id: str, name: str, dataset: Dataset) -> File:
        """Keep own figures in a workspace; arguments and errors as `keep_file`."""
        return self._keep(person, workspace_id, FIGURES, name, saved_files(dataset))

    def figures(self, person: str, file_id: str) -> Dataset:
        """Read own figures of a workspace.

        Raises
        ------
        DataError
            If they are of other shipped tables than this version's.
        """
        files = self.file(person, file_id)
        with tempfile.TemporaryDirectory() as folder:
            for name, content in files.items():
                (Path(folder) / Path(name).name).write_bytes(content)
            return read_saved(Path(folder))

    def keep_file(self, person: str, workspace_id: str, name: str, content: bytes) -> File:
        """Keep a file of evidence in a workspace; the same content under its name is kept once.

        Raises
        ------
        SettingError
            If it is too large (50 MB; 1 GB a workspace), or the name is taken.
        NotThereError, NotAllowedError
        """
        return self._keep(person, workspace_id, EVIDENCE, name, {"content": content})

    def files(self, person: str, workspace_id: str) -> list[File]:
        """Give own figures and files of evidence of a workspace, by kind and name."""
        with self._read() as connection:
            self._allowed(connection, person, workspace_id)
            query = _files().where(FILE.c.workspace_id == workspace_id)
            found = [_file(row) for row in connection.execute(query).mappings()]
        return sorted(found, key=lambda of: (of.kind, of.name.casefold(), of.id))

    def file(self, person: str, file_id: str) -> dict[str, bytes]:
        """Give the parts of a file; one of evidence has one, ``content``."""
        return self._files_of(self._member_files(person, file_id), person, file_id, "file")

    def remove_file(self, person: str, file_id: str) -> None:
        """Delete a file, and its content where nothing else in the workspace has the same."""
        with self._write() as connection:
            query = self._member_files(person, file_id)
            row = _first(connection, query) if _is(file_id) and _is(person) else None
            row = _with_role(row, "file", "editor", "remove a file")
            connection.execute(delete(FILE).where(FILE.c.id == file_id))
            here = BLOB.c.workspace_id == row["workspace_id"]
            kept = {sha256 for _, sha256 in named_blobs(connection, row["workspace_id"])}
            for sha256 in {*read_json(row["files"]).values()} - kept:
                connection.execute(delete(BLOB).where(here, BLOB.c.sha256 == sha256))
            log(connection, person, "removed", FILE, row, workspace_id=row["workspace_id"],
                removed=True, name=row["name"])  # fmt: skip

    # ------------------------------------------------------------ in a transaction

    def _keep(
        self, person: str, workspace_id: str, kind: str, name: str, contents: dict[str, bytes]
    ) -> File:
        name = line(name, "name")
        with self._write() as connection:
            self._allowed(connection, person, workspace_id, "editor", "keep a file")
            same = _files().where(
                FILE.c.workspace_id == workspace_id, FILE.c.kind == kind, FILE.c.name == name
            )
            there, hashes = _first(connection, same), _hashes(contents)
            if there is not None and there["files"] != hashes:
                raise SettingError(
                    f"name: there is already a file '{name}' in this workspace with other content; "
                    "choose another name, or remove it first"
                )
            if there is None:
                self._put_contents(connection, workspace_id, contents)
                row = {"id": new_id(), "workspace_id": workspace_id, "kind": kind, "name": name}
                row |= {"author_id": person, "at": now(), "files": hashes}
                connection.execute(insert(FILE), row)
                log(connection, person, "kept", FILE, row, workspace_id=workspace_id, name=name)
            return _file(connection.execute(same).mappings().one())

    def _put_contents(
        self, connection: Connection, workspace_id: str, contents: Mapping[str, bytes]
    ) -> None:
        """Keep contents by their hashes, each once in a workspace."""
        here = BLOB.c.workspace_id == workspace_id
        held = set(connection.scalars(select(BLOB.c.sha256).where(here)))
        new = {hashlib.sha256(of).hexdigest(): of for of in contents.values()}
        new = {sha256: of for sha256, of in new.items() if sha256 not in held}
        largest = max(map(len, new.values()), default=0)
        if len(contents) > MOST_PARTS or largest > MOST_BYTES:
            raise SettingError(
                f"file: a file may have {MOST_BYTES:,} bytes; found {largest:,} in "
                f"{len(contents)} parts"
            )
        size = connection.scalar(select(func.coalesce(func.sum(BLOB.c.size), 0)).where(here))
        if int(size or 0) + sum(map(len, new.values())) > MOST_WORKSPACE_BYTES:
            raise SettingError(
                f"file: the workspace may hold {MOST_WORKSPACE_BYTES:,} bytes in all; remove files"
            )
        for sha256, of in new.items():
            row = {"workspace_id": workspace_id, "sha256": sha256, "size": len(of), "content": of}
            connection.execute(insert(BLOB), row)

    def _member_files(self, person: str, file_id: str) -> Select[Any]:
        return (
            select(FILE, MEMBER.c.role)
            .join(MEMBER, MEMBER.c.workspace_id == FILE.c.workspace_id)
            .where(FILE.c.id == file_id, MEMBER.c.person_id == person)
        )

    def _files_of(
        self, query: Select[Any], person: str, key: str, kind: str, least: Role = "reader"
    ) -> dict[str, bytes]:
        with self._read() as connection:
            row = _first(connection, query) if _is(key) and _is(person) else None
            row = _with_role(row, kind, least, "")
            here = BLOB.c.workspace_id == row["workspace_id"]
            found = {}
            for name, sha256 in read_json(row["files"]).items():
                query = select(BLOB.c.content).where(here, BLOB.c.sha256 == sha256)
                found[name] = connection.execute(query).scalar_one_or_none() or b""
                if hashlib.sha256(found[name]).hexdigest() != sha256:
                    raise StoreError(f"the {kind}'s content {escape(name)} {ALTERED}")
        return found


def _hashes(contents: Mapping[str, bytes]) -> str:
    return plain_json({name: hashlib.sha256(of).hexdigest() for name, of in contents.items()})


def _runs() -> Select[Any]:
    return select(RUN, PERSON.c.name.label("author")).join(PERSON, PERSON.c.id == RUN.c.author_id)


def _run(row: RowMapping) -> Run:
    same = ("id", "revision_id", "author_id", "at", "fingerprint", "version")
    return Run(
        **{name: row[name] for name in same},
        author=row["author"] or FORGOTTEN,
        data_sha256=read_json(row["data_sha256"]),
        settings=read_json(row["settings"]),
    )


def _files() -> Select[Any]:
    return select(FILE, PERSON.c.name.label("author")).join(PERSON, PERSON.c.id == FILE.c.author_id)


def _file(row: RowMapping) -> File:
    same = ("id", "workspace_id", "kind", "name", "at")
    return File(
        **{name: row[name] for name in same},
        author=row["author"] or FORGOTTEN,
        files=read_json(row["files"]),
    )
