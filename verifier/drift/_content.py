"""What a few bytes of a file tell: what its name says, the work of a cipher, or neither.

Compressed formats look random too, so randomness alone says nothing: a file is *scrambled* only if
its bytes are random where files of its kind have none, or its kind's first bytes are gone. One byte
again and again is *wiped* where a kind has more; elsewhere it may be a disk image not yet written.
"""

from __future__ import annotations

import math
from collections import Counter
from enum import StrEnum

__all__ = ["PIECE_BYTES", "Look", "ending_of", "entropy", "looks", "random_bytes"]

PIECE_BYTES = 4096
# 255 degrees of freedom: random bytes stay below it 999 times in 1000
CHI_SQUARE_LIMIT = 330.52
_LEAST_FOR_CHI = 1280  # five expected in each of 256 bins, the usual condition of the test
_LEAST = 64
_LEAST_BLANK = 8  # zeros of a small file: none of a known kind begins with as many
_ERASED, _NEARLY = (b"\0", b"\xff"), 0.99  # of the bytes: a wiper may leave its mark
_HEAD_MIDDLE = 2
_SPREAD = 4.0


class Look(StrEnum):
    """What the bytes of a file look like."""

    PLAIN = "plain"
    SCRAMBLED = "scrambled"
    SEALED = "sealed"  # by a known tool: meant to be encrypted
    OPAQUE = "opaque"  # random, and nothing tells what it should be
    WIPED = "wiped"  # one byte repeated, where the kind has others
    ODD = "odd"  # one byte repeated where nothing tells, or other first bytes than its kind has
    SMALL = "small"  # too few bytes to tell


_ZIP = (0, b"PK\x03\x04")
_OLE = (0, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")
_TIFF = ((0, b"II*\0"), (0, b"MM\0*"))
_MP4 = ((4, b"ftyp"), (4, b"moov"), (4, b"mdat"), (4, b"wide"), (4, b"free"))
_MATROSKA = ((0, b"\x1a\x45\xdf\xa3"),)
_MP3 = ((0, b"ID3"), (0, b"\xff\xfb"), (0, b"\xff\xf3"), (0, b"\xff\xf2"), (0, b"\xff\xfa"))
# what the formats' own descriptions fix as first bytes
_BEGINNINGS: dict[str, tuple[tuple[int, bytes], ...]] = {
    **dict.fromkeys(("jpg", "jpeg", "jpe"), ((0, b"\xff\xd8\xff"),)),
    "png": ((0, b"\x89PNG\r\n\x1a\n"),),
    "gif": ((0, b"GIF87a"), (0, b"GIF89a")),
    "webp": ((8, b"WEBP"),),
    **dict.fromkeys(("tif", "tiff", "dng", "nef", "arw", "pef", "srw"), _TIFF),
    "cr2": _TIFF,
    "cr3": _MP4,
    "raf": ((0, b"FUJIFILM"),),
    "orf": ((0, b"IIRO"), (0, b"IIRS"), (0, b"MMOR"), *_TIFF),
    "rw2": ((0, b"IIU\0"),),
    "psd": ((0, b"8BPS"),),
    "bmp": ((0, b"BM"),),
    **dict.fromkeys(("heic", "heif", "avif", "mp4", "m4a", "m4v", "mov", "3gp"), _MP4),
    **dict.fromkeys(("mkv", "webm", "mka"), _MATROSKA),
    **dict.fromkeys(("avi", "wav"), ((0, b"RIFF"), (0, b"RF64"))),
    "flac": ((0, b"fLaC"), (0, b"ID3")),
    **dict.fromkeys(("ogg", "opus", "oga", "ogv"), ((0, b"OggS"),)),
    "mp3": _MP3,
    "pdf": ((0, b"%PDF"), (0, b"\xef\xbb\xbf%PDF")),
    **dict.fromkeys(("docx", "xlsx", "pptx", "docm", "xlsm", "pptm"), (_ZIP, _OLE)),
    **dict.fromkeys(("odt", "ods", "odp", "odg", "epub", "jar", "apk", "kmz", "whl"), (_ZIP,)),
    "zip": (_ZIP, (0, b"PK\x05\x06"), (0, b"PK\x07\x08")),
    **dict.fromkeys(("doc", "xls", "ppt", "msg", "msi"), (_OLE,)),
    **dict.fromkeys(("gz", "tgz"), ((0, b"\x1f\x8b"),)),
    **dict.fromkeys(("bz2", "tbz2"), ((0, b"BZh"),)),
    **dict.fromkeys(("xz", "txz"), ((0, b"\xfd7zXZ\0"),)),
    "zst": ((0, b"\x28\xb5\x2f\xfd"),),
    "lz4": ((0, b"\x04\x22\x4d\x18"),),
    "7z": ((0, b"7z\xbc\xaf\x27\x1c"),),
    "rar": ((0, b"Rar!\x1a\x07"),),
    "tar": ((257, b"ustar"),),
    **dict.fromkeys(("sqlite", "sqlite3"), ((0, b"SQLite format 3\0"),)),
    **dict.fromkeys(("exe", "dll"), ((0, b"MZ"),)),
    **dict.fromkeys(("so", "ko"), ((0, b"\x7fELF"),)),
    "class": ((0, b"\xca\xfe\xba\xbe"),),
    "qcow2": ((0, b"QFI\xfb"),),
}  # fmt: skip
_SEALS = (
    b"age-encryption.org/", b"Salted__", b"LUKS\xba\xbe", b"\x03\xd9\xa2\x9a", b"-----BEGIN PGP",
    b"-----BEGIN AGE", b"gocryptfs", b"$ANSIBLE_VAULT", b"BORG_KEY",
)  # fmt: skip
_SEALED_ENDINGS = frozenset(
    ("gpg", "pgp", "asc", "age", "kdbx", "kdb", "hc", "tc", "luks", "axx", "cpt", "p7m", "vault",
     "rclone", "c9r", "cryptomator")
)  # fmt: skip
_TEXT_ENDINGS = frozenset(
    ("txt", "md", "rst", "csv", "tsv", "json", "xml", "html", "htm", "css", "js", "ts", "py", "c",
     "h", "cpp", "hpp", "cc", "rs", "go", "java", "kt", "rb", "pl", "php", "sh", "sql", "log",
     "ini", "cfg", "conf", "toml", "yaml", "yml", "tex", "bib", "srt", "svg", "eml", "mbox", "vcf",
     "ics", "gpx", "kml", "xmp", "po", "rtf", "ps", "tcl", "lua", "r", "m", "swift", "cs")
)  # fmt: skip
# whose first bytes are often others: older or plainer formats go under the same names
_LOOSE = frozenset(
    ("mp3", "tar", "doc", "xls", "ppt", "msg", "so", "ko", "mp4", "m4a", "m4v", "mov", "3gp",
     "heic", "heif", "avif", "pdf", "dll", "exe", "bmp", "raf", "webp")
)  # fmt: skip
# compressed, so that no long stretch is of one byte
_PACKED = frozenset(
    ("jpg", "jpeg", "jpe", "png", "gif", "webp", "heic", "heif", "flac", "ogg", "opus", "mp3", "gz",
     "tgz", "bz2", "tbz2", "xz", "txz", "zst", "lz4", "7z", "rar")
)  # fmt: skip
# an archive of nothing is zeros, and a container has room that nothing was written to
_BLANK_AT_TIMES = frozenset(("tar", "hc", "tc", "luks", "qcow2", "sqlite", "sqlite3"))
# of two bytes only: a random file has one of them now and then
_RELIABLE = 3
_ALL_BEGINNINGS = tuple(
    {start for starts in _BEGINNINGS.values() for start in starts if len(start[1]) >= _RELIABLE}
)


def entropy(data: bytes) -> float:
    """Return the Shannon entropy of the bytes, by their frequencies.

    Parameters
    ----------
    data : bytes
        Any; short data cannot reach 8.

    Returns
    -------
    float
        In [0, 8]; 0 for nothing. [bits a byte]
    """
    count = len(data)
    return sum(n / count * math.log2(count / n) for n in Counter(data).values()) if count else 0.0


def random_bytes(data: bytes) -> bool:
    """Tell whether bytes could come from a cipher: all 256 values alike often.

    Parameters
    ----------
    data : bytes
        At least 64, else False.

    Returns
    -------
    bool
        By the chi-square test for 1,280 bytes and more (true of random bytes 999 times in 1000);
        for fewer by the number of different values, within four standard deviations.
    """
    count = len(data)
    if count < _LEAST:
        return False
    seen = Counter(data)
    if count >= _LEAST_FOR_CHI:
        expected = count / 256
        square = sum((n - expected) ** 2 for n in seen.values()) / expected
        return square + (256 - len(seen)) * expected <= CHI_SQUARE_LIMIT
    once, twice = (1 - 1 / 256) ** count, (1 - 2 / 256) ** count
    mean = 256 * (1 - once)
    variance = 256 * once + 256 * 255 * twice - (256 * once) ** 2  # of the empty cells
    return len(seen) >= mean - _SPREAD * math.sqrt(max(variance, 0.0))


def ending_of(path: str) -> str:
    """Return what stands behind the last dot of a file's name, in lower case; empty if nothing."""
    name = path[path.rfind("/") + 1 :]
    stem, dot, ending = name.rpartition(".")
    return ending.lower() if dot and stem and len(ending) <= 40 else ""


def looks(path: str, pieces: tuple[bytes, ...]) -> Look:
    """Judge a file by its name and some of its bytes.

    Parameters
    ----------
    path : str
        Its name; of ``photo.jpg.locked`` the ending before the unknown one says the kind.
    pieces : tuple of bytes
        Its beginning, and, if it is long enough, bytes of its middle and its end.

    Returns
    -------
    Look
    """
    head = pieces[0] if pieces else b""
    ending = ending_of(path)
    known = ending if _kind_known(ending) else ending_of(path[: -len(ending) - 1]) if ending else ""
    if _blank(known, head, pieces):
        sure = _kind_known(known) and known not in _BLANK_AT_TIMES
        return Look.WIPED if sure else Look.ODD
    if ending in _SEALED_ENDINGS or head.startswith(_SEALS):
        return Look.SEALED
    if len(head) < _LEAST:
        return Look.PLAIN if head and head.isascii() and head.decode().isprintable() else Look.SMALL
    if known in _TEXT_ENDINGS:
        scrambled = any(random_bytes(piece) and not _is_text(piece) for piece in pieces)
        if any(head[at : at + len(word)] == word for at, word in _ALL_BEGINNINGS):
            scrambled = False  # a packed file under the name of a text
        return Look.SCRAMBLED if scrambled else Look.PLAIN
    if _begun(known, head):
        return Look.PLAIN
    if not random_bytes(head):
        return Look.ODD if known in _BEGINNINGS and known not in _LOOSE else Look.PLAIN
    return Look.SCRAMBLED if known in _BEGINNINGS else Look.OPAQUE


def _kind_known(ending: str) -> bool:
    return ending in _BEGINNINGS or ending in _TEXT_ENDINGS or ending in _SEALED_ENDINGS


def _begun(known: str, head: bytes) -> bool:
    """Tell whether bytes begin as files of a kind do, or as those of any kind."""
    starts = (*_BEGINNINGS.get(known, ()), *_ALL_BEGINNINGS)
    return any(head[at : at + len(word)] == word for at, word in starts)


def _blank(known: str, head: bytes, pieces: tuple[bytes, ...]) -> bool:
    """Tell whether a file is one byte repeated, as far as it was looked into."""
    if len(head) < _LEAST:
        return len(head) >= _LEAST_BLANK and not any(head)
    if known in _PACKED and len(pieces) > _HEAD_MIDDLE:  # a wiper may leave the beginning
        pieces = pieces[1:]
    if all(piece == piece[:1] * len(piece) for piece in pieces):
        return True
    if known not in _BEGINNINGS or _begun(known, head):
        return False  # a black picture, silence, or room that nothing was written to
    return all(max(map(piece.count, _ERASED)) >= _NEARLY * len(piece) for piece in pieces)


def _is_text(data: bytes) -> bool:
    """Tell whether bytes are text in UTF-8, UTF-16 or a code page."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or data.count(0) * 5 > len(data):
        return True
    try:
        data[:-4].decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True
