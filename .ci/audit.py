"""Known vulnerabilities of the pinned dependencies, by pip-audit.

Exit 1 if one is known and a version without it is out; what could not be asked is unknown, said,
and no failure: an index without a network to the advisories knows of none.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import venv
from pathlib import Path
from typing import Any

PINS = Path(__file__).parents[1] / "constraints.txt"
LIMIT_SECONDS = 300


def judge(document: dict[str, Any]) -> tuple[list[str], int]:
    """Return what to say of pip-audit's answer, and the exit code."""
    lines: list[str] = []
    unknown, mendable = 0, False
    found = document.get("dependencies", [])
    for one in found:
        if "skip_reason" in one:
            unknown += 1
            continue
        for flaw in one.get("vulns", []):
            fixed = ", ".join(flaw.get("fix_versions", []))
            mendable = mendable or bool(fixed)
            said = f"mended in {fixed}" if fixed else "no version without it is out"
            lines.append(f"{one['name']} {one['version']}: {flaw['id']}; {said}")
    if unknown or not found:
        lines.append(
            f"unknown: {unknown or 'all'} of {len(found) or 'all'} could not be asked about"
        )
    elif not lines:
        lines.append(f"{len(found)} dependencies, and no vulnerability of them is known")
    return lines, 1 if mendable else 0


def asked() -> dict[str, Any]:
    """Run pip-audit in an environment of its own; an empty answer if it cannot be had."""
    with tempfile.TemporaryDirectory() as folder:
        venv.create(folder, with_pip=True)
        run = {"capture_output": True, "text": True, "timeout": LIMIT_SECONDS, "check": False}
        pip = [f"{folder}/bin/pip", "install", "--quiet", "pip-audit>=2.9,<3"]
        audit = [f"{folder}/bin/pip-audit", "-r", str(PINS), "--no-deps", "--disable-pip"]
        try:
            if subprocess.run(pip, **run).returncode != 0:
                return {}
            done = subprocess.run([*audit, "--timeout", "10", "--format", "json"], **run)
            return dict(json.loads(done.stdout))
        except (subprocess.TimeoutExpired, OSError, ValueError):
            return {}


def main() -> int:
    """Ask and say."""
    lines, code = judge(asked())
    sys.stdout.write("\n".join(lines) + "\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
