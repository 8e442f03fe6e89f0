"""Everything that turns bytes from elsewhere into facts, each with what it may raise.

A new parser is one line in `PARSERS`; `test_registry.py` finds those that are missing.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

from riskmodel.errors import InputError, ThreeTwoOneError
from tests.fuzz import documents, seeds, trees
from verifier.catalogue._pieces import DamagedPiece
from verifier.host import Unreadable
from verifier.probes import compression, iso_image, members

__all__ = ["PARSERS", "Parser", "named"]

SAMPLES = Path(__file__).parents[1] / "verifier" / "samples"

Call = Callable[[bytes], object]
Samples = (
    tuple[str | bytes, ...]
    | tuple[str, ...]
    | tuple[bytes, ...]
    | Callable[[], tuple[str | bytes, ...]]
)


@dataclass(frozen=True, slots=True)
class Parser:
    """One parser.

    Parameters
    ----------
    name : str
        The function that it tries, by its full name, or a word for a whole command.
    prepare : callable
        Given a scratch folder, returns what takes the bytes.
    allowed : tuple of exception types
        What it may raise on hostile bytes: what its docstring says, and no more.
    samples : callable
        Given the same folder, returns sound inputs.
    words : tuple of bytes
        Words of its language, beside those that break every parser.
    needs : tuple of str
        Programs that make its samples.
    """

    name: str
    prepare: Callable[[Path], Call]
    allowed: tuple[type[Exception], ...] = ()
    samples: Callable[[Path], tuple[bytes, ...]] = lambda scratch: ()
    words: tuple[bytes, ...] = ()
    needs: tuple[str, ...] = ()


def _function(name: str) -> Callable[..., object]:
    module, _, function = name.rpartition(".")
    found: Callable[..., object] = getattr(import_module(module), function)
    return found


def _drained(answer: object) -> object:
    """Read what comes bit by bit to its end: much is only tried then."""
    if isinstance(answer, Iterator):
        for _ in answer:
            pass
    return answer


def _samples_of(patterns: tuple[str, ...], of: Samples) -> tuple[bytes, ...]:
    more = of() if callable(of) else of
    files = [file.read_bytes() for each in patterns for file in sorted(SAMPLES.glob(each))]
    return (*files, *(one.encode() if isinstance(one, str) else one for one in more))


def text(
    name: str,
    *allowed: type[Exception],
    files: tuple[str, ...] = (),
    of: Samples = (),
    more: tuple[object, ...] = (),
) -> Parser:
    """A parser of text, as `Host` decodes it; `more` are further arguments."""

    def prepare(scratch: Path) -> Call:
        parse = _function(name)
        return lambda data: _drained(parse(data.decode("utf-8", "surrogateescape"), *more))

    return Parser(name, prepare, allowed, lambda scratch: _samples_of(files, of))


def raw(
    name: str, *allowed: type[Exception], of: Samples = (), more: tuple[object, ...] = ()
) -> Parser:
    """A parser of bytes."""

    def prepare(scratch: Path) -> Call:
        parse = _function(name)
        return lambda data: _drained(parse(data, *more))

    return Parser(name, prepare, allowed, lambda scratch: _samples_of((), of))


def through(
    name: str,
    use: Callable[[Callable[..., object], bytes], object],
    *allowed: type[Exception],
    files: tuple[str, ...] = (),
    of: Samples = (),
) -> Parser:
    """A parser that wants its bytes in another way: `use(function, bytes)` gives them."""

    def prepare(scratch: Path) -> Call:
        parse = _function(name)
        return lambda data: _drained(use(parse, data))

    return Parser(name, prepare, allowed, lambda scratch: _samples_of(files, of))


def _words(data: bytes) -> list[str]:
    return data.decode("utf-8", "surrogateescape").split("\n")


def _plainly(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _unpacked(parse: Callable[..., object], data: bytes) -> None:
    form = compression.format_of(data[:512])
    if form in {"zip", "7z", "rar", "Z"}:
        return
    stream = parse(io.BytesIO(data), form)
    left = 64 << 20
    while left > 0 and (chunk := stream.read(1 << 20)):  # type: ignore[attr-defined]
        left -= len(chunk)


def _keyed(parse: Callable[..., object], data: bytes) -> object:
    from backports import zstd

    from verifier.catalogue._pieces import key_of

    return parse(key_of(data), zstd.compress(data))


def _rows(parse: Callable[..., object], data: bytes) -> object:
    return parse(data[1:], data[0] if data else 0)


PARSERS: tuple[Parser, ...] = (
    # what the system and its programs say
    text("verifier.mounts.parse_mountinfo", files=("mountinfo--*",)),
    text("verifier.mounts.parse_fib_trie", of=seeds.FIB_TRIE),
    text("verifier.networks.parse_routes", of=seeds.ROUTES),
    text("verifier.networks.parse_if_inet6", of=seeds.IF_INET6),
    text("verifier.mounts.parse_hosts", of=seeds.HOSTS),
    text("verifier.exports.parse_exports", of=seeds.EXPORTS),
    text("verifier.exports.parse_smb", of=seeds.SMB),
    text("verifier.blockdev.parse_lsblk", ValueError, files=("lsblk--*",)),
    text("verifier.blockdev.parse_mdstat", files=("mdstat--*.txt",)),
    text("verifier.blockdev.parse_lvs", ValueError, files=("lvs--*",)),
    through("verifier.blockdev.smart_medium", lambda f, data: f(_plainly(data)), ValueError,
            of=seeds.SMART),
    text("verifier.zpool.parse_zpool_status", files=("zpool-status--*",)),
    text("verifier.tapes.parse_mtx", of=seeds.MTX),
    text("verifier.tapes.tape_medium", of=("ULTRIUM-HH8", "IBM ULT3580-TD9", "LTO-7 HH")),
    text("verifier.probes.zfs.parse_get", of=seeds.ZFS_GET),
    through("verifier.probes.btrfs.parse_list",
            lambda f, data: f(*(_plainly(data).split("\f") + [""] * 3)[:3]),
            files=("btrfs-list--*",)),
    text("verifier.probes.optical.parse_udev", files=("udev-cd--*",)),
    text("verifier.probes.replica.parse_status", of=seeds.REPLICATION),
    # what backup tools say
    text("verifier.probes._restic_output.parse_snapshots", ValueError, files=("restic-snap*",)),
    text("verifier.probes._restic_output.parse_ls", ValueError, files=("restic-ls*",)),
    text("verifier.probes._restic_output.parse_key", ValueError, files=("restic-key*",)),
    text("verifier.probes._restic_output.parse_version", of=("restic 0.14.0 compiled",)),
    text("verifier.probes._borg_archives.parse_archives", ValueError, files=("borg-list*",)),
    text("verifier.probes._borg_archives.parse_files", ValueError, of=seeds.BORG_FILES),
    text("verifier.probes._borg_archives.series_of", of=("host-2026-11-27T09:00", "host")),
    text("verifier.probes.dar.parse_listing", ValueError, files=("dar-list*",)),
    through("verifier.probes.dar.slices_of", lambda f, data: f(_words(data)), of=seeds.DAR_NAMES),
    text("verifier.probes.duplicity.parse_listing", files=("duplicity-list*",)),
    text("verifier.probes.bup.parse_log", of=seeds.BUP_LOG),
    text("verifier.drills.bup.parse_tree", of=seeds.GIT_TREE),
    text("verifier.probes.annex_text.parse_key", of=seeds.ANNEX_KEYS),
    text("verifier.probes.annex_text.key_in", of=seeds.ANNEX_POINTERS),
    text("verifier.probes.annex_text.parse_tree", of=seeds.GIT_TREE),
    text("verifier.probes.annex_text.parse_config", of=seeds.GIT_CONFIG),
    text("verifier.probes.annex_text.latest", of=seeds.ANNEX_LOG),
    through("verifier.probes.annex_text.located", lambda f, data: f(_words(data)),
            of=seeds.ANNEX_GREP),
    text("verifier.remotes.rclone_host.parse_lsjson", ValueError, of=seeds.RCLONE_LSJSON),
    text("verifier.remotes.rclone_host.parse_hashsum", of=seeds.RCLONE_HASHSUM),
    # configurations and schedules
    text("verifier.remotes.rclone_config.parse_config", ValueError, of=seeds.RCLONE),
    through("verifier.remotes.rclone_config.resolve", documents.remote, ValueError,
            of=seeds.RCLONE),
    text("verifier.remotes.sftp.parse_sftp", InputError, of=("sftp://ada@nas:22/~/b",)),
    text("verifier.remotes.s3_address.parse_s3", InputError, of=("s3:https://s3.x.org/b/p",)),
    text("verifier.remotes.tool_address.server_and_path", of=("ssh://a@b:1/c", "a@b:c")),
    through("verifier.ssh_config.looked_up", documents.ssh_config, of=seeds.SSH),
    *(text(f"verifier.configs.{tool}.parse", ValueError, of=of, more=("/etc/x",))
      for tool, of in seeds.CONFIGS.items()),
    text("verifier.schedules.bacula.parse_resources", of=seeds.BACULA),
    text("verifier.schedules.bacula.parse_run", ValueError, of=seeds.BACULA_RUNS),
    text("verifier.schedules.systemd.parse_unit", files=("schedule--*.timer",)),
    text("verifier.schedules.systemd.parse_span", ValueError, of=("1h 30min", "2weeks")),
    text("verifier.schedules.systemd.parse_calendar", ValueError, of=seeds.CALENDARS),
    text("verifier.schedules.cron.parse_crontab", files=("schedule--cron*",), more=("/etc/x",)),
    text("verifier.schedules.cron.parse_anacrontab", of=seeds.ANACRONTAB, more=("/etc/x",)),
    through("verifier.schedules._shell.commands", lambda f, data: f(_plainly(data), {}),
            of=seeds.SHELL),
    through("verifier.schedules.scheduled", documents.schedules, files=("schedule--*",),
            of=(*seeds.SHELL, *seeds.BACULA)),
    # on-disk formats
    text("verifier.probes._borg_format.parse_config", ValueError, of=seeds.BORG_CONFIG),
    through("verifier.probes._borg_format.entries", lambda f, data: f(io.BytesIO(data)),
            ValueError, of=seeds.BORG_SEGMENTS),
    through("verifier.probes._borg_format.read_index", lambda f, data: f(iter([data])),
            ValueError, of=seeds.BORG_INDEXES),
    raw("verifier.probes._borg_format.key_type_of", of=seeds.BORG_SEGMENTS),
    through("verifier.probes.bacula_volume.read_volume",
            lambda f, data: f(io.BytesIO(data), check=True), of=seeds.bacula_volumes),
    raw("verifier.probes.bacula_volume.parse_session", ValueError, of=seeds.bacula_labels),
    text("verifier.probes.bacula_volume.decode_size", ValueError, of=("A B C D E F G BAA",)),
    text("verifier.probes.veeam_meta.parse_time", of=("11/26/2026 03:00:00.5Z",)),
    raw("verifier.probes.veeam_meta.parse_meta", ValueError, of=seeds.VEEAM_META),
    raw("verifier.probes.veeam_meta.parse_summary", ValueError, of=seeds.VEEAM, more=("a.vbk",)),
    through("verifier.probes._duplicity_names.parse_sets", lambda f, data: f(_words(data)),
            of=seeds.DUPLICITY_NAMES),
    text("verifier.probes._duplicity_names.parse_manifest", ValueError, of=seeds.DUPLICITY),
    through("verifier.probes.bagit.parse_manifest", lambda f, data: f(_words(data), "sha256"),
            ValueError, of=seeds.BAGIT),
    text("verifier.probes.bagit.parse_info", of=("Bagging-Date: 2026-11-26\nA: b\n c\n",)),
    through("verifier.probes.rdiff_backup.parse_names", lambda f, data: f(tuple(_words(data))),
            of=seeds.RDIFF_NAMES),
    through("verifier.probes.rdiff_backup.parse_metadata",
            lambda f, data: f(iter(data.splitlines(keepends=True))), ValueError, of=seeds.RDIFF),
    text("verifier.probes.bundles.parse_date", of=("backup-2026-11-01T0315.tar.gz",)),
    text("verifier.probes.dated.read_name", of=("2026-11-20", "daily.0", "2026-11-20-031500")),
    through("verifier.probes.compression.unpacked", _unpacked, *compression.DAMAGE, Unreadable,
            of=seeds.compressed),
    through("verifier.probes.iso_image.read_image", lambda f, data: f(io.BytesIO(data)),
            *iso_image.DAMAGE, of=seeds.disc_images),
    Parser("verifier.probes.members.members", documents.members, (*members.DAMAGE, Unreadable),
           lambda scratch: seeds.archives()),
    Parser("verifier.probes.members.opened", documents.opened, (*members.DAMAGE, Unreadable),
           lambda scratch: seeds.archives()),
    # what this program wrote, and what somebody may have put in its place
    through("verifier.catalogue._pieces.unpacked", _keyed, DamagedPiece, of=(b"abc",)),
    through("verifier.catalogue._pieces.files_of", lambda f, data: f([data], [1, 2]),
            DamagedPiece, of=seeds.pieces),
    raw("verifier.catalogue._pieces.rows_in", DamagedPiece, of=seeds.pieces),
    through("verifier.catalogue._pieces.unpacked_times", _rows, DamagedPiece, of=(b"\1" * 9,)),
    through("verifier.catalogue._pieces.unpacked_digests", _rows, DamagedPiece, of=(b"\1" * 33,)),
    text("verifier.catalogue._documents.loaded", ValueError, of=seeds.locations),
    Parser("verifier diff", documents.catalogue, (InputError,), documents.catalogues),
    Parser("verifier audit RECORDING", documents.recording, (ThreeTwoOneError,),
           documents.recordings),
    Parser("verifier audit --plan", documents.setup, (ThreeTwoOneError,), documents.setups),
    # what people write
    Parser("riskmodel.layout.load_layout", documents.layout, (ThreeTwoOneError,),
           documents.layouts),
    Parser("riskmodel.space.read_space", documents.space, (ThreeTwoOneError,), documents.spaces),
    text("riskmodel.units.parse", ValueError, ThreeTwoOneError, of=("90 days", "1.4 %/year"),
         more=("time",)),
    text("riskmodel.geodesy.read_place", ThreeTwoOneError, of=("52.37,4.90",), more=("a",)),
    Parser("riskmodel fit", documents.lifetimes, (ThreeTwoOneError,), documents.tables),
    Parser("riskmodel simulate --checkpoint", documents.checkpoint, (ThreeTwoOneError,),
           documents.checkpoints),
    # whole locations: one file of each is replaced, and the probe looks at everything
    *(Parser(f"location {tree.name}", tree.prepare, (ThreeTwoOneError,), tree.samples,
             needs=tree.needs) for tree in trees.TREES),
)  # fmt: skip


def named(name: str) -> Parser:
    """Return a parser by its name, or by the only one that ends so."""
    found = [one for one in PARSERS if one.name == name]
    found = found or [one for one in PARSERS if name in one.name]
    if len(found) != 1:
        message = f"{name}: {len(found)} parsers have this name"
        raise LookupError(message)
    return found[0]
