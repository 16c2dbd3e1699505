"""Evidence files: what is shipped, and one error for every bad value."""

from __future__ import annotations

from pathlib import Path

import pytest

from gainsmodel.errors import EvidenceError
from gainsmodel.evidence.condition import condition
from gainsmodel.evidence.evidence_file import Evidence, load_evidence, shipped_evidence
from tests.evidence.conjugate import adoption, of_rows

GOOD = """title = "A survey"

[[adoption]]
name = "one"
technology = "ai"
year = 2026.5
share = 0.3
error = 0.02
counted = "firms"
sizes = "10+"
source = "test"
evidence = "judgement"

[[effect]]
name = "two"
technology = "ai"
effect = 0.04
error = 0.01
design = "trial"
source = "test"
evidence = "judgement"
"""


@pytest.mark.parametrize("name", shipped_evidence())
def test_shipped_evidence_is_read_and_names_every_source(name: str) -> None:
    evidence = load_evidence(name)
    for _, row in evidence.rows():
        assert row.source
        if row.evidence == "secondary":
            assert "as reported by" in row.source


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        (
            "share = 0.3",
            "share = 0.0",
            7,
            "[0].share: must be from 0.0001 to 0.9999; found 0",
        ),
        ("share = 0.3", "share = 1.2", 7, "must be from 0.0001 to 0.9999; found 1.2"),
        ("share = 0.3", "share = nan", 7, "must be"),
        ("share = 0.3", 'share = "0.3"', 7, "must be a number"),
        ("share = 0.3", "shares = 0.3", 7, "no such key; did you mean 'share'?"),
        ("error = 0.02", "error = 0", 8, "error: must be above 0 and below 0.5; found 0"),
        ("error = 0.02", "error = -0.1", 8, "must be above 0 and below 0.5; found -0.1"),
        ("year = 2026.5", "year = 1066", 6, "year: must be from 1990 to 2080; found 1066"),
        ('"firms"', '"firm"', 9, "must be 'firms', 'staff' or 'activity'; found 'firm'; did you"),
        ('"10+"', '"11+"', 10, "sizes: must be"),
        ('"trial"', '"trail"', 19, "did you mean 'trial'?"),
        ("error = 0.01", "error = 0", 18, "effect[0].error: must be"),
        ('technology = "ai"\neffect', 'technology = "ai"\nlever = "skills"\neffect', 14, "both"),
        ('name = "two"', 'name = "one"', 15, "stands twice"),
        ('title = "A survey"', "", None, "title: is missing"),
        ('title = "A survey"', "title = 3", 1, "must be text in quotes (a few words); found 3"),
        ('source = "test"\nevidence = "judgement"\n\n', 'evidence = "judgement"\n\n', 3, "source"),
    ],
)
def test_a_bad_value_gives_one_error(
    tmp_path: Path, old: str, new: str, line: int | None, says: str
) -> None:
    file = tmp_path / "survey.toml"
    assert old in GOOD
    file.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(EvidenceError) as caught:
        load_evidence(file)
    told = str(caught.value)
    assert says in told
    assert told.startswith(f"{file}" + (f", line {line}: " if line else ""))
    # A misspelt key is also a missing one.
    assert "\n" not in told or "no such key" in told


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        (
            'technology = "ai"\nyear',
            'technology = "al"\nyear',
            5,
            "no such technology: 'al'; there are: ecommerce, cloud, systems, ai",
        ),
        ('name = "one"', 'name = "one"\nplace = "Greater Manchster"', 5, "Greater Manchester"),
        ('technology = "ai"\neffect', 'lever = "skill"\neffect', 16, "did you mean 'skills'?"),
        ('technology = "ai"\neffect', 'lever = "leadership"\neffect', 16, "only brings adoption"),
        ('"firms"', '"staff"', 10, 'must be "all" where staff are counted'),
        ("year = 2026.5", "year = 2079", 6, "at most 40 years after the start; found 2079"),
    ],
)
def test_what_a_scenario_does_not_have_is_told_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, says: str
) -> None:
    file = tmp_path / "survey.toml"
    file.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(EvidenceError) as caught:
        condition("reference", file)
    assert f"survey.toml, line {line}: " in str(caught.value)
    assert says in str(caught.value)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty; begin with title"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b"title = ", "line 1"),
        (b'title = "x"', "has no row; state one under [[adoption]] or [[effect]]"),
        (b"x" * 1_000_001, "is too large"),
    ],
)
def test_a_file_that_is_none_gives_one_error(tmp_path: Path, content: bytes, says: str) -> None:
    file = tmp_path / "survey.toml"
    file.write_bytes(content)
    with pytest.raises(EvidenceError, match=r"survey\.toml") as caught:
        load_evidence(file)
    assert says in str(caught.value)


def test_a_file_that_is_not_there_is_told_with_those_that_are_shipped(tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match=r"no such file.*bics_ai"):
        load_evidence(tmp_path / "no.toml")
    with pytest.raises(EvidenceError, match="is a directory; name an evidence file in it"):
        load_evidence(tmp_path)


def test_all_rows_held_out_leave_nothing_to_learn_from() -> None:
    with pytest.raises(EvidenceError, match="all are held out"):
        of_rows(adoption(held_out=True))


def test_evidence_is_known_by_what_it_states() -> None:
    one, same, other = (of_rows(adoption(share=share)) for share in (0.3, 0.3, 0.31))
    assert one.sha256 == same.sha256 != other.sha256
    assert Evidence.from_dict(one.to_dict()) == one
