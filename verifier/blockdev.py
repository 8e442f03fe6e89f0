"""Block devices: from a partition, volume, array or loop device down to the drives."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from verifier._texts import json_in

__all__ = [
    "BlockDevice",
    "LogicalVolume",
    "MdArray",
    "below",
    "media_type",
    "parse_lsblk",
    "parse_lvs",
    "parse_mdstat",
    "smart_medium",
]

_VIRTUAL = re.compile(
    r"qemu|vbox|virtual|vmware|scsi_debug|elastic block|persistentdisk", re.IGNORECASE
)
_FLASH = re.compile(
    r"flash|cruzer|datatraveler|jetflash|stick|thumb|ultra (fit|usb|luxe)|usb ?disk", re.IGNORECASE
)
_SOLID = re.compile(r"\bssd|nvme|solid.?state|portable t\d|extreme (pro )?55", re.IGNORECASE)
_SPINNING = re.compile(
    r"^(wdc )?wd\d|^(seagate )?st\d{3,}|^hgst|^hitachi|^toshiba (mg|dt|hdw|mq)|^hus\d|^huh\d"
    r"|elements|expansion|backup ?plus|my ?(book|passport)|easystore",
    re.IGNORECASE,
)


_MALFORMED = (KeyError, TypeError, AttributeError, OverflowError, RecursionError)


@dataclass(frozen=True, slots=True)
class BlockDevice:
    """One block device as lsblk reports it; what lsblk does not tell is None.

    Parameters
    ----------
    kname, name, path : str
        What the kernel calls it, what people do, and where its node is.
    type : str
        ``"disk"``, ``"part"``, ``"lvm"``, ``"crypt"``, …
    number : str
        ``major:minor``.
    size_bytes : int or None
    model, serial, wwn, transport : str or None
        Of a drive.
    rotational, removable : bool or None
    uuid : str or None
        Of the file system on it.
    subsystems : str
        The way to it, as ``"block:scsi:usb:pci"``.
    parents : tuple of str
        Kernel names of the devices that it is made of.
    """

    kname: str
    name: str
    type: str
    number: str
    size_bytes: int | None = None
    model: str | None = None
    serial: str | None = None
    wwn: str | None = None
    transport: str | None = None
    rotational: bool | None = None
    removable: bool | None = None
    uuid: str | None = None
    subsystems: str = ""
    path: str = ""
    parents: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MdArray:
    """One array of ``/proc/mdstat``.

    Parameters
    ----------
    name, level : str
        As the kernel calls them.
    members, failed : tuple of str
        Kernel names of its devices, and of those marked as failed.
    wanted, working : int or None
        How many members it is made for, and how many work; None where the level has none to lose.
    action : str or None
        What it is busy with: ``"recovery"``, ``"resync"``, …
    """

    name: str
    level: str
    members: tuple[str, ...]
    failed: tuple[str, ...] = ()
    wanted: int | None = None
    working: int | None = None
    action: str | None = None

    @property
    def degraded(self) -> bool | None:
        """True if fewer members work than the array is made for."""
        if self.wanted is None or self.working is None:
            return None
        return self.working < self.wanted


@dataclass(frozen=True, slots=True)
class LogicalVolume:
    """One volume of LVM; ``trouble`` says why it lacks redundancy now, empty if it does not."""

    level: str | None
    trouble: str = ""


def parse_lsblk(text: str) -> dict[str, BlockDevice]:
    """Read the output of ``lsblk --json -b -O`` (util-linux 2.27 or newer).

    Parameters
    ----------
    text : str
        The program's output. A device below several others appears several times.

    Returns
    -------
    dict of str to BlockDevice
        By kernel name, with all parents.

    Raises
    ------
    ValueError
        If the text is not such output.
    """
    found: dict[str, BlockDevice] = {}
    try:
        for row, parent in _rows(json_in(text)["blockdevices"], None):
            device = found.get(row["kname"]) or _device(row)
            if parent and parent not in device.parents:
                device = replace(device, parents=(*device.parents, parent))
            found[device.kname] = device
    except _MALFORMED as error:
        message = f"not the output of lsblk --json: {error}"
        raise ValueError(message) from error
    return found


def below(devices: Mapping[str, BlockDevice], kname: str) -> tuple[BlockDevice, ...]:
    """Return a device and everything that it rests on, nearest first, each once."""
    found: dict[str, BlockDevice] = {}
    waiting = [kname]
    while waiting:
        name = waiting.pop(0)
        if name in found or name not in devices:
            continue
        found[name] = devices[name]
        waiting.extend(devices[name].parents)
    return tuple(found.values())


def parse_mdstat(text: str) -> dict[str, MdArray]:
    """Read ``/proc/mdstat``.

    Parameters
    ----------
    text : str
        The file's content.

    Returns
    -------
    dict of str to MdArray
        By kernel name.
    """
    arrays: dict[str, MdArray] = {}
    current: str | None = None
    for line in text.splitlines():
        head = re.match(
            r"(md\S+) : (?:in)?active (?:\([^)]*\) )?(?:(raid\d+|linear)\s+)?(.*)", line
        )
        if head:
            current = head[1]
            members = re.findall(r"([^\s\[]{1,255})\[\d{1,9}\]((?:\([A-Z]\))*)", head[3])
            arrays[current] = MdArray(
                current,
                head[2] or "unknown",
                tuple(sorted(name for name, _ in members)),
                tuple(sorted(name for name, flags in members if "(F)" in flags)),
            )
        elif not line.strip() or line.startswith("unused"):
            current = None
        elif current:
            if count := re.search(r"\[(\d{1,9})/(\d{1,9})\]", line):
                arrays[current] = replace(
                    arrays[current], wanted=int(count[1]), working=int(count[2])
                )
            if action := re.search(r"(resync|recovery|reshape|check)\s*=", line):
                arrays[current] = replace(arrays[current], action=action[1])
    return arrays


def parse_lvs(text: str) -> dict[str, LogicalVolume]:
    """Read the output of ``lvs -a --reportformat json``.

    Parameters
    ----------
    text : str
        With the columns vg_name, lv_name, segtype, lv_health_status and sync_percent (which old
        versions call copy_percent).

    Returns
    -------
    dict of str to LogicalVolume
        By the name that the device mapper gives it.

    Raises
    ------
    ValueError
        If the text is not such output.
    """
    found = {}
    try:
        for row in (row for report in json_in(text)["report"] for row in report["lv"]):
            parts = [row[key].strip("[]").replace("-", "--") for key in ("vg_name", "lv_name")]
            segments = row.get("segtype", "").partition("_")[0]
            level = "raid1" if segments == "mirror" else segments
            synced = row.get("sync_percent") or row.get("copy_percent") or ""
            trouble = f"lvs: {row['lv_health_status']}" if row.get("lv_health_status") else ""
            if not trouble and level.startswith("raid") and synced not in ("", "100.00"):
                trouble = f"lvs: only {synced} % in sync"
            found["-".join(parts)] = LogicalVolume(
                level if level.startswith("raid") else None, trouble
            )
    except (KeyError, TypeError, AttributeError) as error:
        message = f"not the output of lvs --reportformat json: {error}"
        raise ValueError(message) from error
    return found


def smart_medium(text: str) -> str | None:
    """Return what ``smartctl -j -i`` says of the medium; None if it says nothing.

    Parameters
    ----------
    text : str
        The program's output. Its exit code is a set of bits and says nothing about that.

    Returns
    -------
    str or None
        ``"ssd"``, ``"hdd"`` or None.

    Raises
    ------
    ValueError
        If the text is not JSON.
    """
    found = json_in(text)
    rate = found.get("rotation_rate") if isinstance(found, dict) else None
    if isinstance(rate, bool) or not isinstance(rate, int):
        return None
    if _VIRTUAL.search(str(found.get("model_name") or found.get("scsi_model_name") or "")):
        return None
    return "ssd" if rate == 0 else "hdd"


def media_type(device: BlockDevice) -> str | None:
    """Judge a drive's medium from all its signals together; None when they do not suffice.

    The kernel's ``rotational`` flag is only believed from a directly attached drive: USB bridges,
    virtual disks and optical drives all say "rotational".
    """
    name = device.model or ""
    if device.type == "rom" or device.kname.startswith("sr"):
        return "optical"
    if device.kname.startswith(("zram", "ram")):
        return "memory"
    if _VIRTUAL.search(name):
        return None
    if device.transport == "nvme" or device.kname.startswith("nvme"):
        return "ssd"
    if device.kname.startswith("mmcblk"):
        return "usb-flash"
    if device.transport == "usb":
        return _usb_medium(name, removable=bool(device.removable))
    if "virtio" in device.subsystems or device.kname.startswith(("vd", "xvd")):
        return "hdd" if _SPINNING.search(name) and device.rotational else None
    if device.type != "disk" or not (device.transport or name):
        return None
    if _SOLID.search(name):
        return None if device.rotational else "ssd"
    return {True: "hdd", False: "ssd", None: None}[device.rotational]


def _usb_medium(name: str, *, removable: bool) -> str | None:
    if _SOLID.search(name):
        return "ssd"
    if _SPINNING.search(name):
        return "hdd"
    return "usb-flash" if removable and _FLASH.search(name) else None


def _rows(rows: Any, parent: str | None) -> Iterator[tuple[dict[str, Any], str | None]]:
    for row in rows:
        yield row, parent
        yield from _rows(row.get("children", ()), row["kname"])


def _device(row: dict[str, Any]) -> BlockDevice:
    return BlockDevice(
        kname=row["kname"],
        name=row["name"],
        type=row["type"],
        number=row["maj:min"].strip(),
        size_bytes=None if row.get("size") is None else int(row["size"]),
        model=_word(row.get("model")),
        serial=_word(row.get("serial")),
        wwn=_word(row.get("wwn")),
        transport=_word(row.get("tran")),
        rotational=_flag(row.get("rota")),
        removable=_flag(row.get("rm")),
        uuid=_word(row.get("uuid")),
        subsystems=row.get("subsystems") or "",
        path=row.get("path") or "",
    )


def _word(value: Any) -> str | None:
    return str(value).strip() or None if value is not None else None


def _flag(value: Any) -> bool | None:
    """Older versions print "0" and "1", newer ones false and true."""
    return None if value is None else value in (True, "1")
