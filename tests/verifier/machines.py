"""The sample machine: real output of a virtual machine turned into a recording."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from verifier.host import Host

SAMPLES = Path(__file__).parent / "samples"
MACHINE = "0123456789abcdef0123456789abcdef"
NODES = ("/dev/md0", "/dev/sde", "/dev/nvme0n1", "/dev/sr0", "/dev/nst0")
FOLDER = {"mode": 0o40755, "size": 0, "mtime_ns": 0, "dev": 1, "ino": 2, "nlink": 1}
BLOCK = {**FOLDER, "mode": 0o60660}


def text(name: str) -> str:
    return (SAMPLES / name).read_text("utf-8")


def mountinfo(found: list[dict[str, Any]], parent: int = 1) -> Iterator[str]:
    """The lines of /proc/self/mountinfo that findmnt has read."""
    for number, row in enumerate(found, parent * 10):
        options = row["options"]
        yield (
            f"{number} {parent} {row['maj:min']} {row['fsroot']} {row['target']} rw - "
            f"{row['fstype']} {row['source']} {options}"
        )
        yield from mountinfo(row.get("children", []), number)


def sample_machine(mdstat: str = "ok", **more: Any) -> Host:
    """Replay the virtual machine of the samples."""
    lines = list(mountinfo(json.loads(text("findmnt--vm.txt"))["filesystems"]))
    answers: dict[str, Any] = {
        "read /etc/machine-id": MACHINE + "\n",
        "hostname": "vm",
        "read /proc/self/mountinfo": "\n".join(lines),
        "read /proc/mdstat": text(f"mdstat--{mdstat}.txt"),
        "run lsblk --json -b -O": {"code": 0, "stdout": text("lsblk--vm.txt")},
        "run lvs --readonly -a --reportformat json -o "
        "vg_name,lv_name,segtype,lv_health_status,sync_percent": {
            "code": 0,
            "stdout": text("lvs--vm.txt"),
        },
        "run udevadm info -q property -n /dev/sr0": {"code": 0, "stdout": text("udev-cd--vm.txt")},
    }
    for line in lines:
        point = line.split()[4]
        answers |= {f"resolve {point}": point, f"stat {point}": FOLDER}
    for node in NODES:
        answers |= {f"resolve {node}": node, f"stat {node}": BLOCK}
    for name, place in re.findall(
        r" (n?st\d\S*) -> \.\./\.\./(\S+)", text("sysclass-tape--vm.txt")
    ):
        folder = f"/sys/class/scsi_tape/{name}/device"
        answers[f"resolve {folder}"] = f"/sys/{place.partition('/scsi_tape')[0]}"
        for row in text("lsscsi--vm.txt").splitlines():
            if "\ttape\t" in row:
                _, _, vendor, model, _ = row.split("\t")
                answers |= {f"read {folder}/vendor": vendor, f"read {folder}/model": model}
    return Host.replay({**answers, **more})
