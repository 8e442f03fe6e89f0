"""The command, or the step, that makes a change; with the user's own names and paths.

Nothing here is run: it is printed for somebody who reads it first. Words in capitals are to be
filled in.
"""

from __future__ import annotations

import json
import shlex
from datetime import datetime
from typing import TYPE_CHECKING

from riskmodel.units import format_hours
from verifier.inventory import Location

if TYPE_CHECKING:
    from verifier.setup import Place, Setup

__all__ = [
    "automate",
    "backup",
    "check",
    "drive",
    "keep_key",
    "lock",
    "move",
    "offsite",
    "renew",
    "retain",
    "unplug",
]


def offsite(setup: Setup) -> str:
    """Say how to begin a copy elsewhere."""
    where = f"sftp:USER@HOST:{setup.name.replace(' ', '-')}"
    repository = shlex.quote(where)
    return (
        f"restic -r {repository} init; then restic -r {repository} backup "
        f"{shlex.quote(setup.source.path)}, daily from cron; keep the password on paper too"
    )


def drive(setup: Setup, media: str, *, offline: bool) -> str:
    """Say how to begin a copy on a drive at home."""
    what = {"usb-hdd": "a USB disk", "ssd": "an SSD"}.get(media, media)
    run = f"restic -r /mnt/NEW/restic backup {shlex.quote(setup.source.path)}"
    text = f"mount {what} at /mnt/NEW; restic -r /mnt/NEW/restic init; {run}"
    text += ", weekly" if offline else ", daily from cron"
    if offline:
        text += "; then umount /mnt/NEW, put it in a drawer, and say offline = true in the file"
    return text


def move(setup: Setup, place: Location) -> str:
    """Say how to move a copy to a drive that nothing else is on."""
    return (
        f"copy {place.address} to a drive that holds no other copy, for example rsync -a "
        f"{shlex.quote(_contents_of(place))} /mnt/NEW/, and name the new path at "
        f"{place.name} in the set-up file"
    )


def _contents_of(place: Location) -> str:
    """Return what rsync calls all that is in a folder; a file is only itself."""
    address = place.address.rstrip("/")
    files = ("tar", "zip", "archive", "iso")
    return address if place.kind in files and "." in address.rpartition("/")[2] else f"{address}/"


def renew(place: Location, now: datetime) -> str:
    """Say how a copy gets a new medium."""
    return (
        f"copy {place.address} to a new medium, compare ('verifier audit FILE --depth source'), "
        f"put it in the place of the old one, and say medium_since = {now:%Y-%m-%d} at "
        f"{place.name} in the set-up file"
    )


def backup(setup: Setup, place: Location) -> str:
    """Return the command that makes a copy anew, as far as its kind tells."""
    return _run(setup, place) or f"run the job that makes {place.name}, and read its log to the end"


def automate(setup: Setup, place: Location) -> str:
    """Return a line of cron that makes a copy every night."""
    command = _run(setup, place) or f"THE COMMAND THAT MAKES {place.name}"
    # cron ends a command at a bare percent sign
    return "crontab -e: 30 2 * * * " + command.replace("%", "\\%")


def unplug(place: Location) -> str:
    """Say how to take a copy offline."""
    return (
        f"umount and unplug the drive of {place.name} after each run, and say offline = true at "
        f"{place.name} in the set-up file"
    )


def lock(place: Location) -> str:
    """Say how to lock versions where a copy is."""
    address = place.address
    if "s3:" in address:
        bucket = address.partition("s3:")[2].removeprefix("https://").removeprefix("http://")
        bucket = [*bucket.split("/"), ""][1] or "BUCKET"
        rule = (
            '{"ObjectLockEnabled":"Enabled","Rule":{"DefaultRetention":'
            '{"Mode":"COMPLIANCE","Days":30}}}'
        )
        return (
            f"aws s3api put-object-lock-configuration --bucket {shlex.quote(bucket)} "
            f"--object-lock-configuration {shlex.quote(rule)} (the bucket needs versioning)"
        )
    if place.kind == "zfs":
        dataset = address.removeprefix("zfs:")
        newest = shlex.quote(f"{dataset}@NEWEST")
        return f"on the receiving host, as its root: zfs hold keep {newest}"
    if place.kind == "borg":
        return "on the server: borg serve --append-only in the authorized_keys of this login"
    if place.kind == "restic":
        return "put the repository behind rest-server --append-only, or in a bucket with a lock"
    return f"give {place.name} snapshots that the login used from here cannot delete"


def check(setup: Setup, place: Location) -> str:
    """Return the command that reads a copy back."""
    if place.kind == "restic":
        return f"restic -r {shlex.quote(place.address)} check --read-data"
    if place.kind == "borg":
        return f"borg check --verify-data {shlex.quote(place.address)}"
    if place.kind == "zfs":
        return f"zpool scrub {shlex.quote(place.address.removeprefix('zfs:').split('/')[0])}"
    return "verifier audit FILE --depth source, once a month ('verifier schedule' prints a timer)"


def keep_key(place: Location, key: str) -> str:
    """Say how a key gets a second home."""
    return (
        f"write the password of {place.name} on paper, give it to somebody in another house, and "
        f'say so: [keys.{shlex.quote(key)}] kept = ["HOME", "ANOTHER PLACE"]'
    )


def retain(setup: Setup, place: Location) -> str:
    """Say how a copy keeps older versions."""
    if place.kind == "restic":
        repository = shlex.quote(place.address)
        return f"restic -r {repository} forget --keep-daily 7 --keep-weekly 5 --keep-monthly 12"
    if place.kind == "borg":
        keep = "--keep-daily 7 --keep-weekly 5 --keep-monthly 12"
        return f"borg prune {keep} {shlex.quote(place.address)}"
    if place.kind == "zfs":
        return f"let sanoid keep monthly = 12 on {place.address}"
    if "s3:" in place.address:
        return "turn versioning of the bucket on, and let its lifecycle keep versions for a year"
    aged = f"retention passes once the oldest is {format_hours(setup.policy.min_retention)} old"
    if place.kind == "dated":
        return f"{aged}: let nothing delete a dated folder of {place.name} before that"
    if place.kind == "directory" and place.address.startswith("/"):
        return f"{_dated_folders(setup, place)}; {aged}, so delete none before; or use restic there"
    return f"write each run of {place.name} beside the last, under a date; {aged}"


def _dated_folders(setup: Setup, place: Location) -> str:
    """Say how a flat copy becomes a row of dated ones, which must not lie in it."""
    flat = (place.real_path or place.address).rstrip("/")
    # beside the folder that a disk is mounted at is another disk
    row = f"{flat}/dated" if place.domains.mounted.value == flat else f"{flat}-dated"
    source = shlex.quote(setup.source.path.rstrip("/") + "/")
    return (
        f'run, instead of what writes {place.name} now: DIR={shlex.quote(row)}; mkdir -p "$DIR"; '
        'LAST=$(ls -d "$DIR"/????-??-?? 2>/dev/null | grep -v "$(date +%F)$" | tail -n 1); '
        f'rsync -a ${{LAST:+--link-dest="$LAST"}} {source} "$DIR/$(date +%F)"; after the first run '
        f"say path = {json.dumps(row, ensure_ascii=False)} at {place.name} in the set-up file, and "
        "once 'verifier audit' calls the row whole, remove the flat copy"
    )


def _run(setup: Setup, place: Location) -> str:
    """Return the command that makes one more point; empty where the kind does not tell."""
    source = shlex.quote(setup.source.path)
    if place.kind == "restic":
        password = _said_of(setup, place)
        option = f" --password-file {shlex.quote(password)}" if password else ""
        return f"restic -r {shlex.quote(place.address)}{option} backup {source}"
    if place.kind == "borg":
        return f"borg create {shlex.quote(place.address + '::{now}')} {source}"
    if place.kind == "directory" and place.address.startswith("/"):
        inside = shlex.quote(setup.source.path.rstrip("/") + "/")
        return f"rsync -a {inside} {shlex.quote(place.address.rstrip('/') + '/')}"
    return ""


def _said_of(setup: Setup, place: Location) -> str | None:
    stated: Place | None = next((one for one in setup.locations if one.name == place.name), None)
    return stated.password_file if stated is not None else None
