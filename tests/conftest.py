"""What holds for every test."""

import signal

import pytest

# Ctrl-C is tested, and a shell has what it starts in the background ignore it.
signal.signal(signal.SIGINT, signal.default_int_handler)

# Files by what they take, the longest first, so that no worker ends with a long one alone. A file
# that is not named comes after these; the order changes no outcome.
LONGEST = (
    "test_screens",
    "test_batch",
    "test_optimise",
    "test_sensitivity",
    "test_validation",
    "test_report",
    "test_docs",
    "test_cli",
    "test_voi",
    "test_switching_values",
    "test_charts",
    "test_determinism",
    "test_editions",
    "test_scenario",
    "test_read_gva",
    "test_discovery",
    "test_target",
)


@pytest.fixture
def in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are read here, so that what a test puts in a module's place is used."""
    monkeypatch.setattr("gainsmodel.confined._in_worker", True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    rank = {name: number for number, name in enumerate(LONGEST)}
    items.sort(key=lambda item: rank.get(item.path.stem, len(rank)))
