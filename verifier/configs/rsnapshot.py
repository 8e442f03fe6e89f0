"""rsnapshot.conf: fields are separated by tabs."""

from __future__ import annotations

import re

from verifier.configs._model import Configured

__all__ = ["PLACES", "parse"]

PLACES = ("/etc/rsnapshot.conf", "/etc/rsnapshot.d/*.conf")


def parse(text: str, where: str) -> tuple[Configured, ...]:
    """Read a configuration of rsnapshot.

    Parameters
    ----------
    text : str
        The file.
    where : str
        Its path.

    Returns
    -------
    tuple of Configured
        The snapshot root; none if there is none.
    """
    root, sources, kept = "", [], []
    for line in text.splitlines():
        fields = re.split(r"\t+", line.strip())
        if len(fields) < 2 or fields[0].startswith("#"):
            continue
        if fields[0] == "snapshot_root":
            root = fields[1].strip().rstrip("/") or "/"
        elif fields[0] == "backup":
            sources.append(fields[1].strip())
        elif fields[0] in {"retain", "interval"} and len(fields) > 2:
            kept.append(f"{fields[1].strip()} {fields[2].strip()}")
    if not root:
        return ()
    retention = f"retain {', '.join(kept)}" if kept else ""
    return (
        Configured(
            "rsnapshot", root, where, None, tuple(sources), None, retention=retention,
            note="an rsnapshot root",
        ),
    )  # fmt: skip
