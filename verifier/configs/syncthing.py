"""Syncthing: folders that are kept the same on several machines at once."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from verifier.configs._model import Configured

__all__ = ["PLACES", "parse"]

PLACES = ("~/.local/state/syncthing/config.xml", "~/.config/syncthing/config.xml",
          "/var/lib/syncthing/.config/syncthing/config.xml")  # fmt: skip


def parse(text: str, where: str) -> tuple[Configured, ...]:
    """Read a configuration of Syncthing; its API key is not kept.

    Parameters
    ----------
    text : str
        The file.
    where : str
        Its path.

    Returns
    -------
    tuple of Configured
        One for each shared folder on this machine.

    Raises
    ------
    ValueError
        If it is no such file.
    """
    if re.search(r"<!(DOCTYPE|ENTITY)", text):
        message = "it defines entities, which Syncthing never does"
        raise ValueError(message)
    try:
        tree = ET.fromstring(text)  # noqa: S314 - without entities, from a file of the user's own
    except ET.ParseError:
        message = "not XML"
        raise ValueError(message) from None
    found = []
    for folder in tree.findall("folder"):
        path, direction = folder.get("path", ""), folder.get("type", "sendreceive")
        versioning = folder.find("versioning")
        kept = versioning is not None and versioning.get("type")
        if not path or folder.findtext("paused") == "true":
            continue
        mirrors = "" if kept else f"Syncthing repeats deletions at once ({where})"
        if direction == "sendonly" or folder.findtext("ignoreDelete") == "true":
            mirrors = ""
        note = f"a folder that Syncthing shares ({direction})"
        found.append(
            Configured(
                "Syncthing", path, where, None, mirrors=mirrors, interval_hours=0.0, note=note
            )
        )
    return tuple(found)
