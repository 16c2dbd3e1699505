"""The tables of version 0.4."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables; written out, since `tables.py` changes with later versions."""
    _table("person", "id login? name salt at", unique=["login"])
    _table("workspace", "id name at")
    _table(
        "member",
        "workspace_id person_id role",
        key=2,
        to={"workspace_id": "workspace.id", "person_id": "person.id"},
        index=["person_id"],
    )
    _table(
        "plan",
        "id workspace_id name at",
        to={"workspace_id": "workspace.id"},
        unique=["workspace_id name"],
    )
    _table(
        "revision",
        "id plan_id number# parent_id? author_id at note scenario scenario_sha256 figures_id? view "
        "idempotency_key",
        to={"plan_id": "plan.id", "author_id": "person.id"},
        unique=["plan_id number", "author_id idempotency_key"],
    )
    _table(
        "run",
        "id revision_id author_id at fingerprint data_sha256 version settings files",
        to={"revision_id": "revision.id", "author_id": "person.id"},
        unique=["revision_id fingerprint"],
        index=["revision_id"],
    )
    _table(
        "file",
        "id workspace_id kind name author_id at files",
        to={"workspace_id": "workspace.id", "author_id": "person.id"},
        unique=["workspace_id kind name"],
    )
    _table(
        "blob",
        "workspace_id sha256 size# content%",
        key=2,
        to={"workspace_id": "workspace.id"},
    )
    _table(
        "event",
        "number# workspace_id? at person_id what kind subject_id subject_sha256 details "
        "previous_sha256 sha256",
        to={"person_id": "person.id"},
        index=["workspace_id"],
    )


def _table(
    name: str,
    columns: str,
    *,
    key: int = 1,
    to: dict[str, str] | None = None,
    unique: list[str] | None = None,
    index: list[str] | None = None,
) -> None:
    """Make a table: ``?`` may be null, ``#`` is a whole number, ``%`` is bytes, all else text."""
    kinds = {"#": sa.Integer, "%": sa.LargeBinary}
    made = [
        sa.Column(
            column.rstrip("?#%"),
            kinds.get(column[-1], sa.Text)(),
            nullable=column.endswith("?"),
            autoincrement=False,
        )
        for column in columns.split()
    ]
    parts: list[sa.schema.SchemaItem] = [
        *made,
        sa.PrimaryKeyConstraint(*(column.name for column in made[:key]), name=f"pk_{name}"),
    ]
    for column, target in (to or {}).items():
        parts.append(sa.ForeignKeyConstraint([column], [target], name=f"fk_{name}_{column}"))
    for columns_of in unique or []:
        of = columns_of.split()
        parts.append(sa.UniqueConstraint(*of, name=f"uq_{name}_{'_'.join(of)}"))
    op.create_table(name, *parts)
    for column in index or []:
        op.create_index(f"ix_{name}_{column}", name, [column])
