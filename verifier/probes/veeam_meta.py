"""What Veeam writes as XML: the job's ``.vbm``, and the summary at the end of each backup file.

Both come from a place that an attacker may have written to, so declarations of types and entities
are refused and sizes are bounded. Attributes that a version lacks are simply not known.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

__all__ = ["Point", "parse_meta", "parse_summary", "parse_time", "summary_in"]

MAX_XML_BYTES = 64 << 20
_MAX_PARTS = 2_000_000  # each takes some hundred bytes once it is read
_OPEN, _CLOSE = b"<OibSummary", b"</OibSummary>"
_NO_KEY = "00000000-0000-0000-0000-000000000000"
_SHAPES = ("%m/%d/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S")

_APPLICATIONS = tuple(
    f"Has{name}" for name in ("Sql", "Exchange", "Ad", "SharePoint", "Oracle", "PostgreSql")
)


@dataclass(frozen=True, slots=True)
class Point:
    """One restore point of one machine.

    Parameters
    ----------
    file : str
        Name of the backup file that it is in, without folders.
    machine, job : str
        Name of the machine and of the job.
    time : datetime or None
        When it was made.
    full : bool or None
        Whether it is a full backup.
    number : int or None
        Its number in the job.
    builds_on : str
        Name of the file that it needs, if it says so.
    consistent, corrupted : bool or None
        The job's own word on it.
    encrypted : bool or None
        Whether its file is encrypted.
    size_bytes : int or None
        Approximate size of the machine. [bytes]
    application : bool
        Whether it knows of databases or mail inside, which it then saves through their own means.
    version : str
        Of the program.
    """

    file: str
    machine: str = ""
    job: str = ""
    time: datetime | None = None
    full: bool | None = None
    number: int | None = None
    builds_on: str = ""
    consistent: bool | None = None
    corrupted: bool | None = None
    encrypted: bool | None = None
    size_bytes: int | None = None
    application: bool = False
    version: str = ""


def parse_time(text: str | None) -> datetime | None:
    """Read a time as Veeam writes it, the American way or ISO; it is taken as UTC."""
    shorter = re.sub(r"(\.\d+)?Z?$", "", (text or "").strip())
    for shape in _SHAPES:
        try:
            return datetime.strptime(shorter, shape).replace(tzinfo=UTC)
        except ValueError:
            continue
    return None


def parse_meta(content: bytes) -> tuple[Point, ...]:
    """Read a ``.vbm`` file.

    Parameters
    ----------
    content : bytes
        The whole file.

    Returns
    -------
    tuple of Point
        All restore points that it lists.

    Raises
    ------
    ValueError
        If it is not such a file: an encrypted one is no XML.
    """
    root = _element(content)
    if root.tag != "BackupMeta":
        raise ValueError(f"its root is {root.tag[:40]!r}, not 'BackupMeta'")
    backups = {each.get("Id"): each for each in root.iter("Backup")}
    storages = {each.get("Id"): each for each in root.iter("Storage")}
    numbered = {each.get("Id"): each for each in root.iter("Point")}
    objects = {each.get("Id"): each for each in root.iter("Object")}
    return tuple(_listed(oib, backups, storages, numbered, objects) for oib in root.iter("OIB"))


def summary_in(end: bytes) -> bytes | None:
    """Cut the last ``<OibSummary>`` out of the last bytes of a backup file; None without one."""
    start = end.rfind(_OPEN)
    stop = end.find(_CLOSE, start)
    return None if start < 0 or stop < 0 else end[start : stop + len(_CLOSE)]


def parse_summary(content: bytes, file: str) -> Point:
    """Read the summary at the end of a backup file.

    Parameters
    ----------
    content : bytes
        From ``<OibSummary>`` to its end, see `summary_in`.
    file : str
        Name of the file that it was in.

    Returns
    -------
    Point

    Raises
    ------
    ValueError
        If it is not well-formed.
    """
    root = _element(content)
    oib, point, backup = _child(root, "OIB"), _child(root, "Point"), _child(root, "Backup")
    previous = root.findtext("PrevFileName") or root.get("PrevFileName") or ""
    return Point(
        file=file,
        machine=_word(oib, "VmName", "DisplayName") or _word(_child(root, "Object"), "Name"),
        job=_word(backup, "JobName"),
        time=_made(oib, point),
        full=_is_full(point, None),
        number=_number(_word(point, "Num")),
        builds_on=_file_name(previous),
        consistent=_flag(_word(oib, "IsConsistent")),
        corrupted=_corrupted(oib),
        encrypted=_encrypted(backup, None),
        size_bytes=_number(_word(oib, "ApproxSize")),
        application=any(_flag(_word(oib, name)) for name in _APPLICATIONS),
        version=_word(oib, "ProductVersion"),
    )


def _listed(
    oib: Element,
    backups: dict[str | None, Element],
    storages: dict[str | None, Element],
    numbered: dict[str | None, Element],
    objects: dict[str | None, Element],
) -> Point:
    storage, point = storages.get(oib.get("StorageId")), numbered.get(oib.get("PointId"))
    backup = backups.get(None if point is None else point.get("BackupId"))
    if backup is None:
        backup = next(iter(backups.values()), None)
    return Point(
        file=_file_name(_word(storage, "FilePath", "PartialPath")),
        machine=_word(oib, "VmName", "DisplayName")
        or _word(objects.get(oib.get("ObjectId")), "Name"),
        job=_word(backup, "JobName"),
        time=_made(oib, point) or parse_time(_word(storage, "CreationTimeUtc", "CreationTime")),
        full=_is_full(point, storage),
        number=_number(_word(point, "Num")),
        consistent=_flag(_word(oib, "IsConsistent")),
        corrupted=_corrupted(oib),
        encrypted=_encrypted(backup, storage),
        size_bytes=_number(_word(oib, "ApproxSize")),
        application=any(_flag(_word(oib, name)) for name in _APPLICATIONS),
        version=_word(oib, "ProductVersion"),
    )


def _element(content: bytes) -> Element:
    from defusedxml import DefusedXmlException
    from defusedxml.ElementTree import ParseError, fromstring

    if len(content) > MAX_XML_BYTES:
        raise ValueError(f"more than {MAX_XML_BYTES >> 20} MiB of XML")
    if content.count(b"<") + content.count(b"=") > _MAX_PARTS:
        raise ValueError(f"more than {_MAX_PARTS:,} tags and attributes")
    try:
        root: Element = fromstring(content, forbid_dtd=True)
    except (ParseError, LookupError, DefusedXmlException) as error:
        raise ValueError(f"its XML cannot be read: {str(error)[:80]}") from error
    return root


def _child(root: Element, tag: str) -> Element | None:
    return next(root.iter(tag), None)


def _words(element: Element | None, names: tuple[str, ...]) -> Iterator[str]:
    for name in names:
        yield (element.get(name) or "") if element is not None else ""


def _word(element: Element | None, *names: str) -> str:
    return next(filter(None, _words(element, names)), "")


def _made(oib: Element | None, point: Element | None) -> datetime | None:
    return parse_time(_word(oib, "CreationTimeUtc")) or parse_time(_word(point, "CreationTimeUtc"))


def _is_full(point: Element | None, storage: Element | None) -> bool | None:
    number = _number(_word(point, "Type"))
    if number in (0, 1):
        return number == 0
    name = _file_name(_word(storage, "FilePath", "PartialPath")).lower()
    return name.endswith(".vbk") if name else None


def _encrypted(backup: Element | None, storage: Element | None) -> bool | None:
    state = _word(backup, "EncryptionState", "Encryption")
    tag = _word(storage, "StorageCryptoKeyIdTag")
    if tag and tag.strip("{}") != _NO_KEY:
        return True
    if state:
        return state != "0"
    return False if tag else None


def _corrupted(oib: Element | None) -> bool | None:
    flags = {_flag(_word(oib, name)) for name in ("IsCorrupted", "IsRecheckCorrupted")}
    return True if True in flags else False if False in flags else None


def _flag(word: str) -> bool | None:
    return {"true": True, "1": True, "false": False, "0": False}.get(word.lower())


def _number(word: str) -> int | None:
    return int(word) if re.fullmatch(r"\d{1,18}", word) else None


def _file_name(path: str) -> str:
    return re.split(r"[\\/]", path.strip())[-1]
