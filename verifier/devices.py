"""From a block device or tape drive down to the drives, as one machine sees them."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable

from verifier.blockdev import (
    BlockDevice,
    LogicalVolume,
    MdArray,
    below,
    media_type,
    parse_lsblk,
    parse_lvs,
    parse_mdstat,
    smart_medium,
)
from verifier.host import AccessError, Host
from verifier.inventory import Drive, Evidence
from verifier.stack import Stack, joined
from verifier.tapes import is_virtual, tape_medium

__all__ = ["Devices"]

_MEANINGLESS_SERIAL = re.compile(
    r"0+|f+|x+|(0?123456789.*)|none|unknown|n/?a|default.*", re.IGNORECASE
)
# buses on which no drive is met twice; NVMe shows a drive once for each of its name spaces
_ONE_A_DRIVE = frozenset({"usb", "sata", "ata"})
_REBUILDING = frozenset({"resync", "recovery"})
_IMAGE = re.compile(r"_[rm]image_\d+$")
_MHVTL_HOME = "/opt/mhvtl"


class Devices:
    """The devices of one machine; lists them once.

    Parameters
    ----------
    host : Host
        Access to the machine.
    here : str
        Identity of the machine.
    file_below : callable
        Resolves the file that a loop device or a virtual tape keeps its data in.
    """

    def __init__(self, host: Host, here: str, file_below: Callable[[str, int], Stack]) -> None:
        self._host = host
        self._here = here
        self._file_below = file_below
        self._devices: dict[str, BlockDevice] | None = None
        self._arrays: dict[str, MdArray] = {}
        self._volumes: dict[str, LogicalVolume] | None = None
        self.trouble = ""

    def numbered(self, number: str, depth: int) -> Stack:
        """Return what is below the device with this ``"major:minor"``."""
        for device in self._known().values():
            if device.number == number:
                return self.named(device.kname, depth)
        return Stack(source=self.trouble or f"lsblk does not list device {number}")

    def named(self, kname: str, depth: int) -> Stack:
        """Return what is below the device with this kernel name, itself included."""
        devices = below(self._known(), kname)
        if not devices:
            return Stack(source=self.trouble or f"lsblk does not list {kname}")
        stack = Stack(drives=(), source="lsblk")
        for device in devices:
            stack = joined([stack, self._layer(device, depth)])
        return stack

    def tape(self, name: str, depth: int) -> Stack:
        """Return a tape drive, a changer or the sg device of one; virtual ones end on disk."""
        folder = self._scsi(name)
        vendor = self._word(f"{folder}/vendor") or ""
        model = self._word(f"{folder}/model") or ""
        if not vendor and not model:
            return Stack(source=f"the system does not describe {name}")
        source = f"{folder}/model"
        try:
            place = self._host.resolve(folder)
        except AccessError:
            place = ""
        if is_virtual(vendor, model, place):
            return self._virtual_tape(f"{vendor} {model}".strip(), name, depth)
        wwid = self._word(f"{folder}/wwid")
        drive = Drive(
            key=f"wwn:{wwid}" if wwid else f"device:{self._here}/{name}",
            device=name,
            model=f"{vendor} {model}".strip(),
            serial=wwid,
            media_type=tape_medium(model),
            transport="scsi",
        )
        return Stack((drive,), media=frozenset({tape_medium(model)}), source=source)

    def _virtual_tape(self, what: str, name: str, depth: int) -> Stack:
        """Return the disk below a virtual tape, which only some kinds let us find."""
        pool = f"vtl:{self._here}/{name}"
        reason = f"{what} is a virtual tape; which disk holds it is not known"
        found = Stack(source=reason, evidence=Evidence.INFERRED)
        if "mhvtl" in what.lower():
            with contextlib.suppress(AccessError):  # or the reason above holds
                found = self._file_below(self._host.resolve(_MHVTL_HOME), depth + 1)
        return Stack(
            found.drives,
            (pool, *found.pools),
            found.level,
            found.trouble,
            frozenset({"vtl"}),
            found.source,
            Evidence.INFERRED,
            encrypted=found.encrypted,
        )

    def _scsi(self, name: str) -> str:
        for kind in ("scsi_tape", "scsi_changer", "scsi_generic"):
            folder = f"/sys/class/{kind}/{name}/device"
            if self._word(f"{folder}/vendor") or self._word(f"{folder}/model"):
                return folder
        return f"/sys/class/scsi_tape/{name}/device"

    def _layer(self, device: BlockDevice, depth: int) -> Stack:
        """Return what one device adds: itself as a pool, or as a drive if nothing is below it."""
        pool = f"{device.type}:{self._here}/{device.number}"
        if device.kname.startswith(("zram", "ram")):
            pool = f"memory:{self._here}/{device.kname}"
            return Stack((), (pool,), media=frozenset({"memory"}), source="lsblk")
        if device.type == "loop":
            return self._loop(device, depth)
        array = self._arrays.get(device.kname)
        if array is not None:
            pool = f"md:{self._array_identity(device)}"
            return Stack((), (pool,), array.level, _md_trouble(array), source="/proc/mdstat")
        if device.type == "mpath":
            return Stack((), (pool,), source="lsblk")  # the paths below are one drive: same serial
        if device.parents:
            level, trouble = self._volume(device)
            return Stack(
                (), (pool,), level, trouble, source="lsblk", encrypted=device.type == "crypt"
            )
        if device.type in {"disk", "rom"}:
            drive = self._drive(device)
            return Stack((drive,), media=frozenset({drive.media_type}), source="lsblk")
        return Stack(pools=(pool,), source=f"nothing is known below {device.name}")

    def _volume(self, device: BlockDevice) -> tuple[str | None, str | None]:
        """Return RAID level and trouble of a device-mapper volume."""
        names = [self._known()[name].name for name in device.parents if name in self._known()]
        if not any(_IMAGE.search(name) for name in names):
            return (device.type if device.type.startswith("raid") else None), None
        if self._volumes is None:
            try:
                argv = ["lvs", "--readonly", "-a", "--reportformat", "json", "-o"]
                columns = "vg_name,lv_name,segtype,lv_health_status,sync_percent"
                self._volumes = parse_lvs(self._host.run([*argv, columns], timeout=30.0).stdout)
            except (AccessError, ValueError):
                self._volumes = {}
        volume = self._volumes.get(device.name)
        if volume is None:
            return "lvm-raid", None
        return volume.level, volume.trouble

    def _loop(self, device: BlockDevice, depth: int) -> Stack:
        try:
            file = self._host.read_text(f"/sys/block/{device.kname}/loop/backing_file").rstrip("\n")
            real = self._host.resolve(file)
        except AccessError as problem:
            return Stack(source=f"the file below {device.name} is out of sight: {problem.reason}")
        found = self._file_below(real, depth + 1)
        return joined([Stack((), (f"loop:{self._here}/{real}",), source="lsblk"), found])

    def _drive(self, device: BlockDevice) -> Drive:
        serial, wwn = self._names(device)
        key = f"device:{self._here}/{device.number}"
        twins = self._twins(device)
        if serial and not twins:
            key = f"serial:{serial}"
        elif wwn and all(wwn != self._names(twin)[1] for twin in twins):
            key = f"wwn:{wwn}"
        elif twins and all(twin.size_bytes != device.size_bytes for twin in twins):
            key = f"serial:{serial}/{device.size_bytes}"
        if device.type == "rom" and device.uuid:
            key = f"disc:{device.uuid}"  # the disc is what lasts, not the drive that reads it
        return Drive(
            key=key,
            device=device.kname,
            model=device.model,
            serial=serial,
            size_bytes=device.size_bytes,
            media_type=media_type(device) or self._asked_medium(device),
            transport=device.transport or ("virtio" if "virtio" in device.subsystems else None),
        )

    def _names(self, device: BlockDevice) -> tuple[str | None, str | None]:
        """Return the serial number and the WWN that a drive gives."""
        if device.kname.startswith(("vd", "xvd")):
            return None, None  # names that the hypervisor chose, often the same for many disks
        serial = device.serial or self._sysfs(device.kname, "device/serial")
        if serial and _MEANINGLESS_SERIAL.fullmatch(serial):
            serial = None
        return serial, device.wwn or self._sysfs(device.kname, "wwid", "device/wwid")

    def _twins(self, device: BlockDevice) -> list[BlockDevice]:
        """Return other drives that are here now and give the same serial number.

        Many a USB bridge gives one number in all that are built. What has one WWN and one size is
        one drive that is met by two paths.
        """
        serial, wwn = self._names(device)
        if not serial or device.transport not in _ONE_A_DRIVE:
            return []
        found = []
        for other in self._known().values():
            drive = other.type == "disk" and other.transport in _ONE_A_DRIVE
            if not drive or other.kname == device.kname or self._names(other)[0] != serial:
                continue
            if not wwn or (wwn, device.size_bytes) != (self._names(other)[1], other.size_bytes):
                found.append(other)
        return found

    def _asked_medium(self, device: BlockDevice) -> str | None:
        """Ask the drive itself, as far as we may; a drive that sleeps is not woken."""
        if device.type != "disk" or device.transport not in {"sata", "sas", "usb", "ata"}:
            return None
        argv = ["smartctl", "-j", "-i", "-n", "standby", f"/dev/{device.kname}"]
        try:
            return smart_medium(self._host.run(argv, timeout=10.0).stdout)
        except (AccessError, ValueError):
            return None

    def _sysfs(self, kname: str, *names: str) -> str | None:
        for name in names:
            if value := self._word(f"/sys/block/{kname}/{name}"):
                return value
        return None

    def _word(self, path: str) -> str | None:
        try:
            return self._host.read_text(path).strip() or None
        except AccessError:
            return None

    def _array_identity(self, device: BlockDevice) -> str:
        """Return the array's UUID, which its members carry, else its number on this host."""
        uuids = {self._known()[name].uuid for name in device.parents if name in self._known()}
        if len(uuids) == 1 and (uuid := uuids.pop()):
            return uuid
        return f"{self._here}/{device.number}"

    def _known(self) -> dict[str, BlockDevice]:
        if self._devices is not None:
            return self._devices
        self._devices = {}
        try:
            listed = self._host.run(["lsblk", "--json", "-b", "-O"], timeout=30.0)
            self._devices = parse_lsblk(listed.stdout)
        except (AccessError, ValueError) as problem:
            self.trouble = f"the block devices could not be listed: {problem}"
        try:
            self._arrays = parse_mdstat(self._host.read_text("/proc/mdstat"))
        except AccessError:
            self._arrays = {}
        return self._devices


def _md_trouble(array: MdArray) -> str | None:
    if array.degraded:
        busy = f", {array.action} is running" if array.action in _REBUILDING else ""
        return f"/proc/mdstat: {array.working} of {array.wanted} members work{busy}"
    if array.action in _REBUILDING:
        return f"/proc/mdstat: {array.action} is running"
    return None if array.degraded is None else ""
