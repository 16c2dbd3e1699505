"""Results, and outcomes of the core, pass through pickle unchanged; damage is refused in words."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import json
import multiprocessing
import pickle
import random
import shutil
import subprocess
import sys
import zlib
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from operator import attrgetter, methodcaller
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import gainsmodel
from gainsmodel import PairedResult, Result, _core, errors
from gainsmodel.data import Dataset, save_dataset
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


# ---------------------------------------------------------------- results

TABLES = ("areas", "groups", "years", "sectors", "adoption", "statistics")
WALES = "Wales"


def own_figures() -> Dataset:
    solent = {"Portsmouth": "The Solent", "Southampton": "The Solent"}
    return gainsmodel.aggregate("local_authority", solent, name="The Solent")


def pair_of(kind: str, folder: Path) -> PairedResult:
    """A plan and its reference: on the built-in figures, or as a file names its own."""
    if kind == "built-in":
        return gainsmodel.run_paired("skills_first", draws=40, detail=WALES)
    save_dataset(own_figures(), folder / "solent")
    scenario = folder / "plan.toml"
    scenario.write_text(
        'extends = "reference"\ndata = "solent"\nsetting.geography = "own"\n'
        "plan.Wales.skills = 1.0\n"
    )
    return gainsmodel.run_paired(scenario, draws=40, detail=WALES)


def told(result: Result) -> list[Any]:
    """Everything a result answers, to the last bit."""
    tables = [result.table(name) for name in TABLES]
    tables += [result.draws(), result.draws("displacement"), result.inputs(WALES)]
    tables += [result.draws("adoption_by_technology_and_year")]
    names, numbers = result.standard_normals()
    return [
        *(table.schema for table in tables),
        *(table.serialize() for table in [*tables, names]),
        numbers.tobytes(),
        json.dumps(result.manifest),
        repr(result),
        result.scenario.to_dict(),
        result.scenario.data,
        result.dataset.hashes,
        result.dataset.gva_gbp_m.tobytes(),
        result.codes,
        result.seconds,
    ]


@pytest.fixture(scope="module", params=["built-in", "own"])
def pair(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> PairedResult:
    return pair_of(request.param, tmp_path_factory.mktemp("figures"))


@pytest.fixture(scope="module")
def worker() -> Iterator[ProcessPoolExecutor]:
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        yield pool


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_results_and_what_they_ran_on_pass_through_pickle(
    pair: PairedResult, protocol: int
) -> None:
    again = pickle.loads(pickle.dumps(pair, protocol))
    assert [told(result) for result in again] == [told(result) for result in pair]
    assert again.added().equals(pair.added())
    assert again.only_plans_differ
    for part in (pair.with_plan, pair.scenario, pair.dataset):
        assert type(pickle.loads(pickle.dumps(part, protocol))) is type(part)
    scenario = pickle.loads(pickle.dumps(pair.scenario, protocol))
    assert (scenario, scenario.data) == (pair.scenario, pair.scenario.data)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_results_and_what_they_ran_on_are_copied(pair: PairedResult, copied: Any) -> None:
    again = copied(pair)
    assert [told(result) for result in again] == [told(result) for result in pair]
    scenario, dataset = copied(pair.scenario), copied(pair.dataset)
    assert (scenario, scenario.data) == (pair.scenario, pair.scenario.data)
    for figures in (dataset, again.dataset):
        assert figures.hashes == pair.dataset.hashes
        assert not figures.gva_gbp_m.flags.writeable
        assert figures.resolve(WALES) == pair.dataset.resolve(WALES)


def test_results_travel_to_a_worker_and_back(
    pair: PairedResult, worker: ProcessPoolExecutor
) -> None:
    asked = {
        "added": worker.submit(methodcaller("added"), pair),
        "npv": worker.submit(methodcaller("net_present_value", WALES), pair),
        "inputs": worker.submit(methodcaller("inputs", WALES), pair.with_plan),
        "without": worker.submit(attrgetter("without"), pair),
        "places": worker.submit(methodcaller("resolve", WALES), pair.dataset),
    }
    got = {name: future.result(120) for name, future in asked.items()}
    assert got["added"].equals(pair.added())
    assert got["npv"].equals(pair.net_present_value(WALES))
    assert got["inputs"].equals(pair.with_plan.inputs(WALES))
    assert told(got["without"]) == told(pair.without)
    assert got["places"] == pair.dataset.resolve(WALES)


def test_a_worker_runs_a_scenario_on_its_own_figures(
    pair: PairedResult, worker: ProcessPoolExecutor
) -> None:
    run = worker.submit(gainsmodel.run, pair.scenario, draws=40, detail=WALES).result(120)
    timed = len(told(run)) - 1
    assert told(run)[:timed] == told(pair.with_plan)[:timed]


def test_a_result_too_long_to_keep_draws_passes_through_pickle(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("gainsmodel.simulation.run.DRAWS_IN_MEMORY_BYTES", 0)
    long = gainsmodel.run("reference", draws=200)
    again = pickle.loads(pickle.dumps(long))
    assert again.statistics().equals(long.statistics())
    assert again.inputs(WALES).equals(long.inputs(WALES))
    assert not again.holds_draws


def test_a_loaded_result_needs_no_figures_again(pair: PairedResult, tmp_path: Path) -> None:
    back = PairedResult(
        *(Result.load(r.save(tmp_path / str(i), draws=True)) for i, r in enumerate(pair))
    )
    for loaded in (back, pickle.loads(pickle.dumps(back))):
        assert loaded.dataset.hashes == pair.dataset.hashes
        assert loaded.dataset.gva_gbp_m.tobytes() == pair.dataset.gva_gbp_m.tobytes()
        assert loaded.net_present_value(WALES).equals(pair.net_present_value(WALES))
        assert gainsmodel.appraise(loaded).equals(gainsmodel.appraise(pair))
    assert told(gainsmodel.replay(tmp_path / "0"))[:10] == told(pair.with_plan)[:10]
    # As results on own figures were saved before: without them, and bound by no hashes.
    shutil.rmtree(tmp_path / "0" / "figures", ignore_errors=True)
    file = tmp_path / "0" / "manifest.json"
    manifest = json.loads(file.read_text("utf-8")) | {"manifest_version": 1}
    file.write_text(json.dumps({k: v for k, v in manifest.items() if k not in ("files", "sha256")}))
    with pytest.warns(UserWarning, match="kept no hashes"):
        bare = Result.load(tmp_path / "0")
    assert bare.areas().equals(pair.with_plan.areas())
    assert bare.on(pair.dataset).dataset is pair.dataset
    if pair.dataset.own_name is not None:
        with pytest.raises(errors.ResultError, match="The Solent; pass them with dataset="):
            _ = bare.dataset
