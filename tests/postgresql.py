"""A PostgreSQL server of the tests' own: Debian's, in a temporary folder, on a socket alone."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any

import psycopg
import pytest

BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda of: int(of.parent.name))


def binaries() -> Path:
    """Where its programs are; without them a test fails in CI and is skipped elsewhere."""
    found = shutil.which("initdb")
    if found or BINARIES:
        return BINARIES[-1] if BINARIES else Path(found or "").resolve().parent
    if os.environ.get("CI"):
        pytest.fail("PostgreSQL is not installed; `make tools` installs it")
    pytest.skip("PostgreSQL is not installed; `make tools` installs it")


class Server:
    """A server that can be stopped and started again."""

    def __init__(self) -> None:
        self.binaries = binaries()
        # Short, since the name of a socket may have some hundred characters.
        self.folder = Path(tempfile.mkdtemp(prefix="pg", dir="/tmp"))
        self.databases = 0
        # It refuses to run as root.
        self.user: dict[str, Any] = {}
        if os.geteuid() == 0:
            self.user = {"user": "nobody", "group": "nogroup", "extra_groups": []}
            shutil.chown(self.folder, "nobody", "nogroup")
        self._call("initdb", "-D", self.data, "-U", "test", "-A", "trust", "-E", "UTF8",
                   "--locale=C.UTF-8", "--no-sync")  # fmt: skip
        with (self.folder / "data/postgresql.conf").open("a") as settings:
            settings.write(f"listen_addresses = ''\nunix_socket_directories = '{self.folder}'\n"
                           "max_connections = 150\nshared_buffers = 32MB\n")  # fmt: skip
        self.start()

    @property
    def data(self) -> str:
        return str(self.folder / "data")

    def _call(self, name: str, *words: str) -> None:
        done = subprocess.run(
            [str(self.binaries / name), *words], cwd="/", capture_output=True, text=True,
            stdin=subprocess.DEVNULL, env={"LANG": "C.UTF-8", "PATH": os.defpath}, timeout=120,
            check=False, **self.user,
        )  # fmt: skip
        assert done.returncode == 0, f"{name}: {done.stderr}{done.stdout}"

    def start(self) -> None:
        self._call("pg_ctl", "-D", self.data, "-w", "-l", str(self.folder / "log"), "start")

    def stop(self) -> None:
        """At once, as when the power fails."""
        self._call("pg_ctl", "-D", self.data, "-w", "-m", "immediate", "stop")

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self.folder)

    def database(self) -> str:
        """Make room for a store; gives its address, with a password that nothing may show.

        A schema of its own, named as its user and so found first: made sooner than a database.
        """
        self.databases += 1
        name = f"store_{self.databases}"
        where = f"host={self.folder} user=test dbname=postgres"
        with psycopg.connect(where, autocommit=True) as connection:
            connection.execute(f"CREATE ROLE {name} SUPERUSER LOGIN".encode())
            connection.execute(f"CREATE SCHEMA {name} AUTHORIZATION {name}".encode())
        return f"postgresql+psycopg://{name}:hush-hush@/postgres?host={self.folder}"
