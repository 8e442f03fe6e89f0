"""Where the programs of backups put copies, read from their command lines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from verifier.configs import Configured, without_password
from verifier.configs.environment import of_variables
from verifier.schedules._shell import Command

__all__ = ["CONFIGURED", "destinations"]

# programs whose destinations are in their own configuration, and the options that name the file
CONFIGURED = {
    "borgmatic": ("borgmatic", ("-c", "--config")),
    "rsnapshot": ("rsnapshot", ("-c",)),
    "btrbk": ("btrbk", ("-c", "--config")),
    "sanoid": ("sanoid", ("--configdir",)),
    "duply": ("duply", ()),
}
# options that take the next word
_RSYNC = frozenset(
    {"-e", "--rsh", "-f", "--filter", "--exclude", "--include", "--exclude-from", "--include-from",
     "--files-from", "--link-dest", "--backup-dir", "--log-file", "--bwlimit", "--password-file",
     "-M", "-T", "--temp-dir", "--partial-dir", "--compare-dest", "--copy-dest", "--timeout",
     "--rsync-path", "--chmod", "--chown", "--max-size", "--min-size", "-B", "--suffix", "--port"}
)  # fmt: skip
_RCLONE = frozenset(
    {"--config", "--exclude", "--include", "--filter", "--filter-from", "--exclude-from",
     "--log-file",
     "--log-level", "--transfers", "--checkers", "--bwlimit", "--backup-dir", "--suffix",
     "--max-age",
     "--min-age", "--retries", "--include-from", "--stats", "--drive-chunk-size", "--compare-dest",
     "--max-delete", "--max-size", "--min-size", "--tpslimit", "--timeout", "--contimeout"}
)  # fmt: skip


def destinations(command: Command, where: str) -> tuple[Configured, ...]:
    """Return where one command puts copies.

    Parameters
    ----------
    command : Command
        A program with its words.
    where : str
        Where the command stands.

    Returns
    -------
    tuple of Configured
        Empty for programs that are not known, and for runs that make no copy.
    """
    name = command.words[0].rpartition("/")[2]
    reader = _READERS.get(name)
    if reader is None:
        return ()
    home = dict(command.variables).get("HOME", "")
    return tuple(
        replace(one, address=home + one.address[1:]) if one.address.startswith("~/") else one
        for one in reader(command, where)
        if _somewhere(one)
    )


def _somewhere(found: Configured) -> bool:
    """Tell whether an address says where it is: no unknown variable, no path from who knows."""
    address = found.address
    if not address or address == "-" or "$" in address:
        return False
    return found.tool in {"zfs", "syncoid"} or address[0] in "/~" or ":" in address


def _plain(words: Sequence[str], with_value: frozenset[str] = frozenset()) -> list[str]:
    """Return the words that are no options, and no values of options."""
    found: list[str] = []
    position = 0
    while position < len(words):
        word = words[position]
        if word == "--":
            return [*found, *words[position + 1 :]]
        if word.startswith("-") and word != "-":
            position += 2 if word in with_value else 1
            continue
        found.append(word)
        position += 1
    return found


def _option(words: Sequence[str], *names: str) -> str:
    """Return the value of an option, written ``-r X`` or ``--repo=X``; empty if it is not there."""
    for position, word in enumerate(words):
        for name in names:
            if word == name and position + 1 < len(words):
                return words[position + 1]
            if name.startswith("--") and word.startswith(f"{name}="):
                return word[len(name) + 1 :]
    return ""


def _has(words: Sequence[str], *starts: str) -> bool:
    return any(word == start or word.startswith(f"{start}=") for word in words for start in starts)


def _rsync(command: Command, where: str) -> Iterator[Configured]:
    words = command.words[1:]
    plain = _plain(words, _RSYNC)
    if len(plain) < 2 or _has(words, "--dry-run", "-n", "--list-only"):
        return
    deletes = any(word == "--del" or word.startswith("--delete") for word in words)
    keeps = _has(words, "--backup", "-b", "--backup-dir", "--link-dest", "--compare-dest")
    mirrors = f"rsync --delete in {where}" if deletes and not keeps else ""
    yield Configured("rsync", plain[-1], where, None, tuple(plain[:-1]), mirrors=mirrors)


def _rclone(command: Command, where: str) -> Iterator[Configured]:
    words = command.words[1:]
    plain = _plain(words, _RCLONE)
    if len(plain) < 3 or _has(words, "--dry-run", "-n"):
        return
    verb = plain[0]
    if verb not in {"sync", "copy", "move", "copyto", "bisync"}:
        return
    mirrors = ""
    if verb in {"sync", "bisync"} and not _has(words, "--backup-dir", "--suffix"):
        mirrors = f"rclone {verb} in {where}"
    yield Configured("rclone", plain[2], where, None, (plain[1],), mirrors=mirrors)


def _restic(command: Command, where: str) -> Iterator[Configured]:
    words = command.words[1:]
    valued = frozenset({"-r", "--repo", "-p", "--password-file", "-o", "--tag", "-H", "--host",
                        "--exclude", "-e", "--exclude-file", "--iexclude", "--cache-dir",
                        "--password-command", "--limit-upload", "--files-from"})  # fmt: skip
    plain = _plain(words, valued)
    if plain[:1] not in (["backup"], ["copy"]) or _has(words, "--dry-run", "-n"):
        return
    variables = dict(command.variables)
    named = _option(words, "-r", "--repo")
    if named:
        variables["RESTIC_REPOSITORY"] = named
    if password := _option(words, "-p", "--password-file"):
        variables["RESTIC_PASSWORD_FILE"] = password
    variables.pop("BORG_REPO", None)
    sources = tuple(plain[1:])
    for one in of_variables(variables, where):
        yield Configured(
            "restic", one.address, where, "restic", sources, one.password_file, note=one.note
        )


def _borg(command: Command, where: str) -> Iterator[Configured]:
    valued = frozenset({"-C", "--compression", "-e", "--exclude", "--exclude-from", "--comment",
                        "--checkpoint-interval", "--lock-wait", "--remote-path", "--rsh", "-r",
                        "--repo", "--patterns-from", "--pattern", "--umask"})  # fmt: skip
    plain = _plain(command.words[1:], valued)
    if plain[:1] != ["create"] or len(plain) < 2 or _has(command.words, "--dry-run", "-n"):
        return
    repository = plain[1].partition("::")[0] or dict(command.variables).get("BORG_REPO", "")
    repository = _option(command.words, "-r", "--repo") or repository
    yield Configured("borg", without_password(repository), where, "borg", tuple(plain[2:]))


def _duplicity(command: Command, where: str) -> Iterator[Configured]:
    urls = [word for word in command.words[1:] if "://" in word]
    verbs = {"verify", "restore", "list-current-files", "collection-status", "cleanup",
             "remove-older-than", "remove-all-but-n-full"}  # fmt: skip
    if verbs & set(command.words[1:]) or not urls:
        return
    last = without_password(urls[-1]).removeprefix("file://")
    plain = [word for word in command.words[1:] if word.startswith("/")]
    yield Configured("duplicity", last, where, "duplicity", tuple(plain[-1:]))


def _two_paths(command: Command, where: str) -> Iterator[Configured]:
    """Read ``TOOL [OPTIONS] SOURCE DESTINATION``."""
    name = command.words[0].rpartition("/")[2]
    plain = _plain(command.words[1:], frozenset({"--exclude", "--include", "--sshkey", "-p"}))
    if plain[:1] == ["backup"]:
        plain = plain[1:]
    if len(plain) >= 2:
        address = plain[-1].replace("::", ":", 1) if name == "rdiff-backup" else plain[-1]
        kind = "rdiff-backup" if name == "rdiff-backup" else None
        yield Configured(name, address, where, kind, tuple(plain[:-1]))


def _tar(command: Command, where: str) -> Iterator[Configured]:
    words = command.words[1:]
    creates = any(
        word == "--create" or (not word.startswith("--") and "c" in word and position == 0)
        or (word.startswith("-") and not word.startswith("--") and "c" in word[1:])
        for position, word in enumerate(words)
    )  # fmt: skip
    if not creates:
        return
    named = _option(words, "--file", "-f")
    for position, word in enumerate(words[:-1]):
        bundle = word.lstrip("-") if not word.startswith("--") and "/" not in word else ""
        if not named and bundle.endswith("f") and (word.startswith("-") or position == 0):
            named = words[position + 1]
    sources = tuple(word for word in words if word.startswith("/") and word != named)
    yield Configured("tar", named or command.output, where, None, sources)


def _dump(command: Command, where: str) -> Iterator[Configured]:
    named = _option(command.words, "-f", "--file", "-D", "--pgdata", "--result-file", "-r")
    name = command.words[0].rpartition("/")[2]
    yield Configured(name, named or command.output, where, note="a dump of a database")


def _output(command: Command, where: str) -> Iterator[Configured]:
    """Take what a compressor at the end of a pipe writes for the copy."""
    if command.piped and command.output:
        name = command.words[0].rpartition("/")[2]
        yield Configured(name, command.output, where)


def _zfs(command: Command, where: str) -> Iterator[Configured]:
    plain = _plain(command.words[1:], frozenset({"-o", "-x"}))
    if plain[:1] in (["recv"], ["receive"]) and len(plain) > 1:
        yield Configured("zfs", plain[-1], where, "zfs")


def _btrfs(command: Command, where: str) -> Iterator[Configured]:
    plain = _plain(command.words[1:], frozenset({"-f"}))
    if plain[:1] == ["receive"] and len(plain) > 1:
        yield Configured("btrfs", plain[-1], where)


def _dar(command: Command, where: str) -> Iterator[Configured]:
    if base := _option(command.words, "-c", "--create"):
        root = _option(command.words, "-R", "--fs-root")
        folder = base.rpartition("/")[0]
        yield Configured("dar", folder or base, where, None, (root,) if root else ())


def _bup(command: Command, where: str) -> Iterator[Configured]:
    plain = _plain(command.words[1:], frozenset({"-d", "--bup-dir", "-n", "--name", "-r"}))
    if plain[:1] == ["save"]:
        variables = dict(command.variables)
        home = variables.get("HOME", "")
        place = _option(command.words, "-r", "--remote", "-d", "--bup-dir")
        place = place or variables.get("BUP_DIR", f"{home}/.bup" if home else "")
        yield Configured("bup", place, where, None, tuple(plain[1:]))


_Reader = Callable[[Command, str], Iterator[Configured]]
_READERS: dict[str, _Reader] = {
    "rsync": _rsync,
    "rclone": _rclone,
    "restic": _restic,
    "borg": _borg,
    "duplicity": _duplicity,
    "rdiff-backup": _two_paths,
    "syncoid": _two_paths,
    "cp": _two_paths,
    "scp": _two_paths,
    "tar": _tar,
    "pg_dump": _dump,
    "pg_dumpall": _dump,
    "pg_basebackup": _dump,
    "mysqldump": _dump,
    "mariadb-dump": _dump,
    "gzip": _output,
    "zstd": _output,
    "xz": _output,
    "gpg": _output,
    "zfs": _zfs,
    "btrfs": _btrfs,
    "dar": _dar,
    "bup": _bup,
}
