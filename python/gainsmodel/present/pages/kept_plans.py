"""Plans that are kept: which there are, what changed, who did what, and whether all of it holds."""

from collections.abc import Iterator, Mapping, Sequence

from gainsmodel.present.blocks import Block, Code, Grid, Points, Words
from gainsmodel.store import Audit, Event, Plan, Revision, Workspace

NONE = "No plans are kept yet. 'gainsmodel store save SCENARIO --name NAME' keeps one."
NO_CHANGE = "nothing"


def time(at: str) -> str:
    """A time as it is kept, to the minute."""
    return f"{at[:16].replace('T', ' ')} UTC"


def plans(found: Sequence[tuple[Workspace, Sequence[Plan]]]) -> Iterator[Block]:
    """List the plans of each workspace."""
    rows = [
        [plan.name, workspace.name, str(plan.last.number), plan.last.author, time(plan.last.at)]
        for workspace, listed in found
        for plan in listed
    ]
    if not rows:
        yield Words(NONE)
        return
    headings = ["Plan", "Workspace", "Revision", "Saved by", "When"]
    yield Grid("", headings, rows, left=(0, 1, 3, 4))


def history(revisions: Sequence[Revision], changes: Mapping[str, Sequence[str]]) -> Iterator[Block]:
    """List the revisions of a plan; `changes` says by a revision's key what it changed."""
    rows = [
        [
            str(of.number),
            of.author,
            time(of.at),
            of.note,
            "; ".join(changes.get(of.id, ())) or NO_CHANGE if of.parent_id else "first revision",
        ]
        for of in revisions
    ]
    headings = ["Revision", "Saved by", "When", "Note", "What changed"]
    yield Grid("", headings, rows, left=(1, 2, 3, 4))


def changed(before: Revision, after: Revision, changes: Sequence[str]) -> Iterator[Block]:
    """Say what differs between two revisions."""
    if not changes:
        yield Words(f"Revisions {before.number} and {after.number} are the same.")
        return
    yield Words(f"From revision {before.number} to revision {after.number}:", "lead")
    yield Points(changes)


def events(found: Sequence[Event]) -> Iterator[Block]:
    """List who did what."""
    if not found:
        yield Words("Nothing has happened yet.")
        return
    rows = [[str(of.number), time(of.at), of.person, of.what, _subject(of)] for of in found]
    yield Grid("", ["Event", "When", "Who", "Did", "What"], rows, left=(1, 2, 3, 4))


def _subject(event: Event) -> str:
    told = [str(event.details[key]) for key in ("name", "role") if key in event.details]
    if "number" in event.details:
        told.append(f"number {event.details['number']}")
    return ", ".join([event.kind, *told])


def status(where: str, schema: str, counts: Mapping[str, int], anchor: str) -> Iterator[Block]:
    """Say where a store is and how much it holds."""
    yield Words(where, "lead")
    yield Points(
        [
            f"version of the tables: {schema}",
            *(f"{kind}s: {number:,}" for kind, number in counts.items()),
            f"anchor: {anchor}",
        ]
    )


def audited(audit: Audit) -> Iterator[Block]:
    """Say what was checked, and each thing that is not as it was written."""
    if audit.wrong:
        yield Points(audit.wrong)
        return
    yield Words(
        f"{audit.events:,} events follow from one another, and all {audit.rows:,} rows are as "
        "they say."
    )
    yield Words("To show later that nothing before this was removed, keep this line elsewhere:")
    yield Code([audit.anchor])
