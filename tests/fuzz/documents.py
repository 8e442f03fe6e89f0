"""How bytes get into what wants a file or a whole machine: layouts, set-ups, recordings, tables."""

from __future__ import annotations

import contextlib
import json
import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from verifier.host import Host
from verifier.remotes.rclone_config import Base, account_of, parse_config, server_of

__all__ = [
    "catalogue", "catalogues", "checkpoint", "checkpoints", "layout", "layouts", "lifetimes",
    "members", "opened", "recording", "recordings", "remote", "schedules", "setup", "setups",
    "space", "spaces", "ssh_config", "tables",
]  # fmt: skip

ROOT = Path(__file__).parents[2]
NOW = datetime(2026, 11, 26, tzinfo=UTC)
Call = Callable[[bytes], object]

SETUP = """name = "family photos"
[policy]
max_age = "8 days"
min_offsite_km = 50
depth = "bytes"
[source]
path = "/home/ada/photos"
site = "home"
[sites.home]
location = [52.37, 4.90]
[[locations]]
name = "usb"
path = "/mnt/usb/photos"
site = "home"
offline = true
last_seen = 2026-11-20
[[locations]]
name = "cloud"
kind = "restic"
address = "s3:https://s3.example.org/bucket"
password_file = "~/.config/restic-password"
[[locations]]
name = "mail"
kind = "declared"
files = 3
bytes = 1000
[[accept]]
rule = "two-media"
location = "usb"
reason = "later"
until = 2027-03-01
"""


def ssh_config(looked_up: Callable[..., object], data: bytes) -> object:
    """Look up a server in a user's configuration."""
    file = str(Path("~/.ssh/config").expanduser())
    return looked_up(_answering(f"read {file}", data), "nas")


def schedules(scheduled: Callable[[Host], object], data: bytes) -> object:
    """Let every scheduler read the same bytes; each scheduler's folder holds one file."""
    text = data.decode("utf-8", "surrogateescape")
    facts: dict[str, object] = {
        "read /etc/crontab": text, "list /etc/cron.d": ["x"], "read /etc/cron.d/x": text,
        "read /etc/anacrontab": text, "read /etc/x": text, "read /l": text,
        "list /etc/systemd/system": ["x.timer", "x.service", "timers.target.wants"],
        "list /etc/systemd/system/timers.target.wants": ["x.timer"],
        "read /etc/systemd/system/x.timer": text, "read /etc/systemd/system/x.service": text,
        "resolve /etc/systemd/system/x.timer": "/etc/systemd/system/x.timer",
        "resolve /etc/systemd/system/x.service": "/etc/systemd/system/x.service",
        "read /etc/bacula/bacula-dir.conf": text, "read /etc/passwd": text,
        "read /etc/lsyncd.conf": text, "stat /etc/lsyncd.conf": _FILE,
    }  # fmt: skip
    return scheduled(Host.replay(facts))


def remote(resolve: Callable[..., Iterable[Base]], data: bytes) -> object:
    """Ask what each remote of a configuration stands for."""
    remotes = parse_config(data.decode("utf-8", "surrogateescape"))
    bases = [base for name in remotes for base in resolve(f"{name}:x/y", remotes)]
    return [(server_of(base.options), account_of(base.options)) for base in bases]


_FILE = {"mode": 0o100644, "size": 1, "mtime_ns": 0, "dev": 1, "ino": 1}


def _answering(question: str, data: bytes) -> Host:
    return Host.replay({question: data.decode("utf-8", "surrogateescape")})


def members(scratch: Path) -> Call:
    """List and hash an archive's files."""
    from verifier.probes.members import members as listed

    file, host = scratch / "archive", Host()

    def call(data: bytes) -> None:
        file.write_bytes(data)
        for _ in listed(host, (str(file),), read=True):
            pass

    return call


def opened(scratch: Path) -> Call:
    """Open those files of an archive that a drill would ask for."""
    from verifier.probes.members import opened as contents

    file, host = scratch / "opened", Host()
    wanted = frozenset({"photos/a.jpg", "photos/b.jpg", "link", "hard", "b", "../x", "etc/passwd"})

    def call(data: bytes) -> None:
        file.write_bytes(data)
        for one in contents(host, (str(file),), wanted):
            for _ in one.chunks:
                pass

    return call


def layout(scratch: Path) -> Call:
    """Load a layout; what loads is also simulated, with few trials."""
    import riskmodel as rm
    from riskmodel.layout import load_layout

    file = scratch / "layout.toml"

    def call(data: bytes) -> None:
        file.write_bytes(data)
        found = load_layout(file)
        loss = rm.simulate(found, horizon="1 year", seed=1, method="events", trials=16)
        if not 0.0 <= loss.probability <= 1.0:
            message = f"a probability of {loss.probability}"
            raise AssertionError(message)

    call(layouts(scratch)[0])  # compiles the engine, which writes its cache
    return call


def layouts(scratch: Path) -> tuple[bytes, ...]:
    """Return the layouts that come with the program."""
    return tuple(file.read_bytes() for file in sorted((ROOT / "data" / "layouts").glob("*.toml")))


def space(scratch: Path) -> Call:
    """Read a space of alternatives."""
    from riskmodel.space import read_space

    file = scratch / "space.toml"

    def call(data: bytes) -> None:
        file.write_bytes(data)
        read_space(file)

    return call


def spaces(scratch: Path) -> tuple[bytes, ...]:
    """Return the space of the README."""
    rows = ('"copies.usb disk" = [true, false]', '"copies.nas.store.level" = ["raid5", "raid6"]')
    return ("\n".join(("[space]", *rows)).encode(),)


def setup(scratch: Path) -> Call:
    """Load a set-up file, and say what an audit of it would do."""
    from verifier.datasets import load_setups
    from verifier.plan import plan, plan_document, plan_text

    file = scratch / "setup.toml"

    def call(data: bytes) -> None:
        file.write_bytes(data)
        for one in load_setups(file):
            steps = plan(one, None)
            plan_text(one.name, steps)
            json.dumps(plan_document(one.name, steps), allow_nan=False)

    return call


def setups(scratch: Path) -> tuple[bytes, ...]:
    """Return a set-up with a location of every sort, and one of datasets."""
    several = (
        '[[datasets]]\nname = "a"\nsource = { path = "/a" }\n'
        '[[datasets.locations]]\nname = "b"\npath = "/b"\n'
    )
    return SETUP.encode(), several.encode()


def recording(scratch: Path) -> Call:
    """Judge a recorded audit, and show the verdict in every way."""
    import matplotlib.font_manager  # noqa: F401 - starts fc-list, once in a new home

    from verifier import show
    from verifier.audit_page import audit_page
    from verifier.monitoring import nagios
    from verifier.recorded import recorded_audit
    from verifier.recording import read

    file = scratch / "recording.json"

    def call(data: bytes) -> None:
        file.write_bytes(data)
        audits = [recorded_audit(file, now=NOW)]
        show.texts(audits, 80)
        json.dumps(show.documents(audits), allow_nan=False)
        audit_page(audits, auditor="", digest="")
        nagios(audits)
        recorded_audit(file, now=NOW, recordings=(read(file),))

    return call


def recordings(scratch: Path) -> tuple[bytes, ...]:
    """Record two real audits: of files, and of copies that are described."""
    from verifier.recorded import recorded_audit
    from verifier.setup import Setup, bare_setup

    dice = random.Random(1)
    for name in ("live/a.jpg", "live/b/c.jpg", "copy/a.jpg", "copy/b/c.jpg"):
        file = scratch / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(dice.randbytes(100))
    made = []
    for number, what in enumerate((
        bare_setup(str(scratch / "live"), [str(scratch / "copy")]),
        Setup.from_dict({"source": {"path": str(scratch / "live")}, "locations": [
            {"name": "mail", "kind": "declared", "files": 3, "bytes": 10, "site": "x",
             "newest": NOW, "media": "hdd"},
            {"name": "gone", "path": str(scratch / "gone"), "offline": True}]}),
    )):  # fmt: skip
        kept = scratch / f"kept-{number}.json"
        recorded_audit(what, now=NOW, keep=kept)
        made.append(kept.read_bytes())
    return tuple(made)


def catalogue(scratch: Path) -> Call:
    """Compare the runs that a catalogue keeps."""
    from riskmodel.errors import InputError
    from verifier.catalogue import Catalogue, CatalogueError
    from verifier.diff_text import diff_document, texts
    from verifier.diffing import diffs

    file = scratch / "catalogue.db"

    def call(data: bytes) -> None:
        for left in scratch.glob("catalogue.db*"):
            left.unlink()
        file.write_bytes(data)
        try:
            found = diffs(Catalogue(str(file)))
        except CatalogueError as problem:
            raise InputError(str(problem)) from None
        texts(found)
        json.dumps([diff_document(one) for one in found], allow_nan=False)

    return call


def catalogues(scratch: Path) -> tuple[bytes, ...]:
    """Make a catalogue of two real audits."""
    from verifier.catalogue import Catalogue
    from verifier.recorded import recorded_audit
    from verifier.setup import bare_setup

    where = scratch / "made"
    for name in ("live/a.jpg", "copy/a.jpg"):
        (where / name).parent.mkdir(parents=True, exist_ok=True)
        (where / name).write_bytes(b"photo" * 9)
    what = bare_setup(str(where / "live"), [str(where / "copy")])
    book = Catalogue(str(where / "made.db"))
    for _ in range(2):
        recorded_audit(what, now=datetime.now(UTC), catalogue=book)
    return ((where / "made.db").read_bytes(),)


def lifetimes(scratch: Path) -> Call:
    """Fit laws to a table of drives."""
    from riskmodel.fitting.media_file import media_toml
    from riskmodel.fitting.result import fit_lifetimes, read_lifetimes
    from riskmodel.fitting.text import fit_text

    file = scratch / "lifetimes"

    def call(data: bytes) -> None:
        file.write_bytes(data)
        seen = read_lifetimes([file])
        if len(data) < 1000:  # a fit takes a while
            fit = fit_lifetimes(seen)
            fit_text(fit)
            media_toml(fit, "fleet")

    return call


def tables(scratch: Path) -> tuple[bytes, ...]:
    """Return a table of lifetimes as CSV, zip and Parquet, and a day of Drive Stats."""
    import gzip
    import io
    import zipfile

    import pyarrow as pa
    import pyarrow.parquet as pq

    dice = random.Random(1)
    rows = [(0, dice.randrange(1, 2000), n % 2, "ABC"[n % 3], n % 5) for n in range(30)]
    lines = [
        "start_age_days,end_age_days,failed,model,batch",
        *(",".join(map(str, r)) for r in rows),
    ]
    plain = ("\n".join(lines) + "\n").encode()
    stats = b"date,serial_number,model,capacity_bytes,failure,smart_9_raw\n" + b"".join(
        b"2024-01-%02d,Z%d,ST4000,4000787030016,%d,%d\n" % (day, n, n == day, 20000 + 24 * day)
        for day in range(1, 4)
        for n in range(3)
    )
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data/2024-01-01.csv", stats)
    packed = io.BytesIO()
    names = ("start_age_days", "end_age_days", "failed")
    table = pa.table({name: np.array([row[n] for row in rows]) for n, name in enumerate(names)})
    pq.write_table(table, packed)
    return plain, stats, zipped.getvalue(), gzip.compress(plain, mtime=0), packed.getvalue()


def checkpoint(scratch: Path) -> Call:
    """Go on with a run from a checkpoint."""
    import riskmodel as rm
    from riskmodel.layout import load_layout

    file = scratch / "checkpoint"
    found = load_layout(ROOT / "data" / "layouts" / "one-external-disk.toml")

    def call(data: bytes) -> None:
        file.write_bytes(data)
        rm.simulate(
            found, horizon="1 year", seed=1, method="events", trials=64, checkpoint=str(file)
        )

    call(b"")
    return call


def checkpoints(scratch: Path) -> tuple[bytes, ...]:
    """Leave a real checkpoint."""
    with contextlib.suppress(FileNotFoundError):
        (scratch / "checkpoint").unlink()
    checkpoint(scratch)
    return ((scratch / "checkpoint").read_bytes(),)
