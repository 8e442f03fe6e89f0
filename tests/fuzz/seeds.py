"""Sound inputs of parsers for which no recorded sample lies in tests/verifier/samples."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import struct
import tarfile
import zipfile
import zlib
from datetime import UTC, datetime
from functools import cache

from tests.verifier.probes.bacula_writer import VolumeWriter

FIB_TRIE = ("  |-- 192.0.2.2\n     /32 host LOCAL\n  |-- 192.0.2.3\n     /32 link UNICAST\n",)
ROUTES = (
    (
        "Iface\tDestination\tGateway\tFlags\tRefCnt\tUse\tMetric\tMask\tMTU\tWindow\tIRTT\n"
        "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0\n"
        "docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0\n"
    ),
    f"fd{'0' * 30} 40 {'0' * 32} 00 {'0' * 32} 00000100 00000001 00000000 00000001 docker0\n",
)
IF_INET6 = ("fd000000000000000000000000000002 02 40 00 80     eth0\n",)
HOSTS = ("127.0.0.1 localhost\n192.0.2.2 box box.lan # here\n::1 ip6-localhost\n",)
EXPORTS = (
    '/srv/photos *(ro,fsid=0)\n"/srv/my disk" 192.0.2.0/24(rw)\n/srv/x\\040y \\\n nas(ro)\n',
)
SMB = ('[global]\nworkgroup = X\n[photos]\npath = /srv/photos\n; a comment\n[x]\npath="/srv/%u"\n',)
SMART = (
    '{"rotation_rate": 7200, "model_name": "ST4000DM004"}',
    '{"rotation_rate": 0, "scsi_model_name": "x"}',
)
MTX = (
    (
        "  Storage Changer /dev/sg3:1 Drives, 3 Slots\n"
        "Data Transfer Element 0:Full (Storage Element 1 Loaded):VolumeTag = ADA001L8\n"
        "      Storage Element 2:Full :VolumeTag=ADA002L8\n      Storage Element 3:Empty\n"
    ),
)
ZFS_GET = (
    (
        "tank/photos\tguid\t123\ntank/photos@a\tcreation\t1764115200\ntank/photos@a\tguid\t7\n"
        "tank/photos\treadonly\ton\ntank/photos\tencryption\taes-256-gcm\n"
    ),
)
REPLICATION = (
    (
        '{"fed_from": "nas:/photos", "newest": "2026-11-20T00:00:00Z", '
        '"source_newest": "2026-11-21T00:00:00Z"}'
    ),
    "fed_from = nas:/photos\nnewest = 2026-11-20T00:00:00Z\n",
)
BORG_FILES = (
    (
        "- broken 9 \0p/a.jpg\0002026-11-23T00:25:09.5\0d healthy 0 \0p\0\0"
        "h healthy 0 p/a.jpg\0p/b.jpg\0\0"
    ),
)
DAR_NAMES = ("photos.1.dar\nphotos.2.dar\nother.00001.dar\n",)
BUP_LOG = ("1764115200 refs/heads/photos\n1764118800 refs/heads/photos\n",)
GIT_TREE = (
    (
        "100644 blob 0123456789abcdef0123456789abcdef01234567   20000\tphotos/a.jpg\0"
        "120000 blob 0123456789abcdef0123456789abcdef01234567      40\tphotos/link\0"
        "100644 blob 0123456789abcdef0123456789abcdef01234567     400\tbig.bup/00/0f\0"
    ),
)
ANNEX_KEYS = (
    f"SHA256E-s20000--{'ab' * 32}.jpg",
    "WORM-s3-m1764115200--a.txt",
    "URL--http&c%%x",
    f"SHA256E-s20000-S1000-C3--{'ab' * 32}.jpg",
)
ANNEX_POINTERS = (f"/annex/objects/SHA256E-s5--{'ab' * 32}.jpg\n",
                  f"../.git/annex/objects/aa/bb/K/SHA256E-s5--{'cd' * 32}.jpg")  # fmt: skip
GIT_CONFIG = ('[core]\n\tbare = false\n[annex]\n\tuuid = 0-1-2\n\tversion = 10\n[remote "x"]\n',)
ANNEX_LOG = ("0-1 usb timestamp=1764115200.5s\n0-2 semitrusted timestamp=1764115201s\n",)
ANNEX_GREP = (f"git-annex:aaa/bbb/SHA256E-s5--{'ab' * 32}.jpg.log:1764115200.1s 1 0-1\n",)
RCLONE_LSJSON = (
    (
        '[{"Path":"a/b.jpg","Name":"b.jpg","Size":3,"ModTime":"2026-11-20T00:00:00.123456789Z",'
        '"IsDir":false,"Hashes":{"md5":"x"}},{"Path":"a","Size":-1,"ModTime":"","IsDir":true}]'
    ),
)
RCLONE_HASHSUM = (f"{'ab' * 16}  a/b.jpg\n{' ' * 32}  c\n",)
RCLONE = (
    "[cloud]\ntype = s3\nprovider = AWS\n[vault]\ntype = crypt\nremote = cloud:b/p\n",
    (
        "[u]\ntype = union\nupstreams = c: /x:ro u2:\n[c]\ntype = combine\nupstreams = d=a: e=/x\n"
        "[a]\ntype = alias\nremote = s:p\n[s]\ntype = sftp\nhost = NAS\n[u2]\ntype = union\n"
        "upstreams = a:\n[w]\ntype = webdav\nurl = https://a@b/c\n"
    ),
)
SSH = ("Host nas\n  HostName 192.0.2.7\n  Port 2222\nMatch host x exec y\n  User z\n",)
CONFIGS: dict[str, tuple[str | bytes, ...]] = {
    "borgmatic": (
        ("location:\n  source_directories: [/home]\n  repositories:\n    - path: ssh://a@b/./c\n"
        "retention:\n  keep_daily: 7\nstorage:\n  encryption_passphrase: x\n"),
        "repositories: [/mnt/borg]\nkeep_weekly: 4\n",
    ),
    "btrbk": (("volume /mnt/pool\n  snapshot_dir snaps\n  target send-receive ssh://nas/b\n"
              "  subvolume home\n  target_preserve 20d 10w\n"),),
    "duply": ("TARGET='file:///mnt/b'\nSOURCE='/home'\nMAX_AGE=1M\nexport X=1\n",),
    "environment": (("export RESTIC_REPOSITORY=s3:https://a/b\nRESTIC_PASSWORD_FILE=/x\n"
                    'BORG_REPO="ssh://u:p@h/x"\n'),),
    "lsyncd": (('sync {\n default.rsyncssh,\n source="/a",\n host="b",\n targetdir="/c",\n'
               " delete=false\n}\n-- sync { }\n--[[ x ]]\n"),),
    "rclone": RCLONE,
    "rsnapshot": ("snapshot_root\t/mnt/s/\nretain\tdaily\t7\nbackup\t/home/\tlocalhost/\n",),
    "sanoid": (("[tank/photos]\nuse_template = production\n[template_production]\n"
               "autosnap = yes\nhourly = 36\n"),),
    "syncthing": (('<configuration version="37"><folder id="a" path="/a" type="sendreceive">'
                  '<versioning type="simple"/><paused>false</paused></folder></configuration>'),),
}  # fmt: skip
BACULA_RUNS = ("Full 1st sun at 23:05", "Incremental mon-sat at 11:05pm", "1-15 jan,mar hourly")
BACULA = (
    (
        'Schedule {\n  Name = "WeeklyCycle"\n  Run = Full 1st sun at 23:05\n'
        "  Run = Incremental mon-sat at 23:05\n}\n"
        'JobDefs { Name = "Default"; Type = Backup; Schedule = "WeeklyCycle"; Storage = File1 }\n'
        'Job { Name = "home"; JobDefs = "Default" } # x\n'
    ),
)
CALENDARS = ("Mon..Fri *-*-* 10:00:00", "*-*~1 03:00", "daily", "*:0/15", "2026-1/2-1,15 00..04:00")
ANACRONTAB = (
    "SHELL=/bin/sh\n1\t5\tcron.daily\trun-parts /etc/cron.daily\n@monthly 45 x tar cf /a\n",
)
SHELL = (
    "#!/bin/sh\nexport A=/mnt; restic -r $A/r backup /home && rsync -a --delete /a ${B:-/b}\n",
    (
        "0 3 * * * root sh -c 'borg create /r::x /home' | gzip > /mnt/x.gz\n"
        "*/5 1-4 * jan mon ada flock -n /l tar czf /mnt/a.tgz /home\n"
        "@daily root . /etc/x; duply p backup\n"
    ),
    "[Unit]\n[Service]\nEnvironmentFile=-/etc/x\nExecStart=/bin/sh -c 'rclone sync /a b:c'\n",
    (
        "@daily root duplicity --full-if-older-than 1M /home file:///mnt/d; bup -d /b save -n h h\n"
        "@daily root borg create -C lz4 /b::{now} /h; rdiff-backup backup /h ada@nas::/r\n"
        "@daily root zfs send -i a t/h@b | ssh nas zfs receive -o x=y b/h; dar -c /d/a -R /h\n"
        "@daily root btrfs send /h/.s | btrfs receive /b; syncoid t/h nas:b/h; pg_dump -f /d/s db\n"
        "@daily root rsync -a --delete --link-dest=/o --backup-dir /o /h/ nas:/r; cp -a /h /mnt/c\n"
    ),
)
BORG_CONFIG = (f"[repository]\nversion = 1\nappend_only = 0\nid = {'ab' * 32}\nkey = hqlh\n",)
VEEAM = (
    (
        b'<OibSummary><Backup JobName="PC" EncryptionState="0" /><Point Num="1" Type="0" />'
        b'<OIB VmName="PC" CreationTimeUtc="11/20/2026 03:00:00" ApproxSize="1000"'
        b' IsCorrupted="False" IsConsistent="True" />'
        b"<PrevFileName>a.vbk</PrevFileName></OibSummary>"
    ),
)
VEEAM_META = (
    (
        b'<?xml version="1.0"?><BackupMeta><Backup Id="b" JobName="PC" EncryptionState="0"/>'
        b'<Storage Id="s" FilePath="PC.vbk" CreationTime="11/20/2026 03:00:00"/>'
        b'<Point Id="p" BackupId="b" Num="1" Type="0"/><Object Id="o" Name="PC"/>'
        b'<OIB StorageId="s" PointId="p" ObjectId="o" VmName="PC" ApproxSize="5"/></BackupMeta>'
    ),
)
DUPLICITY_NAMES = (
    (
        "duplicity-full.20261123T002521Z.manifest\nduplicity-full.20261123T002521Z.vol1.difftar.gz\n"
        "duplicity-full-signatures.20261123T002521Z.sigtar.gz\n"
        "duplicity-inc.20261123T002521Z.to.20261124T002521Z.vol1.difftar.gpg\n"
        "duplicity-inc.20261123T002521Z.to.20261124T002521Z.manifest.gpg\n"
        "duplicity-new-signatures.20261123T002521Z.to.20261124T002521Z.sigtar.gz\n"
    ),
)
DUPLICITY = (
    (
        f"Hostname box\nLocaldir /home/ada\nVolume 1:\n    StartingPath   .  \n    EndingPath a \n"
        f"    Hash SHA1 {'ab' * 20}\nVolume 2:\n    Hash SHA1 {'cd' * 20}\n"
    ),
)
BAGIT = (f"{'ab' * 32}  data/a.jpg\n{'cd' * 32} *data/b%0Ac.jpg\n",)
RDIFF_NAMES = (
    (
        "current_mirror.2026-11-20T03:00:00+01:00.data\n"
        "mirror_metadata.2026-11-20T03:00:00+01:00.snapshot.gz\n"
        "mirror_metadata.2026-11-19T03-00-00+01-00.diff.gz\nsession_statistics.x\nincrements\n"
    ),
)
RDIFF = (
    b"File .\n  Type dir\n  ModTime 1764115200\nFile a.jpg\n  Type reg\n  Size 20000\n"
    b"  SHA1Digest "
    + b"ab" * 20
    + b"\n  ModTime 1764115200\n  Uid 0\nFile b\\n\n  Type reg\n  Size 3\n",
)


def _segment(*entries: tuple[int, bytes]) -> bytes:
    parts = [b"BORG_SEG"]
    for tag, body in entries:
        rest = struct.pack("<IB", 9 + len(body), tag) + body
        parts.append(struct.pack("<I", zlib.crc32(rest)) + rest)
    return b"".join(parts)


BORG_SEGMENTS = (
    _segment((0, b"k" * 32 + b"\x02data"), (1, b"k" * 32), (2, b"")),
    _segment((0, bytes(32) + b"\x03x" * 300), (2, b"")),
)
BORG_INDEXES = (
    struct.pack("<8siibb", b"BORG_IDX", 1, 2, 32, 8)
    + b"k" * 32 + struct.pack("<II", 0, 8) + b"z" * 32 + struct.pack("<II", 0xFFFFFFFF, 0),
)  # fmt: skip


@cache
def bacula_volumes() -> tuple[bytes, ...]:
    """Return a volume with a full and an incremental job, and one of small blocks."""
    volume = VolumeWriter()
    volume.job(1, "F", {"/photos/a.jpg": b"a" * 3000, "/photos/b.jpg": b"b" * 10}, 20)
    volume.job(2, "I", {"/photos/c.jpg": b"c"}, 21, deleted=("/photos/a.jpg",))
    small = VolumeWriter(block_bytes=200, checksums=False)
    small.job(1, "F", {"/a": b"x" * 500}, 20)
    return volume.content, small.content


@cache
def bacula_labels() -> tuple[bytes, ...]:
    """Return what the records of session labels hold."""
    found = []
    for content in bacula_volumes()[:1]:
        at = content.find(b"Bacula 1.0 immortal", 100)
        while at >= 0:
            found.append(content[at : at + 300])
            at = content.find(b"Bacula 1.0 immortal", at + 1)
    return tuple(found)


@cache
def _tar() -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, size in (("photos/a.jpg", 700), ("photos/índex " + "x" * 120, 3), ("./b", 0)):
            info = tarfile.TarInfo(name)
            info.size, info.mtime = size, 1764115200.25
            archive.addfile(info, io.BytesIO(b"p" * size))
        for kind, name in ((tarfile.SYMTYPE, "link"), (tarfile.LNKTYPE, "hard")):
            info = tarfile.TarInfo(name)
            info.type, info.linkname = kind, "photos/a.jpg"
            archive.addfile(info)
    return file.getvalue()


@cache
def archives() -> tuple[bytes, ...]:
    """Return one small archive as tar in several spellings, packed, and as zip."""
    gnu = io.BytesIO()
    with tarfile.open(fileobj=gnu, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name in ("y" * 200, "photos/"):
            info = tarfile.TarInfo(name)
            info.size = 20
            info.type = b"D" if name.endswith("/") else tarfile.REGTYPE
            archive.addfile(info, io.BytesIO(b"Ya.jpg\0Nb.jpg\0\0abcde"))
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as packed:
        packed.writestr("photos/a.jpg", b"p" * 700, zipfile.ZIP_DEFLATED)
        packed.writestr("photos/b.jpg", b"q" * 70)
        link = zipfile.ZipInfo("link")
        link.external_attr = 0o120777 << 16
        packed.writestr(link, "photos/a.jpg")
    return (_tar(), gnu.getvalue(), zipped.getvalue(), gzip.compress(_tar(), mtime=0),
            _zstd(_tar()), lzma.compress(_tar()))  # fmt: skip


@cache
def compressed() -> tuple[bytes, ...]:
    """Return some text in each compression."""
    import lz4.frame

    data = b"photos of 2026\n" * 300
    raw = lzma.compress(
        data, lzma.FORMAT_RAW,
        filters=[{"id": lzma.FILTER_LZMA1, "dict_size": 1 << 16, "lc": 3, "lp": 0, "pb": 2}],
    )  # fmt: skip
    lzip = b"LZIP\x01\x10" + raw + struct.pack("<IQQ", zlib.crc32(data), len(data), len(raw) + 26)
    return (gzip.compress(data, mtime=0), bz2.compress(data), lzma.compress(data), _zstd(data),
            lzma.compress(data, lzma.FORMAT_ALONE), lz4.frame.compress(data), lzip)  # fmt: skip


def _zstd(data: bytes) -> bytes:
    from backports import zstd

    return zstd.compress(data, options={zstd.CompressionParameter.checksum_flag: 1})


@cache
def disc_images() -> tuple[bytes, ...]:
    """Return a small image for each tree of names."""
    from pycdlib import PyCdlib

    found = []
    for options in ({}, {"rock_ridge": "1.09"}, {"joliet": 3}, {"udf": "2.60"}):
        disc = PyCdlib()
        disc.new(interchange_level=3, **options)
        more = {}
        if "rock_ridge" in options:
            more["rr_name"] = "a.jpg"
        if "joliet" in options:
            more["joliet_path"] = "/a.jpg"
        if "udf" in options:
            more["udf_path"] = "/a.jpg"
        disc.add_fp(io.BytesIO(b"p" * 3000), 3000, "/A.JPG;1", **more)
        made = io.BytesIO()
        disc.write_fp(made)
        disc.close()
        found.append(made.getvalue()[: 1 << 18])
    return tuple(found)


@cache
def pieces() -> tuple[bytes, ...]:
    """Return a listing as the catalogue keeps it."""
    from verifier.catalogue._pieces import cuts, packed_listing
    from verifier.files import FileFact, Gathering

    gathered = Gathering()
    for name in ("a", "photos/b.jpg", "photos/c d.jpg"):
        gathered.add(name, FileFact(20, 1764115200_000000000))
    files = gathered.files()
    return tuple(packed_listing(files, cut, [0]) for cut in cuts(files))


@cache
def locations() -> tuple[str, ...]:
    """Return a location as the catalogue keeps it."""
    from verifier.catalogue._documents import dumped
    from verifier.inventory import Depth, Evidence, Fact, Location, State

    return (
        dumped(
            Location(
                "usb", "directory", "/mnt/usb", State.READ, files=3, size_bytes=60,
                coverage=Fact(1.0, Evidence.MEASURED, "all"), depth=Depth.BYTES,
                last_seen=datetime(2026, 11, 20, tzinfo=UTC),
            )
        ),
    )  # fmt: skip
