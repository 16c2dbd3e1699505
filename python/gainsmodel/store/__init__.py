"""Plans that are kept: workspaces, revisions, runs and files in a database, and who did what.

Needs the extra ``store``; nothing here imports its packages before `open_store` is called.
"""

import os
from typing import TYPE_CHECKING

from gainsmodel.errors import StoreError
from gainsmodel.extras import needed
from gainsmodel.store.records import (
    ROLES,
    Audit,
    Event,
    File,
    Member,
    Person,
    Plan,
    Revision,
    Role,
    Run,
    Workspace,
)

if TYPE_CHECKING:
    from gainsmodel.store.store import Store

__all__ = [
    "ROLES",
    "Audit",
    "Event",
    "File",
    "Member",
    "Person",
    "Plan",
    "Revision",
    "Role",
    "Run",
    "Workspace",
    "open_store",
]


def open_store(url: str | None = None, place: str = "GAINSMODEL_STORE") -> "Store":
    """Open a store, made and brought to this version where needed.

    Parameters
    ----------
    url : str, optional
        Its address: ``postgresql+psycopg://…`` or ``sqlite:////…``. By default what the variable
        GAINSMODEL_STORE says, or else a file in the user's data folder.
    place : str
        What to call the address in messages.

    Raises
    ------
    StoreError
        If the extra is not installed, the address is none, or the store is of a later version.
    StoreUnavailable
        If the database cannot be reached.
    """
    for module in ("sqlalchemy", "alembic"):
        needed(module, "store", "A store of plans", StoreError)
    from gainsmodel.store.store import Store

    return Store(url or os.environ.get("GAINSMODEL_STORE"), place)
