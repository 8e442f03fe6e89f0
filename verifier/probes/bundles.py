"""Archives in a folder by their names: dates, and parts of split archives put together."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from verifier.host import AccessError, Host
from verifier.manifest import instant, shown
from verifier.probes._volumes import beginning, continues, lacking, numbered, part_of_zip, parts_of
from verifier.probes.compression import cipher_of, format_of

__all__ = [
    "Bundle",
    "bundles_in",
    "is_archive_name",
    "is_bare_part",
    "is_beside",
    "is_increment",
    "job_of",
    "parse_date",
    "series_of",
    "unfinished_in",
    "unfinished_of",
    "unfinished_words",
]

_PACKED = r"(tar(\.(gz|bz2|xz|lzma|zst|lz4|lz|Z))?|tgz|tbz2?|txz|tzst|tlz|zip|7z|rar)"
_NAME = re.compile(rf"\.{_PACKED}(\.(gpg|pgp|age|enc))?$", re.IGNORECASE)
_ENDING = re.compile(rf"\.{_PACKED}(\.|$)", re.IGNORECASE)
_PART = re.compile(
    rf"(?P<whole>.+\.{_PACKED}(\.(gpg|pgp|age|enc))?)[-_.](part[-_.]?)?(?P<part>\d{{1,4}}|[a-z]{{2,3}})$",
    re.IGNORECASE,
)
# a name that tells that it is a part, and not of what
_BARE_PART = re.compile(r"(?P<whole>.+)[-_.]part[-_.]?(?P<part>\d{1,4}|[a-z]{2,3})$", re.IGNORECASE)
_BESIDE = re.compile(
    r"\.(sha\d+|md5|asc|sig|log|txt|json|snar|snapshot|par2|r\d\d)$|sums$", re.IGNORECASE
)
# what a download, an upload or a script calls a file until it is whole
_UNFINISHED = re.compile(
    r"\.(part|partial|filepart|crdownload|download|opdownload|tmp|!ut|!qb|aria2)$", re.IGNORECASE
)
# rsync's own: a point, the name, and six letters or digits
_ARRIVING = re.compile(rf"\.(?P<whole>.+\.({_PACKED}|iso|udf))\.[A-Za-z0-9]{{6}}", re.IGNORECASE)
_CONTROL = ".aria2"  # lies beside a file that has its full length from the beginning
_DATE = re.compile(
    r"(?<!\d)(?P<Y>\d{4})(?P<dash>[-_.]?)(?P<m>\d\d)(?P=dash)(?P<d>\d\d)"
    r"(?:[T_ .-]?(?P<H>[0-2]\d)[-:_.h]?(?P<M>[0-5]\d)[-:_.]?(?P<S>[0-5]\d)?)?(?!\d)"
)
_WORD = re.compile(r"[^\W\d_]+")
# words that tell the runs of one job apart, not the jobs
_RUN = re.compile(
    r"full|base|inc|incr|incremental|diff|differential|level|(dai|week|month|year)ly|"
    r"(mon|tues?|wed(nes)?|thu(rs)?|fri|sat(ur)?|sun)(day)?"
)

_CHANGED = re.compile(r"inc|incr|incremental|diff|differential")


@dataclass(frozen=True, slots=True)
class Bundle:
    """One archive: a file, or the parts of a split one; `lacking` names the first missing part.

    `unjoined` parts are volumes that cannot be read one after the other as one file; `written` is
    when the file was written to last, whatever its name says.
    """

    name: str
    time: datetime
    paths: tuple[str, ...]
    lacking: str = ""
    unjoined: bool = False
    written: datetime | None = None


def parse_date(name: str) -> datetime | None:
    """Take a date, and a time if there is one, out of a file name.

    Parameters
    ----------
    name : str
        For example ``"backup-2026-11-01.tar.gz"`` or ``"db_20261101T0315.zip"``.

    Returns
    -------
    datetime or None
        In UTC; the last valid date in the name.
    """
    date = None
    for found in _DATE.finditer(name):
        year, month, day = int(found["Y"]), int(found["m"]), int(found["d"])
        clock = (int(found["H"] or 0), int(found["M"] or 0), int(found["S"] or 0))
        try:
            date = datetime(year, month, day, *clock, tzinfo=UTC)
        except ValueError:
            continue
    return date


def series_of(name: str) -> str:
    """Return the words of an archive's name that the runs of one job have in common.

    Examples
    --------
    >>> series_of("docs-full-2026-11-01.tar.gz"), series_of("docs-incr-2026-11-02.tar.zst")
    ('docs', 'docs')
    """
    ending = _ENDING.search(name)
    words = _WORD.findall(name[: ending.start()].lower() if ending else name.lower())
    return " ".join(word for word in words if not _RUN.fullmatch(word))


def job_of(name: str) -> str:
    """Return a name without dates, ending and words like "full": what two parts differ by.

    Examples
    --------
    >>> job_of("d1-full-2026-11-01.tar.gz"), job_of("d2-2026-11-02.zip")
    ('d 1', 'd 2')
    """
    stem = _DATE.sub("", name)
    ending = _ENDING.search(stem)
    words = re.findall(r"[^\W\d_]+|\d+", (stem[: ending.start()] if ending else stem).lower())
    return " ".join(word for word in words if not _RUN.fullmatch(word))


def is_increment(name: str) -> bool:
    """Tell whether an archive is called one of what changed after another."""
    return any(_CHANGED.fullmatch(word) for word in _WORD.findall(_DATE.sub("", name).lower()))


def is_archive_name(name: str) -> bool:
    """Tell whether a name is that of an archive, or of a part of one."""
    return bool(_NAME.search(name) or _part(name) or part_of_zip(name))


def is_bare_part(name: str) -> bool:
    """Tell whether a name is that of a part, and only the content can tell of what."""
    return not (_NAME.search(name) or _PART.match(name)) and bool(_BARE_PART.match(name))


def is_beside(name: str) -> bool:
    """Tell whether a file only accompanies archives: sums, signatures, logs, tar's snapshots."""
    return name.startswith(".") or _accompanies(name)


def _accompanies(name: str) -> bool:
    return name.startswith("._") or bool(_BESIDE.search(name))  # ._ are Apple's attributes


def unfinished_of(names: Iterable[str]) -> list[str]:
    """Return those of a folder's names that tell of a download or copy which is not at its end.

    Parameters
    ----------
    names : iterable of str
        All names of the folder.

    Returns
    -------
    list of str
        In order; also what aria2 still loads under its final name.
    """
    names = set(names)
    loading = {name.removesuffix(_CONTROL) for name in names if name.endswith(_CONTROL)}
    return sorted(name for name in names if name in loading or _is_unfinished(name))


def unfinished_in(host: Host, path: str) -> list[Bundle]:
    """List what is not finished at a path, the oldest first; nothing of a file.

    Parameters
    ----------
    host : Host
        Access to the machine.
    path : str
        A folder of archives or images.

    Returns
    -------
    list of Bundle
        Each by its own name, with the time that this name or its last write tells.
    """
    if not host.stat(path).is_dir:
        return []
    found = [_bundle(host, path, name, [name]) for name in unfinished_of(host.listdir(path))]
    return sorted(found, key=lambda bundle: (bundle.time, bundle.name))


def unfinished_words(bundle: Bundle) -> str:
    """Say that a file is left out of the judgement, because its name says it is not finished."""
    return f"The unfinished file {shown(bundle.name)} is set aside."


def _is_unfinished(name: str) -> bool:
    arriving = _ARRIVING.fullmatch(name) and not _BESIDE.search(name)
    return bool(_UNFINISHED.search(name) or arriving)


def bundles_in(host: Host, path: str) -> list[Bundle]:
    """List the archives at a path, the oldest first.

    Parameters
    ----------
    host : Host
        Access to the machine.
    path : str
        A folder, an archive, or one part of a split one.

    Returns
    -------
    list of Bundle
    """
    folder, _, only = path.rpartition("/")
    is_folder = host.stat(path).is_dir
    folder = path if is_folder else folder
    listed = host.listdir(folder) if is_folder else _akin(host, folder, only)
    aside = {*unfinished_of(listed), *filter(_accompanies, listed)}
    names = [name for name in listed if is_archive_name(name) and name not in aside]
    if not is_folder and only not in names:
        names.append(only)
    groups: dict[str, list[str]] = defaultdict(list)
    for name in names:
        groups[_whole_of(name)].append(name)
    found = _volumes(host, folder, groups)
    for whole, parts in groups.items():
        found += _bundles(host, folder, whole, parts)
    kept = found if is_folder else [each for each in found if path in each.paths]
    return sorted(kept, key=lambda bundle: (bundle.time, bundle.name))


def _akin(host: Host, folder: str, only: str) -> list[str]:
    """List a file with those that may be parts of the same archive."""
    mine = numbered(only)
    if not (mine or _part(only) or part_of_zip(only) or only.lower().endswith((".zip", ".tar"))):
        return [only]
    try:
        listed = host.listdir(folder)
    except AccessError:  # who may read a file may not list what is beside it
        return [only]
    return [
        name
        for name in listed
        if _whole_of(name) == _whole_of(only)
        or (mine is not None and (other := numbered(name)) is not None and other[0] == mine[0])
    ]


def _volumes(host: Host, folder: str, groups: dict[str, list[str]]) -> list[Bundle]:
    """Take the volumes that ``tar -M`` wrote under numbered names out of the groups."""
    rows: dict[str, dict[int, str]] = defaultdict(dict)
    for whole, names in groups.items():
        # the last number of a date is none of a volume
        if names == [whole] and numbered(_DATE.sub("", whole)) and (known := numbered(whole)):
            rows[known[0]][known[1]] = whole
    found = []
    for numbers in rows.values():
        first = min(numbers)
        late = {n: continues(beginning(host, f"{folder}/{numbers[n]}")) for n in numbers}
        if not any(late.values()):
            continue
        names = [numbers[n] for n in sorted(numbers)]
        lost = "part 1" if late[first] else lacking(numbers, first)
        found.append(_bundle(host, folder, names[0], names, lost, unjoined=True))
        for name in names:
            del groups[name]
    return found


def _bundles(host: Host, folder: str, whole: str, names: list[str]) -> list[Bundle]:
    """Make one archive of its parts, or one of each if these are whole themselves."""
    if names == [whole]:
        return [_bundle(host, folder, whole, names)]
    parts = {name: found[1] for name in names if (found := part_of_zip(name))}
    if parts and whole in names and parts_of(host, f"{folder}/{whole}") == 1:
        return [_bundle(host, folder, whole, [whole])]  # the others are left of an earlier one
    if parts:
        ordered = [*sorted(parts, key=parts.__getitem__), *[n for n in names if n not in parts]]
        lost = lacking(parts.values(), 1) or ("" if whole in names else "last part")
        return [_bundle(host, folder, whole, ordered, lost, unjoined=True)]
    if whole not in names:
        return [_bundle(host, folder, whole, names, _lacking(names))]
    others = sorted((name for name in names if name != whole), key=_number)
    starts = [beginning(host, f"{folder}/{name}") for name in others]
    if any(map(continues, starts)):
        lost = lacking(map(_number, others), 2)
        return [_bundle(host, folder, whole, [whole, *others], lost, unjoined=True)]
    if all(
        format_of(start) or cipher_of(start, name)
        for start, name in zip(starts, others, strict=True)
    ):
        # what logrotate and cp --backup leave: older ones, each whole
        return [_bundle(host, folder, name, [name]) for name in names]
    return [_bundle(host, folder, whole, names, _lacking(names))]


def _whole_of(name: str) -> str:
    if spanned := part_of_zip(name):
        return spanned[0]
    part = _part(name)
    return part["whole"] if part else name


def _part(name: str) -> re.Match[str] | None:
    if _NAME.search(name) or _is_unfinished(name):
        return None
    return _PART.match(name) or _BARE_PART.match(name)


def _bundle(
    host: Host,
    folder: str,
    whole: str,
    names: list[str],
    lost: str = "",
    *,
    unjoined: bool = False,
) -> Bundle:
    ordered = names if unjoined else sorted(names, key=_number)
    paths = tuple(f"{folder}/{name}" for name in ordered)
    newest = max(host.stat(path).mtime_ns for path in paths)
    written = instant(newest) or datetime.fromtimestamp(0, UTC)
    named = parse_date(whole)
    same_day = named is not None and named.date() == written.date()
    time = written if named is None or same_day else named
    return Bundle(whole, time, paths, lost, unjoined, written)


def _number(name: str) -> int:
    """Count the parts of a split file: ``001`` and ``ab`` are both the second or first of a row."""
    part = _part(name)
    if part is None:
        return -1
    if part["part"].isdigit():
        return int(part["part"])
    number = 0
    for letter in part["part"].lower():
        number = number * 26 + ord(letter) - ord("a")
    return number


def _lacking(names: list[str]) -> str:
    numbers = sorted(map(_number, names))
    letters = any(not re.search(r"\d$", name) for name in names)
    first = numbers[0] if numbers[0] == 1 and not letters else 0
    for wanted, number in enumerate(numbers, first):
        if number != wanted:
            return f"part {wanted - first + 1}"
    return ""
