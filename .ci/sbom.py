"""One bill of materials of the wheel in a folder: its crates, and the packages it runs on.

``make sbom`` runs it. The crates are those that maturin has listed in the wheel; the packages those
of this environment that gainsmodel asks for with all its extras, as cyclonedx-py describes them.
"""

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from importlib import metadata
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
Sbom = dict[str, Any]


def needed(requirements: list[str], extras: set[str]) -> set[str]:
    """Names of what some requirements bring, and of what that needs in turn."""
    found: set[str] = set()
    open_ = [(line, extras) for line in requirements]
    seen = set()
    while open_:
        line, of = open_.pop()
        need = Requirement(line)
        if need.marker and not any(need.marker.evaluate({"extra": one}) for one in of or {""}):
            continue
        name = str(canonicalize_name(need.name))
        found.add(name)
        for more in () if (line, name) in seen else metadata.requires(name) or ():
            open_.append((more, need.extras))
        seen.add((line, name))
    return found - {"gainsmodel"}


def packages(extras: dict[str, list[str]], required: list[str]) -> Sbom:
    """What cyclonedx-py says of this environment, without what gainsmodel does not need."""
    done = subprocess.run(
        [
            *(sys.executable, "-m", "cyclonedx_py", "environment", "--output-reproducible"),
            *("--pyproject", str(ROOT / "pyproject.toml"), "--spec-version", "1.6"),
            sys.executable,
        ],
        check=True, stdout=subprocess.PIPE,
    )  # fmt: skip
    told: Sbom = json.loads(done.stdout)
    everything = [*required, *(line for lines in extras.values() for line in lines)]
    names = needed(everything, set())
    told["components"] = [c for c in told["components"] if canonicalize_name(c["name"]) in names]
    kept = {"root-component", *(component["bom-ref"] for component in told["components"])}
    told["dependencies"] = [
        link | {"dependsOn": sorted(kept.intersection(link.get("dependsOn", ())))}
        for link in told["dependencies"]
        if link["ref"] in kept
    ]
    return told


def crates(wheel: Path) -> Sbom:
    """What maturin says in a wheel of its crates, without the folder it was built in."""
    packed = zipfile.ZipFile(wheel)
    (name,) = (name for name in packed.namelist() if name.endswith(".cyclonedx.json"))
    text = packed.read(name).decode()
    text = re.sub(r'"(?:path|registry)\+[^"#]*#', '"crate:', text)
    told: Sbom = json.loads(re.sub(r'\?download_url=file:[^"]*', "", text))
    return told


def main(folder: Path) -> None:
    """Write both as one, beside the wheel."""
    (wheel,) = folder.glob("*.whl")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    whole, core = packages(project["optional-dependencies"], project["dependencies"]), crates(wheel)
    root = core["metadata"]["component"]
    root.pop("components", None)
    whole["components"] += [root, *core["components"]]
    whole["dependencies"] += core["dependencies"]
    (top,) = (link for link in whole["dependencies"] if link["ref"] == "root-component")
    top["dependsOn"].append(root["bom-ref"])
    whole["metadata"]["component"]["version"] = wheel.name.split("-")[1]
    text = json.dumps(whole, indent=1, ensure_ascii=False) + "\n"
    if fault := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        sys.exit(f"no valid bill of materials: {fault}")
    out = wheel.with_name(f"gainsmodel-{whole['metadata']['component']['version']}.cdx.json")
    out.write_text(text, "utf-8")
    print(f"{out}: {len(whole['components'])} components, CycloneDX 1.6, valid")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
