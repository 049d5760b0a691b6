"""The lock becomes a list of what is in it (SBOM): CycloneDX JSON, the same bytes for the same lock.

`python -m supply.sbom LOCK SITE_PACKAGES OUT`: cyclonedx-py lists packages, versions and hashes; licences, and which
part of the product needs a package, come from the metadata of what is installed; what is not installed here says so.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from importlib.metadata import Distribution
from pathlib import Path
from typing import Any

from cyclonedx.schema import SchemaVersion
from cyclonedx.spdx import is_expression, is_supported_id
from cyclonedx.validation.json import JsonStrictValidator
from packaging.utils import canonicalize_name

from supply.lock import ROOT, Locked, installed, parts_of, read_lock

CLASSIFIERS = {
    "Apache Software License": "Apache-2.0",
    "MIT License": "MIT",
    "BSD License": "BSD",
    "ISC License (ISCL)": "ISC",
    "Mozilla Public License 2.0 (MPL 2.0)": "MPL-2.0",
    "Python Software Foundation License": "PSF-2.0",
}
Component = dict[str, Any]


def listed(lock: Path) -> dict[str, Any]:
    """Have cyclonedx-py list a lock: packages, versions, hashes."""
    command = [sys.executable, "-m", "cyclonedx_py", "requirements", str(lock)]
    options = ["--output-reproducible", "--of", "JSON", "--sv", "1.6", "--pyproject", str(ROOT / "pyproject.toml")]
    done = subprocess.run([*command, *options], capture_output=True, text=True, check=True)  # noqa: S603  # ours
    return json.loads(done.stdout)


def licences(package: Distribution | None) -> list[dict[str, Any]]:
    """Return what a package says of its licence: an SPDX expression where it gives one, else the name that it gives."""
    if package is None:
        return []
    said = package.metadata
    expression, text = said.get("License-Expression", ""), said.get("License", "")
    if expression and is_expression(expression):
        return [{"expression": expression}]
    classes = [line.rsplit(" :: ", 1)[-1] for line in said.get_all("Classifier") or () if line.startswith("License ::")]
    names = [CLASSIFIERS.get(name, name) for name in classes] or text.splitlines()[:1]
    return [{"license": {"id" if is_supported_id(name) else "name": name}} for name in sorted(set(names))]


def component(drawn: Component, entry: Locked, package: Distribution | None, parts: list[str]) -> Component:
    """Name a package by its address, with licences, the parts that need it, and the machines that it is for."""
    told = {f"village-credit:part:{part}": "needed" for part in parts}
    if entry.marker:
        told["village-credit:marker"] = entry.marker
    if package is None:
        told["village-credit:licence"] = "not installed where this list was made: see its page"
    purl = f"pkg:pypi/{entry.name}@{entry.version}"
    hashes = [{"alg": "SHA-256", "content": digest} for digest in sorted(entry.hashes)]
    kept = {key: drawn[key] for key in ("name", "type", "version")}
    return kept | {
        "bom-ref": purl,
        "purl": purl,
        "scope": "required" if "core" in parts else "optional",
        "externalReferences": [
            {"type": "distribution", "url": drawn["externalReferences"][0]["url"], "hashes": hashes}
        ],
        "properties": [{"name": name, "value": value} for name, value in sorted(told.items())],
        **({"licenses": found} if (found := licences(package)) else {}),
    }


def bill(lock: Path, packages: Path) -> dict[str, Any]:
    """Return the whole list, in the lock's order."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    drawn = listed(lock)
    there = installed(packages)
    parts = parts_of(project, there)
    by_name = {(canonicalize_name(one["name"]), one["version"]): one for one in drawn["components"]}
    drawn["components"] = [
        component(
            by_name[entry.name, entry.version],
            entry,
            _of_version(there.get(entry.name), entry),
            sorted(part for part, names in parts.items() if entry.name in names),
        )
        for entry in read_lock(lock.read_text(encoding="utf-8"))
    ]
    said = tomllib.loads(project)["project"]
    drawn["metadata"]["component"] = _product(said)
    direct = sorted(one["bom-ref"] for one in drawn["components"] if one["name"] in parts["core"])
    drawn["dependencies"] = [{"ref": drawn["metadata"]["component"]["bom-ref"], "dependsOn": direct}]
    return drawn


def _product(said: dict[str, Any]) -> Component:
    return {
        "bom-ref": f"pkg:pypi/{said['name']}@{said['version']}",
        "type": "application",
        "name": said["name"],
        "version": said["version"],
        "licenses": [{"expression": said["license"]}],
    }


def _of_version(package: Distribution | None, entry: Locked) -> Distribution | None:
    return package if package is not None and package.version == entry.version else None


def faults(text: str, lock: str) -> list[str]:
    """Say what the schema has against a list, and in which packages it is not the lock."""
    refused = JsonStrictValidator(SchemaVersion.V1_6).validate_str(text)
    said = {
        (one["name"], one["version"], *sorted(h["content"] for h in one["externalReferences"][0]["hashes"]))
        for one in json.loads(text)["components"]
        if refused is None
    }
    locked = {(entry.name, entry.version, *sorted(entry.hashes)) for entry in read_lock(lock)}
    return [
        *([f"the list is no CycloneDX 1.6: {str(refused).splitlines()[0]}"] if refused is not None else []),
        *(f"{name} {version}: not alike in the list and in the lock" for name, version, *_ in sorted(said ^ locked)),
    ]


def main(lock: str, packages: str, out: str) -> int:
    """Write the list; exit 1 where the schema refuses it, or it is not what is locked."""
    text = json.dumps(bill(Path(lock), Path(packages)), ensure_ascii=False, sort_keys=True, indent=1) + "\n"
    if found := faults(text, Path(lock).read_text(encoding="utf-8")):
        print("\n".join(found), file=sys.stderr)
        return 1
    Path(out).parent.mkdir(parents=True, exist_ok=True)
    Path(out).write_text(text, encoding="utf-8")
    components = json.loads(text)["components"]
    print(f"{out}: {len(components)} packages, {sum('licenses' in one for one in components)} with a licence")
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
