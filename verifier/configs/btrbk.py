"""btrbk.conf: volumes, subvolumes and the targets that they are sent to."""

from __future__ import annotations

from verifier.configs._model import Configured

__all__ = ["PLACES", "parse"]

PLACES = ("/etc/btrbk/btrbk.conf", "/etc/btrbk.conf")
_SECTIONS = ("volume", "subvolume")


def parse(text: str, where: str) -> tuple[Configured, ...]:
    """Read a configuration of btrbk.

    Parameters
    ----------
    text : str
        The file.
    where : str
        Its path.

    Returns
    -------
    tuple of Configured
        The targets, and the folders of snapshots beside their origin.
    """
    scope: dict[str, str] = {}
    preserve: dict[str, str] = {}
    targets: dict[str, list[str]] = {}
    snapshots: dict[str, list[str]] = {}
    waiting: list[str] = []
    folder = ""
    for line in text.splitlines():
        words = line.split("#")[0].split(None, 1)
        if len(words) < 2:
            continue
        key, value = words[0], words[1].strip()
        if key == "volume":
            scope, waiting = {"volume": value.rstrip("/")}, []
        elif key == "snapshot_dir":
            folder = value
        elif key.endswith("_preserve"):
            preserve.setdefault(key, value)
        elif key == "target":
            address = value.split(None, 1)[-1] if value.split()[0] in _TYPES else value
            waiting.append(address)
            targets.setdefault(address, [])
            if origin := scope.get("subvolume"):
                targets[address].append(origin)
        elif key == "subvolume":
            origin = value if value.startswith("/") else f"{scope.get('volume', '')}/{value}"
            if scope.get("subvolume"):
                waiting = [one for one in waiting if not targets[one]] or waiting
            scope["subvolume"] = origin
            if folder and (volume := scope.get("volume")):
                place = folder if folder.startswith("/") else f"{volume}/{folder}"
                snapshots.setdefault(place, []).append(origin)
    kept = preserve.get("target_preserve", "")
    sent = (
        Configured("btrbk", address, where, None, tuple(origins),
                   retention=f"target_preserve {kept}" if kept else "",
                   note="a target of btrbk")
        for address, origins in targets.items()
    )  # fmt: skip
    beside = (
        Configured("btrbk", place, where, None, tuple(origins),
                   note="btrbk's snapshots, in the file system of their origin")
        for place, origins in snapshots.items()
    )  # fmt: skip
    return (*sent, *beside)


_TYPES = ("send-receive", "raw")
