"""The chain of events, and the check that every row is as its last event says.

Each event holds the hash of the row it is about and of the event before it. So whoever alters,
removes, inserts or reorders a row, an event or anything in between, without making every later
event anew, is found by `verify`.

What a chain cannot prove by itself: that its end was not cut off, together with the rows that the
removed events are about; that it was not made anew from some event on by somebody who can write to
the database and knows this file; and that what was written was true when it was. Against the first
two helps an anchor, the number and hash of the last event, kept where nobody who can write to the
database can change it: printed, or sent to another department. A chain that does not hold the
anchor's event, with its hash, is not the one that was there.

A person who is forgotten loses name, login and salt. The chain goes on: it holds only the random
key of the person and a salted hash of what stood there, which tells nothing once the salt is gone.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Table, insert, select

from gainsmodel.checks import escape
from gainsmodel.errors import SettingError, StoreError
from gainsmodel.store.records import Audit, plain_json
from gainsmodel.store.tables import (
    BLOB,
    EVENT,
    FILE,
    PLAN,
    REVISION,
    RUN,
    TABLES,
    read_json,
    row_sha256,
    sha256_of_json,
    subject_of,
)

REMOVED, START = "", "0" * 64
_ANCHOR = re.compile(r"(\d{1,12})-([0-9a-f]{64})")


def now() -> str:
    """The time, UTC, as it is kept."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def log(
    connection: Connection,
    person_id: str,
    what: str,
    table: Table,
    row: Mapping[Any, Any],
    *,
    workspace_id: str | None,
    removed: bool = False,
    **details: str | int,
) -> None:
    """Add an event about a row as it is now, or that was removed; under the writers' lock."""
    last = connection.execute(
        select(EVENT.c.number, EVENT.c.sha256).order_by(EVENT.c.number.desc()).limit(1)
    ).one_or_none()
    event = {
        "number": last.number + 1 if last else 1,
        "workspace_id": workspace_id,
        "at": now(),
        "person_id": person_id,
        "what": what,
        "kind": table.name,
        "subject_id": subject_of(table, row),
        "subject_sha256": REMOVED if removed else row_sha256(table, row),
        "details": plain_json(details),
        "previous_sha256": last.sha256 if last else START,
    }
    connection.execute(insert(EVENT), event | {"sha256": sha256_of_json(event)})


def anchor(connection: Connection) -> str:
    """Number and hash of the last event."""
    last = connection.execute(
        select(EVENT.c.number, EVENT.c.sha256).order_by(EVENT.c.number.desc()).limit(1)
    ).one_or_none()
    return f"{last.number}-{last.sha256}" if last else f"0-{START}"


def verify(connection: Connection, earlier: str | None = None) -> Audit:
    """Check every event and every row.

    Parameters
    ----------
    connection : Connection
    earlier : str, optional
        An anchor that was kept elsewhere.

    Raises
    ------
    SettingError
        If `earlier` is no anchor.
    """
    wanted = None if earlier is None else _ANCHOR.fullmatch(earlier.strip())
    if earlier is not None and wanted is None:
        raise SettingError(
            f"anchor: must be a number, '-' and 64 of 0–9 and a–f, not {earlier[:90]!r}"
        )
    wrong: list[str] = []
    latest: dict[tuple[str, str], tuple[str, int]] = {}
    events, number, previous, seen = 0, 0, START, {0: START}
    every = select(EVENT).order_by(EVENT.c.number).execution_options(yield_per=1000)
    for event in connection.execute(every).mappings():
        events += 1
        if event["number"] != number + 1:
            wrong.append(_missing(number + 1, event["number"] - 1))
        elif event["previous_sha256"] != previous:
            wrong.append(f"event {event['number']}: does not follow from the one before it")
        number = event["number"]
        content = {name: of for name, of in event.items() if name != "sha256"}
        previous = sha256_of_json(content)
        if previous != event["sha256"]:
            wrong.append(f"event {number}: was altered")
        previous = event["sha256"]
        if wanted and number == int(wanted[1]):
            seen[number] = previous
        latest[event["kind"], event["subject_id"]] = event["subject_sha256"], number
    if wanted and int(wanted[1]) > number:
        wrong.append(f"the chain ends at event {number}, before the anchor's, {wanted[1]}")
    elif wanted and seen.get(int(wanted[1])) != wanted[2]:
        wrong.append(f"event {wanted[1]}: is not the one of the anchor")
    rows = 0
    for sentence in _rows(connection, latest):
        rows += not sentence
        wrong += [sentence] if sentence else []
    return Audit(events, rows, anchor(connection), tuple(escape(of)[:300] for of in wrong))


def _missing(first: int, last: int) -> str:
    return f"event {first}: is missing" if first >= last else f"events {first} to {last}: missing"


def _rows(connection: Connection, latest: dict[tuple[str, str], tuple[str, int]]) -> Iterator[str]:
    """What is wrong with each row, nothing where it is as its last event says."""
    for table in TABLES:
        try:
            if table is BLOB:
                yield from _blobs(connection)
            elif table is not EVENT:
                yield from _of_table(connection, table, latest)
        except (AttributeError, StoreError, TypeError, ValueError):
            yield f"{table.name}: holds what is no row of it"
    for (kind, key), (stated, number) in latest.items():
        if stated != REMOVED:
            yield f"{kind} {key}: was removed, though event {number} tells of it"


def _of_table(
    connection: Connection, table: Table, latest: dict[tuple[str, str], tuple[str, int]]
) -> Iterator[str]:
    for row in connection.execute(select(table).execution_options(yield_per=200)).mappings():
        key = subject_of(table, row)
        stated, number = latest.pop((table.name, key), (REMOVED, 0))
        if not number:
            yield f"{table.name} {key}: was put in, no event tells of it"
        elif stated == REMOVED:
            yield f"{table.name} {key}: is there again, though event {number} removed it"
        elif stated != row_sha256(table, row) or not _text_matches(row):
            yield f"{table.name} {key}: was altered after event {number}"
        else:
            yield ""


def _text_matches(row: Mapping[Any, Any]) -> bool:
    """Whether a revision's text has the hash it states."""
    text = row.get("scenario")
    return text is None or hashlib.sha256(text.encode()).hexdigest() == row["scenario_sha256"]


def named_blobs(connection: Connection, workspace_id: str | None = None) -> set[tuple[str, str]]:
    """Contents that files and runs name: workspace and hash."""
    of_files = select(FILE.c.workspace_id, FILE.c.files)
    of_runs = (
        select(PLAN.c.workspace_id, RUN.c.files)
        .select_from(RUN)
        .join(REVISION, REVISION.c.id == RUN.c.revision_id)
        .join(PLAN, PLAN.c.id == REVISION.c.plan_id)
    )
    if workspace_id is not None:
        of_files = of_files.where(FILE.c.workspace_id == workspace_id)
        of_runs = of_runs.where(PLAN.c.workspace_id == workspace_id)
    found = set()
    for query in (of_files, of_runs):
        for workspace, files in connection.execute(query):
            try:
                found |= {(workspace, str(sha256)) for sha256 in read_json(files).values()}
            except StoreError:  # altered, and told of as a row
                continue
    return found


def _blobs(connection: Connection) -> Iterator[str]:
    named = named_blobs(connection)
    for row in connection.execute(select(BLOB).execution_options(yield_per=1)).mappings():
        key = f"content {row['sha256'][:12]}…"
        if (row["workspace_id"], row["sha256"]) not in named:
            yield f"{key}: was put in, no file or run names it"
            continue
        named.remove((row["workspace_id"], row["sha256"]))
        content = row["content"]
        same = hashlib.sha256(content).hexdigest() == row["sha256"]
        yield "" if same and len(content) == row["size"] else f"{key}: was altered"
    yield from (f"content {sha256[:12]}…: was removed" for _, sha256 in sorted(named))
