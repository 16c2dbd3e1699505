"""Every kind of input that people may hand in: how one is damaged, and how it is read."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import random
import re
import shutil
import sqlite3
import tempfile
import warnings
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import mutation
import numpy as np
import polars as pl
from workbooks import ods, xls

import gainsmodel
from app.choice import start
from app.link import from_query, to_query
from gainsmodel.data import save_dataset
from gainsmodel.evidence.observation import covariance, observations
from gainsmodel.simulation.replay import start_again
from gainsmodel.store import open_store
from in_process import run_here
from team import Team

ROOT = Path(__file__).parents[2]
Files = dict[str, bytes]


@dataclass(frozen=True)
class Kind:
    """A kind of input.

    Attributes
    ----------
    make : callable
        Damage a good one, by seed: the files of an input, by name.
    read : callable
        Read what stands in a folder, and use what it gives.
    """

    make: Callable[[random.Random], Files]
    read: Callable[[Path], None]


def scenario(rng: random.Random) -> Files:
    return {"x.toml": mutation.in_toml(_text(rng, "scenarios/*.toml"), rng).encode()}


def read_scenario(folder: Path) -> None:
    loaded = gainsmodel.parse_scenario((folder / "x.toml").read_bytes(), "x.toml")
    gainsmodel.to_toml(loaded)
    if loaded.setting.geography == "mayoral":
        finite(gainsmodel.run(loaded, draws=32, threads=1))


def finite(result: gainsmodel.Result) -> None:
    """See that no number a run gives is infinite, or missing where it must not be."""
    for name in ("areas", "groups", "years", "adoption"):
        table = getattr(result, name)()
        for column in table.select(pl.col(pl.Float64)):
            values = column.drop_nulls().to_numpy()
            assert np.isfinite(values).all(), (name, column.name)
    assert result.years()["gain_gbp_m_mean"].null_count() == 0


@cache
def _texts(pattern: str) -> list[str]:
    return [path.read_text("utf-8") for path in sorted(ROOT.glob(pattern))]


def _text(rng: random.Random, pattern: str) -> str:
    return rng.choice(_texts(pattern))


AXES = (
    '[[vary]]\nkind = "list"\nkey = "prize.value"\nvalues = [100.0, 200.0]\n',
    '[[vary]]\nkind = "range"\nkey = "parameters.imitation.value"\nlow = 0.1\nhigh = 0.9\n'
    "steps = 5\n",
    '[[vary]]\nkind = "csv"\nfile = "table.csv"\n',
    '[[vary]]\nkind = "areas"\nareas = ["Greater Manchester"]\nplan = { skills = 1.0 }\n',
    '[[vary]]\nkind = "latin_hypercube"\nsamples = 5\nseed = 1\n\n[vary.between]\n'
    '"parameters.lag_years.value" = [1.1, 5.6]\n',
)
TABLE = "parameters.growth_nation.value,setting.curve\n0.01,bass\n0.02,gompertz\n"


def sweep(rng: random.Random) -> Files:
    axes = rng.sample(AXES, rng.randrange(1, 4))
    text = 'base = "reference"\n\n[settings]\ndraws = 100\n\n' + "\n".join(axes)
    table = TABLE
    if rng.random() < 0.8:
        text = mutation.in_toml(text, rng)
    else:
        table = mutation.in_text(table, rng)
    return {"x.toml": text.encode(), "table.csv": table.encode(errors="replace")}


def read_sweep(folder: Path) -> None:
    loaded = gainsmodel.load_sweep(folder / "x.toml")
    assert 0 < len(loaded) <= 1_000_000
    with contextlib.suppress(gainsmodel.ScenarioError):
        loaded.scenario(len(loaded) - 1)
    if len(loaded) < 1_000:
        loaded.sha256()


def evidence(rng: random.Random) -> Files:
    text = _text(rng, "python/gainsmodel/evidence/shipped/*.toml")
    return {"x.toml": mutation.in_toml(text, rng).encode(errors="replace")}


def read_evidence(folder: Path) -> None:
    loaded = gainsmodel.load_evidence(folder / "x.toml")
    of = observations(
        gainsmodel.load_scenario("reference"), gainsmodel.load_dataset("mayoral"), loaded
    )
    errors = covariance(of)
    assert np.isfinite(errors).all()
    assert np.isfinite([one.value for one in of]).all()
    # Weighing needs a root of them.
    np.linalg.cholesky(errors)


@cache
def results() -> list[gainsmodel.Result]:
    options: dict[str, Any] = {"draws": 32, "threads": 1}
    own = gainsmodel.read_gva(itl1("csv"), "itl1", name="own.csv")
    return [
        gainsmodel.run("skills_first", detail="Greater Manchester", **options),
        gainsmodel.run("reference", geography="itl1", dataset=own, **options),
    ]


def manifest(rng: random.Random) -> Files:
    tree = dict(rng.choice(results()).manifest)
    if rng.random() < 0.2:
        tree |= {"variation": {"reseeded": {"parameters": ["ceiling"], "seed": 3}}}
        tree |= {"sampler": "random"}
    return {"manifest.json": mutation.in_json(tree, rng)}


def read_manifest(folder: Path) -> None:
    with warnings.catch_warnings():
        # That it is of another version is what a mutation may have made of it.
        warnings.simplefilter("ignore", UserWarning)
        run = start_again(folder / "manifest.json", threads=1)
    if run._settings.draws > 1_000 or len(run.dataset.areas) > 50:
        run.cancel()
    else:
        finite(run.result())


@cache
def saved_result(number: int) -> Files:
    return _saved(lambda folder: results()[number].save(folder, draws=True))


def _saved(save: Callable[[Path], Any]) -> Files:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        kept = Path(folder) / "x"
        save(kept)
        files = sorted(path for path in kept.rglob("*") if path.is_file())
        return {str(path.relative_to(kept)): path.read_bytes() for path in files}


def result(rng: random.Random) -> Files:
    files = dict(saved_result(rng.randrange(2)))
    name = rng.choice([*files, "manifest.json"])
    match rng.randrange(5):
        case 0:
            del files[name]
        case 1:
            files[name] = files[rng.choice([*files])]
        case _ if name == "manifest.json":
            files[name] = mutation.in_json(json.loads(files[name]), rng)
        case _ if name.endswith(".parquet"):
            files[name] = mutation.in_parquet(files[name], rng)
        case _:
            files[name] = mutation.damaged(files[name], rng)
    return files


def read_result(folder: Path) -> None:
    loaded = gainsmodel.Result.load(folder)
    for table in (loaded.areas, loaded.groups, loaded.years, loaded.sectors, loaded.adoption):
        table().head(3).rows()
    loaded.draws("share").sum()
    loaded.describe()
    loaded.to_dict()


@cache
def own_folder() -> Files:
    own = gainsmodel.read_gva(itl1("csv"), "itl1", name="own.csv")
    return _saved(lambda folder: save_dataset(own, folder))


def own(rng: random.Random) -> Files:
    files = dict(own_folder())
    name = rng.choice([*files])
    text = files[name].decode()
    change = mutation.in_text if name.endswith(".csv") else mutation.in_toml
    files[name] = change(text, rng).encode(errors="replace")
    if name != "hashes.toml" and rng.random() < 0.8:
        # Whoever edits a file on purpose can state its hash, too.
        stated = files["hashes.toml"].decode()
        old = hashlib.sha256(own_folder()[name]).hexdigest()
        new = hashlib.sha256(files[name]).hexdigest()
        files["hashes.toml"] = stated.replace(old, new).encode()
    elif rng.random() < 0.1:
        del files[name]
    return files


def read_own(folder: Path) -> None:
    using(gainsmodel.read_gva(folder, None))


def using(dataset: gainsmodel.Dataset) -> None:
    assert np.isfinite(dataset.gva_gbp_m).all()
    assert dataset.notes is not None


@cache
def itl1(kind: Any) -> bytes:
    return gainsmodel.gva_template("itl1", kind, filled=True)


@cache
def long_table() -> str:
    rows = csv_rows()
    return "\n".join(
        ["area_code,sector,gva_gbp_m"]
        + [
            f"{row[0]},{s},{v}"
            for row in rows[1:]
            for s, v in zip(rows[0][2:], row[2:], strict=True)
        ]
    )


def csv_rows() -> list[list[str]]:
    return [line.split(",") for line in itl1("csv").decode().splitlines()]


def table(rng: random.Random) -> Files:
    text = rng.choice((itl1("csv").decode(), long_table()))
    return {"x.csv": mutation.in_text(text, rng).encode(errors="replace")}


def xlsx(rng: random.Random) -> Files:
    return {"x.xlsx": mutation.in_zip(itl1("xlsx"), lambda *of: mutation.in_xml(*of, rng), rng)}


def open_document(rng: random.Random) -> Files:
    return {"x.ods": mutation.in_zip(_ods(), lambda *of: mutation.in_xml(*of, rng), rng)}


@cache
def _ods() -> bytes:
    return ods(csv_rows())


@cache
def _xls() -> bytes:
    return xls(csv_rows())


def old_excel(rng: random.Random) -> Files:
    return {"x.xls": mutation.damaged(_xls(), rng)}


@cache
def _parquets() -> list[bytes]:
    frame = pl.read_csv(itl1("csv"))
    long = pl.read_csv(long_table().encode())
    out = []
    for each in (frame, long):
        for compression in ("zstd", "snappy", "uncompressed"):
            buffer = io.BytesIO()
            each.write_parquet(buffer, compression=compression)  # type: ignore[arg-type]
            out.append(buffer.getvalue())
    return out


def parquet(rng: random.Random) -> Files:
    return {"x.parquet": mutation.in_parquet(rng.choice(_parquets()), rng)}


def read_table(folder: Path) -> None:
    (path,) = folder.iterdir()
    using(gainsmodel.read_gva(path.read_bytes(), None, name=path.name))


def link(rng: random.Random) -> Files:
    choice = start().move("skills", intensity=0.5).edit({"parameters.imitation.value": 0.5})
    query: dict[str, Any] = to_query(choice)
    name = rng.choice([*query, "changes", "changes", "skills_when"])
    if name == "changes":
        changes = {
            "parameters": {"ceiling": {"value": 0.5, "spread": {"nation": 0.2}}},
            "plan": {"Greater Manchester": {"skills": {"intensity": 0.5, "start_years": 1}}},
            "prize": {"value": 100.0},
            "levers": {"skills": {"cost_gbp_per_head_per_year": {"value": 3.0}}},
        }
        query[name] = mutation.in_json(changes, rng).decode(errors="replace")
    else:
        strange = (*mutation.NUMBERS, "", "own", "all", "1,2", "nan,nan", "1e400,1", "\x00", "‮")
        query[name] = rng.choice((*strange, "٣", "²", str(query.get(name, ""))[::-1]))
    return {"query.json": json.dumps(query).encode()}


def read_link(folder: Path) -> None:
    choice, notices = from_query(json.loads((folder / "query.json").read_bytes()))
    assert choice.settings is not None
    for notice in notices:
        assert re.fullmatch(r"[^\x00-\x08\x0b-\x1f\x7f]*", notice), notice
        assert len(notice) < 2_000
    if choice.scenario.setting.geography == "mayoral":
        finite(gainsmodel.run(choice.scenario, draws=32, threads=1))


NOT_NUMBERS = (
    "-1",
    "0",
    "1e400",
    str(10**100),
    "nan",
    "",
    "1.5",
    "٣",
    "0x10",
    "x" * 500,
    "²",
    "\ud800",
)
OPTIONS = {
    **dict.fromkeys(
        ("--draws", "--seed", "--threads", "--year"), (*NOT_NUMBERS, mutation.DIGITS[:4_000])
    ),
    **dict.fromkeys(
        ("--geography", "--sampler", "--precision", "--area", "--data", "--out", "--sheet"),
        ("", "x", "own", "/dev/null", "a" * 500, "\x1b[31m", "\udcff", "-", "/", "."),
    ),
}
VERBS = {
    "run": "--draws --seed --threads --year --geography --sampler --precision --area --data",
    "appraise": "--draws --seed --threads --geography --sampler --area --data",
    "sensitivity": "--draws --seed --threads --area --data",
    "voi": "--draws --seed --threads --area --data",
    "validate": "--data",
    "batch": "--workers --threads --draws-per-piece --executor --data --year",
    "target": "--gain --share --draws --seed --probability",
}


def command(rng: random.Random) -> Files:
    verb = rng.choice([*VERBS])
    option = rng.choice(VERBS[verb].split())
    value = rng.choice(OPTIONS.get(option, NOT_NUMBERS))
    subject = ["scenarios/sweeps/every_area_in_turn.toml", "--dry-run"] if verb == "batch" else []
    subject = subject or [
        rng.choice(("skills_first", "skills_first", "x" * 300, "/", "", "\udcff"))
    ]
    small = ["--draws", "16"] if verb != "validate" and "--draws" in VERBS[verb] else []
    words = [verb, *subject, *(small if option != "--draws" else []), f"{option}={value}"]
    if rng.random() < 0.1:
        spoken = mutation.damaged(f"validate {value}".encode(errors="replace"), rng)
        words = spoken.decode(errors="replace").replace("\0", "").split()
    return {"words.json": json.dumps(words).encode()}


def read_command(folder: Path) -> None:
    words = json.loads((folder / "words.json").read_bytes())
    if words[:1] == ["batch"] and "--dry-run" not in words:
        words = words[:1]
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run_here(words)
    assert code in (0, 2), code
    if code == 2:
        text = err.getvalue()
        assert "Traceback" not in text
        assert len(text) < 3_000, text[:300]
        assert len(re.findall("^error: |^ *Usage: ", text + out.getvalue(), re.MULTILINE)) == 1, (
            text
        )


@cache
def kept() -> bytes:
    """A store with something in every table."""
    with tempfile.TemporaryDirectory() as folder:
        store = open_store(f"sqlite:///{folder}/x.db")
        team = Team(store, gainsmodel.load_scenario("skills_first"))
        store.keep_file(team.editor, team.workspace, "Survey", b"a,b")
        store.add_run(team.editor, team.first.id, gainsmodel.run("skills_first", draws=64))
        store.backup(Path(folder) / "backup.db")
        store.close()
        return (Path(folder) / "backup.db").read_bytes()


def store(rng: random.Random) -> Files:
    if rng.random() < 0.5:
        return {"x.db": mutation.damaged(kept(), rng)}
    with contextlib.closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(kept())
        database.execute("PRAGMA writable_schema = ON")
        database.execute("DELETE FROM sqlite_master WHERE type = 'trigger'")
        tables = [name for (name,) in database.execute("SELECT name FROM sqlite_master "
                                                       "WHERE type = 'table'")]  # fmt: skip
        table = rng.choice(tables)
        columns = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
        # Whatever a cell may hold, put there by somebody who knows how.
        strange = (
            0,
            -1,
            2**62,
            1e308,
            0.5,
            "",
            "x",
            "[]",
            "{",
            "\x1b[2J",
            b"\xff\0",
            b"",
            "a" * 9_000,
        )
        with contextlib.suppress(sqlite3.Error):
            database.execute(f"UPDATE {table} SET {rng.choice(columns)} = ?", [rng.choice(strange)])
        database.commit()
        return {"x.db": database.serialize()}


def read_store(folder: Path) -> None:
    with contextlib.closing(open_store(f"sqlite:///{folder}/x.db")) as opened:
        audit = opened.verify()
        assert all(sentence.isprintable() for sentence in audit.wrong), audit.wrong
        person = opened.find_person("login-owner")
        for workspace in opened.workspaces(person.id) if person else ():
            for plan in opened.plans(person.id, workspace.id):
                opened.revisions(person.id, plan.id)
                opened.runs(person.id, plan.last.id)
            opened.events(person.id, workspace.id)
            for file in opened.files(person.id, workspace.id):
                opened.file(person.id, file.id)


KINDS = {
    "scenario": Kind(scenario, read_scenario),
    "sweep": Kind(sweep, read_sweep),
    "evidence": Kind(evidence, read_evidence),
    "manifest": Kind(manifest, read_manifest),
    "result": Kind(result, read_result),
    "own": Kind(own, read_own),
    "csv": Kind(table, read_table),
    "xlsx": Kind(xlsx, read_table),
    "ods": Kind(open_document, read_table),
    "xls": Kind(old_excel, read_table),
    "parquet": Kind(parquet, read_table),
    "link": Kind(link, read_link),
    "command": Kind(command, read_command),
    "store": Kind(store, read_store),
}


def good(kind: str) -> Files:
    """An input of a kind as it should be."""
    whole: dict[str, Callable[[], Files]] = {
        "scenario": lambda: {"x.toml": (ROOT / "scenarios/reference.toml").read_bytes()},
        "sweep": lambda: {
            "x.toml": f'base = "reference"\n{"".join(AXES)}'.encode(),
            "table.csv": TABLE.encode(),
        },
        "evidence": lambda: {
            "x.toml": gainsmodel.shipped_evidence()["programmes"].read_bytes(),
        },
        "manifest": lambda: {"manifest.json": json.dumps(results()[0].manifest).encode()},
        "result": lambda: saved_result(0),
        "own": own_folder,
        "csv": lambda: {"x.csv": itl1("csv")},
        "xlsx": lambda: {"x.xlsx": itl1("xlsx")},
        "ods": lambda: {"x.ods": _ods()},
        "xls": lambda: {"x.xls": _xls()},
        "parquet": lambda: {"x.parquet": _parquets()[0]},
        "link": lambda: {"query.json": json.dumps(to_query(start())).encode()},
        "command": lambda: {"words.json": b'["validate", "reference"]'},
        "store": lambda: {"x.db": kept()},
    }
    return whole[kind]()


@contextlib.contextmanager
def laid_out(files: Files, folder: Path) -> Iterator[Path]:
    """Put files into a folder for a while."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def zipped(files: Files) -> bytes:
    """Files as one, to be kept."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as parts:
        for name, content in files.items():
            parts.writestr(name, content)
    return out.getvalue()
