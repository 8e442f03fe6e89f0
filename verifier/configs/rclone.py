"""rclone.conf: the remotes that somebody configured."""

from __future__ import annotations

import configparser

from verifier.configs._model import Configured

__all__ = ["PLACES", "parse"]

PLACES = ("~/.config/rclone/rclone.conf", "~/.rclone.conf", "/etc/rclone.conf")
# these stand for another remote or a local path, which is listed by itself
_LAYERS = frozenset({"alias", "cache", "chunker", "compress", "combine", "hasher", "union"})


def parse(text: str, where: str) -> tuple[Configured, ...]:
    """Read a configuration of rclone; secrets are not kept.

    Parameters
    ----------
    text : str
        The file.
    where : str
        Its path.

    Returns
    -------
    tuple of Configured
        One for each remote; none if the file is encrypted.

    Raises
    ------
    ValueError
        If it is encrypted or no such file.
    """
    if "RCLONE_ENCRYPT_V0" in text[:500]:
        message = "the file is encrypted"
        raise ValueError(message)
    reader = configparser.RawConfigParser(strict=False, delimiters=("=",))
    try:
        reader.read_string(text)
    except configparser.Error as error:
        message = f"not understood: {type(error).__name__}"
        raise ValueError(message) from None
    found = []
    for name in reader.sections():
        kind = reader.get(name, "type", fallback="")
        if not kind or kind in _LAYERS or kind == "local":
            continue
        inner = reader.get(name, "remote", fallback="") if kind == "crypt" else ""
        note = f"an rclone remote of type {kind}" + (f" over {inner}" if inner else "")
        found.append(Configured("rclone", f"{name}:", where, "rclone", note=note))
    return tuple(found)
