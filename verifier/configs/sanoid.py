"""sanoid.conf: which ZFS datasets get snapshots, how often, and how many are kept."""

from __future__ import annotations

import configparser

from verifier.configs._model import Configured

__all__ = ["PLACES", "parse"]

PLACES = ("/etc/sanoid/sanoid.conf",)
_UNITS = {
    "frequently": 0.25,
    "hourly": 1.0,
    "daily": 24.0,
    "weekly": 7 * 24.0,
    "monthly": 31 * 24.0,
    "yearly": 366 * 24.0,
}
_ON = frozenset({"1", "yes", "true", "on"})


def parse(text: str, where: str) -> tuple[Configured, ...]:
    """Read a configuration of sanoid.

    Parameters
    ----------
    text : str
        The file.
    where : str
        Its path.

    Returns
    -------
    tuple of Configured
        One for each dataset whose snapshots are taken by it.

    Raises
    ------
    ValueError
        If it is no such file.
    """
    reader = configparser.RawConfigParser(strict=False, inline_comment_prefixes=("#",))
    try:
        reader.read_string(text)
    except configparser.Error as error:
        message = f"not understood: {type(error).__name__}"
        raise ValueError(message) from None
    found = []
    for name in reader.sections():
        if name.startswith("template_"):
            continue
        options: dict[str, str] = {}
        for used in reader.get(name, "use_template", fallback="").split(","):
            section = f"template_{used.strip()}"
            if reader.has_section(section):
                options |= dict(reader.items(section))
        options |= dict(reader.items(name))
        if options.get("autosnap", "").lower() not in _ON:
            continue
        kept = {unit: options[unit] for unit in _UNITS if _count(options.get(unit)) > 0}
        found.append(
            Configured(
                "sanoid",
                name,
                where,
                "zfs",
                retention=f"keep {', '.join(f'{unit} {n}' for unit, n in kept.items())}",
                interval_hours=min((_UNITS[unit] for unit in kept), default=None),
                note="snapshots of sanoid in the pool of their origin",
            )
        )
    return tuple(found)


def _count(text: str | None) -> int:
    return int(text) if text and text.strip().isdecimal() else 0
