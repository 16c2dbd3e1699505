"""Licences of the crates that are linked into the wheel, as ``rust/LICENCES.txt`` holds them.

``make lock`` writes that file with ``python .ci/licences.py > rust/LICENCES.txt``; a test holds it
against Cargo.lock.
"""

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
TARGET = "x86_64-unknown-linux-gnu"
NAMES = re.compile(r"^(LICEN[CS]E|COPYING|COPYRIGHT|NOTICE|UNLICENSE)", re.IGNORECASE)
HEAD = """The compiled core of gainsmodel (gainsmodel/_core) holds code of these crates and of
Rust's standard library. Where a crate gives a choice with MIT in it, MIT is chosen."""
RULE = "=" * 80


def cargo(*command: str) -> str:
    """What cargo answers."""
    words = ["cargo", *command, "--locked"]
    done = subprocess.run(words, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True)
    return done.stdout


def linked() -> list[dict[str, Any]]:
    """Packages whose code is in the library: neither for building, nor for tests, nor macros."""
    tree = cargo(
        *("tree", "--package=gainsmodel-py", "--edges=normal,no-proc-macro", f"--target={TARGET}"),
        *("--prefix=none", "--no-dedupe", "--format={p}"),
    )
    names = {tuple(line.split()[:2]) for line in tree.splitlines()}
    told = json.loads(cargo("metadata", "--format-version=1", f"--filter-platform={TARGET}"))
    others = [
        package
        for package in told["packages"]
        if package["source"] and (package["name"], f"v{package['version']}") in names
    ]
    return sorted(others, key=lambda package: (package["name"], package["version"]))


def texts(package: dict[str, Any]) -> list[str]:
    """Texts that a crate wants to go with it: of MIT where it may be chosen, else all it has."""
    folder = Path(package["manifest_path"]).parent
    files = sorted(path for path in folder.iterdir() if path.is_file() and NAMES.match(path.name))
    choice = re.split(r"/| OR ", package["license"])
    if "MIT" in choice and (chosen := [path for path in files if "MIT" in path.name.upper()]):
        files = chosen
    if not files:
        sys.exit(f"{package['name']} {package['version']}: has no file with its licence")
    return [path.read_text("utf-8").strip() for path in files]


def main() -> None:
    """Print all of them, each text once."""
    own = (ROOT / "LICENSE").read_text("utf-8")
    permission = own[own.index("Permission is") : own.index("The figures in")].strip()
    rust = f"MIT License\n\nCopyright (c) The Rust Project Contributors\n\n{permission}"
    users = {rust: ["Rust's standard library (MIT OR Apache-2.0)"]}
    for package in linked():
        name = f"{package['name']} {package['version']} ({package['license']})"
        for text in texts(package):
            users.setdefault("\n".join(map(str.rstrip, text.splitlines())), []).append(name)
    print(HEAD)
    for text, names in users.items():
        print("", RULE, *names, RULE, "", text, sep="\n")


if __name__ == "__main__":
    main()
