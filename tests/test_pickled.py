"""Outcomes of the core pass through pickle unchanged, and damaged ones are refused in words."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import json
import pickle
import random
import subprocess
import sys
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gainsmodel
from gainsmodel import _core, errors
from toy import run_core, toy_data, toy_spec

HEADER = f"gainsmodel outcome {_core.build_info()['version']}\n".encode()
WEIGHTS = (np.ones(4), np.ones(3))


def outcome(**how: Any) -> Any:
    spec = toy_spec() | {"draws": 150, "sampler": "sobol", "detail": [1, 2]}
    return run_core(spec, toy_data(spec, 0.5), **how).outcome


def joined(**how: Any) -> Any:
    spec = toy_spec() | {"draws": _core.span() + 40}
    pieces = _core.Pieces()
    for piece in ((0, _core.span()), (_core.span(), spec["draws"])):
        handle = _core.start(
            json.dumps(spec), **toy_data(spec), double=False, threads=None, piece=piece, **how
        )
        assert handle.wait(60)
        pieces.add(handle.piece())
    return pieces.outcomes(None)[0]


def answers(of: Any) -> list[Any]:
    """Everything an outcome answers, numbers as bytes."""
    said: list[Any] = [of.layout(), of.seconds(), of.statistics().tobytes()]
    draws = of.draws(list(range(of.layout()["share_above_gva"])))
    said += [draws.dtype, draws.shape, draws.tobytes()]
    for ask in (of.numbers, lambda: of.inputs(*WEIGHTS)):
        try:
            names, values = ask()
            said += [names, values.dtype, values.shape, values.tobytes()]
        except errors.CoreError as error:
            said.append(str(error))
    return said


KINDS = {
    "double": lambda: outcome(double=True),
    "single": lambda: outcome(double=False),
    "counts only": lambda: outcome(double=False, draws_in_memory=1),
    "joined": lambda: joined(draws_in_memory=1 << 30),
    "joined, counts only": lambda: joined(draws_in_memory=1),
}


@pytest.mark.parametrize("kind", KINDS)
def test_an_outcome_from_pickle_answers_as_the_first_did(kind: str) -> None:
    first = KINDS[kind]()
    pickled = pickle.dumps(first)
    again = pickle.loads(pickled)
    assert type(again) is _core.RunOutcome
    assert again is not first
    assert answers(again) == answers(first)
    assert pickle.dumps(again) == pickled
    for protocol in range(pickle.HIGHEST_PROTOCOL + 1):
        assert answers(pickle.loads(pickle.dumps(first, protocol))) == answers(first)
    assert answers(copy.deepcopy([first])[0]) == answers(first)
    assert answers(copy.copy(first)) == answers(first)
    if "joined" in kind:
        assert any("joined from pieces" in str(said) for said in answers(again))


def test_draws_take_the_room_they_need_and_counts_none() -> None:
    kept, counted = outcome(double=False), outcome(double=False, draws_in_memory=1)
    draws = kept.draws(list(range(kept.layout()["share_above_gva"])))
    # Draws are held in whole chunks of 128.
    assert len(pickle.dumps(kept)) < draws.nbytes / 150 * 256 + 100_000
    assert len(pickle.dumps(counted)) < 100_000


def test_an_outcome_passes_to_another_process(tmp_path: Path) -> None:
    first = outcome(double=True)
    (tmp_path / "outcome").write_bytes(pickle.dumps(first))
    script = (
        "import hashlib, pickle, sys; o = pickle.load(open(sys.argv[1], 'rb'));"
        "print(hashlib.sha256(o.statistics().tobytes() + o.numbers()[1].tobytes()).hexdigest())"
    )
    command = [sys.executable, "-c", script, str(tmp_path / "outcome")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60)
    mine = hashlib.sha256(first.statistics().tobytes() + first.numbers()[1].tobytes())
    assert done.stdout.strip() == mine.hexdigest()


# ---------------------------------------------------------------- damage


def state(of: Any) -> bytes:
    _, (bytes_,) = of.__reduce__()
    assert bytes_.startswith(HEADER)
    return bytes_


def sealed(rest: bytes) -> bytes:
    """Bytes with the checksum that belongs to them, as only malice would make them."""
    return HEADER + zlib.crc32(rest).to_bytes(4, "little") + rest


def test_damaged_bytes_are_refused_in_words() -> None:
    whole = state(outcome(double=False))
    draw = random.Random(3)
    bad = [b"", b"\x00" * 100, whole[:-1], whole + b"\x00", whole[1:]]
    bad += [whole[: draw.randrange(len(whole))] for _ in range(50)]
    for _ in range(200):
        at = draw.randrange(len(whole))
        bad.append(whole[:at] + bytes([whole[at] ^ 1 << draw.randrange(8)]) + whole[at + 1 :])
    for damaged in bad:
        with pytest.raises(errors.ResultError, match="pickled outcome: is"):
            _core.RunOutcome(damaged)


def test_bytes_of_another_version_are_told_from_damage() -> None:
    whole = state(outcome(double=False))
    other = b"gainsmodel outcome 0.0.1\n" + whole[len(HEADER) :]
    with pytest.raises(errors.ResultError, match="another version of gainsmodel"):
        _core.RunOutcome(other)


def test_damage_with_a_right_checksum_never_brings_the_process_down() -> None:
    """An outcome that is accepted answers; any other is refused."""
    for made in (outcome(double=True), outcome(double=False, draws_in_memory=1)):
        rest = state(made)[len(HEADER) + 4 :]
        draw = random.Random(4)
        # The layout comes first, parameters and figures last; most of the rest are draws.
        places = [*range(40), *range(len(rest) - 6_000, len(rest), 61)]
        places += [draw.randrange(len(rest)) for _ in range(30)]
        for at in places:
            for value in (0xFF, draw.randrange(256)):
                changed = rest[:at] + bytes([value]) + rest[at + 1 :]
                with contextlib.suppress(errors.GainsModelError):
                    answers(_core.RunOutcome(sealed(changed)))
        for length in [*range(40), *(draw.randrange(len(rest)) for _ in range(100))]:
            with pytest.raises(errors.ResultError):
                _core.RunOutcome(sealed(rest[:length]))


def test_lengths_that_are_not_there_take_no_room() -> None:
    """A count of 2⁶³ in place of a small one is an end too early, not an allocation."""
    rest = state(outcome(double=True))[len(HEADER) + 4 :]
    huge = b"\xff" * 9 + b"\x01"
    for at in range(60):
        with pytest.raises(errors.ResultError):
            _core.RunOutcome(sealed(rest[:at] + huge + rest[at + 1 :]))
        with pytest.raises(errors.ResultError):
            _core.RunOutcome(sealed(rest[:at] + huge))


def test_parts_of_two_outcomes_do_not_go_together() -> None:
    one = run_core(toy_spec(), toy_data(toy_spec())).outcome
    spec = toy_spec() | {"draws": 65}
    other = run_core(spec, toy_data(spec)).outcome
    texts = [b'"draws":64', b'"draws":65']
    rest = state(one)[len(HEADER) + 4 :]
    assert rest.count(texts[0]) == 1
    assert state(other).count(texts[1]) == 1
    with pytest.raises(errors.ResultError, match="do not fit together"):
        _core.RunOutcome(sealed(rest.replace(*texts)))


def test_a_shipped_run_passes_through_pickle() -> None:
    result = gainsmodel.run("reference", draws=64)
    first = result._kept._outcome  # type: ignore[union-attr]
    again = pickle.loads(pickle.dumps(first))
    assert again.statistics().tobytes() == first.statistics().tobytes()
