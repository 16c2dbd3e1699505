"""Where a store is, and the connection to it; passwords are never shown."""

import os
import re
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DBAPIError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
    TimeoutError,
)

from gainsmodel.checks import escape
from gainsmodel.errors import StoreError, StoreUnavailable
from gainsmodel.extras import needed
from gainsmodel.files import reason

VARIABLE = "GAINSMODEL_STORE"
FORMS = "allowed are postgresql+psycopg://USER:PASSWORD@HOST/DATABASE and sqlite:////FOLDER/FILE.db"
_WAIT_SECONDS = 30
# What a server is told of each connection: nobody waits, or holds a lock, for ever.
_SERVER = "-c lock_timeout=30s -c idle_in_transaction_session_timeout=60s -c client_encoding=UTF8"
# Number of the lock that writers take in PostgreSQL, one after another.
_LOCK = 208_000_000_001


def default_file() -> Path:
    """The store on this machine: in the user's data folder, as the XDG base directories have it."""
    stated = os.environ.get("XDG_DATA_HOME", "")
    try:
        base = Path(stated) if Path(stated).is_absolute() else Path.home() / ".local" / "share"
    except RuntimeError:  # a user without a home
        raise StoreError(
            f"{VARIABLE}: must be set where there is no home folder; {FORMS}"
        ) from None
    return base / "gainsmodel" / "store.db"


def parsed(url: str | None, place: str = VARIABLE) -> URL:
    """Read an address; none stated means the file on this machine.

    Raises
    ------
    StoreError
        If it is no address of a store. Says nothing of what was found, which may hold a password.
    """
    if not url:
        return URL.create("sqlite", database=str(default_file()))
    try:
        found = make_url(url)
    except (ArgumentError, ValueError):
        raise StoreError(f"{place}: is not the address of a database; {FORMS}") from None
    known = {"postgresql+psycopg": bool(found.database), "sqlite": bool(found.database)}
    if found.drivername not in known or found.database == ":memory:":
        raise StoreError(f"{place}: '{escape(found.drivername)[:40]}' cannot be used; {FORMS}")
    if not known[found.drivername] or (found.drivername == "sqlite" and found.query):
        raise StoreError(f"{place}: must name a database, and no options of SQLite; {FORMS}")
    return found


def shown(url: URL) -> str:
    """An address for people: the file, or server and database, without user and password."""
    if url.drivername == "sqlite":
        return escape(str(url.database))
    host = url.host or url.query.get("host") or "this machine"
    return escape(f"PostgreSQL on {host}{f':{url.port}' if url.port else ''}, {url.database}")


def connected(url: URL) -> Engine:
    """Make an engine, whose transactions are as a store needs them."""
    if url.drivername != "sqlite":
        needed("psycopg", "store", "A store in PostgreSQL", StoreError)
        options: dict[str, Any] = {"connect_timeout": 10, "options": _SERVER}
        options = {key: of for key, of in options.items() if key not in url.query}
        return create_engine(
            url, pool_pre_ping=True, max_overflow=15, hide_parameters=True, connect_args=options
        )
    path = Path(str(url.database))
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # Made here, so that nobody else on the machine can read it.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except (OSError, ValueError) as error:
        why = reason(error) if isinstance(error, OSError) else "not a possible file name"
        raise StoreError(f"{escape(str(path))}: cannot be opened: {why}") from None
    options = {"timeout": _WAIT_SECONDS, "isolation_level": None}
    engine = create_engine(url, max_overflow=15, hide_parameters=True, connect_args=options)
    event.listen(engine, "connect", _on_connect)
    event.listen(engine, "begin", _on_begin)
    return engine


def _on_connect(connection: Any, _: Any) -> None:
    for pragma in ("synchronous=FULL", "foreign_keys=ON", "secure_delete=ON"):
        connection.execute(f"PRAGMA {pragma}")
    # Two that open a new store at once: SQLite does not wait for this by itself.
    until = time.monotonic() + _WAIT_SECONDS
    while connection.execute("PRAGMA journal_mode").fetchone()[0] != "wal":
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)


def _on_begin(connection: Connection) -> None:
    """Take the lock before anything is read, where something is to be written."""
    writes = connection.get_execution_options().get("writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def wiped(engine: Engine) -> None:
    """Leave nothing of what was deleted in SQLite's log of writes; PostgreSQL's vacuum does so."""
    if engine.dialect.name == "sqlite":
        with closing(engine.raw_connection()) as connection:
            connection.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()


@contextmanager
def transaction(engine: Engine, *, writes: bool = False) -> Iterator[Connection]:
    """One transaction, whole or not at all; writers come one after another.

    Readers see one state of the store from beginning to end.

    Raises
    ------
    StoreUnavailable
        If the database cannot be reached, or the connection broke.
    StoreError
        If the database refuses something.
    """
    where = shown(engine.url)
    try:
        options: dict[str, Any] = {"writes": writes}
        if engine.dialect.name == "postgresql" and not writes:
            options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
        with engine.connect().execution_options(**options) as connection, connection.begin():
            if writes and engine.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            yield connection
    except DBAPIError as error:
        said = _reason(error, engine.url)
        if error.connection_invalidated or _may_pass(error):
            raise StoreUnavailable(
                f"{where}: cannot be used now: {said}; nothing is half saved; try again"
            ) from None
        raise StoreError(f"{where}: {said}") from None
    except UnicodeDecodeError:  # SQLite's message about a damaged file, which may quote it
        raise StoreError(f"{where}: is damaged") from None
    except TimeoutError:
        raise StoreUnavailable(f"{where}: is busy; nothing is half saved; try again") from None
    except SQLAlchemyError as error:
        raise StoreError(f"{where}: {type(error).__name__}") from None


def _may_pass(error: DBAPIError) -> bool:
    """Whether the same may succeed later; SQLite has one class for all faults, so by its words."""
    if isinstance(error.orig, sqlite3.Error):
        return bool(re.search("locked|busy|disk I/O|is full|unable to open", str(error.orig)))
    return isinstance(error, OperationalError | InterfaceError)


def _reason(error: DBAPIError, url: URL) -> str:
    """What the database says, in one line and without the password."""
    lines = str(error.orig).strip().splitlines() or [type(error.orig).__name__]
    said = lines[0]
    secrets = [of for key in url.query for of in url.normalized_query[key] if "password" in key]
    for secret in (*secrets, url.password):
        said = said.replace(str(secret), "…") if secret else said
    return escape(said)[:300]


def config(connection: Connection | None = None) -> Config:
    """What alembic needs to know; its migrations are a part of the package."""
    made = Config()
    made.set_main_option("script_location", "gainsmodel.store:migrations")
    made.set_main_option("path_separator", "os")
    made.attributes["connection"] = connection
    return made


def upgraded(engine: Engine) -> str:
    """Bring the tables to this version; gives its number.

    Raises
    ------
    StoreError
        If they are of a later version, or the database holds something else.
    """
    script = ScriptDirectory.from_config(config())
    head = str(script.get_current_head())
    with transaction(engine) as connection:
        found = MigrationContext.configure(connection).get_current_heads()
    if found == (head,):
        return head
    if found and found not in [(each.revision,) for each in script.walk_revisions()]:
        version = escape(str(found[0]))[:20]
        raise StoreError(
            f"{shown(engine.url)}: was made by a later gainsmodel (tables of version {version}, "
            f"this one knows {head}); install that version or a newer one"
        )
    with transaction(engine, writes=True) as connection:
        # Whoever waited for another that did it finds nothing to do.
        command.upgrade(config(connection), "head")
    return head
