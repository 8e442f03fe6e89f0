"""borgmatic: 1.7 nests its options under headings, 1.8 and later do not."""

from __future__ import annotations

from typing import Any

from verifier.configs._model import Configured, without_password

__all__ = ["PLACES", "parse"]

PLACES = (
    "/etc/borgmatic/config.yaml",
    "/etc/borgmatic.d/*.yaml",
    "/etc/borgmatic.d/*.yml",
    "~/.config/borgmatic/config.yaml",
    "~/.config/borgmatic.d/*.yaml",
)
_HEADINGS = ("location", "storage", "retention", "consistency", "output", "hooks")
_KEEP = ("within", "secondly", "minutely", "hourly", "daily", "weekly", "monthly", "yearly")


def parse(text: str, where: str) -> tuple[Configured, ...]:
    """Read a configuration of borgmatic; passphrases are not kept.

    Parameters
    ----------
    text : str
        The file.
    where : str
        Its path.

    Returns
    -------
    tuple of Configured
        One for each repository.

    Raises
    ------
    ValueError
        If it is no YAML or no such file.
    """
    import yaml

    try:
        raw = yaml.safe_load(text)
    except (yaml.YAMLError, RecursionError) as error:
        message = f"not YAML: {type(error).__name__}"
        raise ValueError(message) from None
    if not isinstance(raw, dict):
        message = "no options in it"
        raise ValueError(message)
    options: dict[str, Any] = dict(raw)
    for heading in _HEADINGS:
        inner = raw.get(heading)
        if isinstance(inner, dict):
            options |= inner
    # only words: aliases in YAML can stand for more than any memory holds
    folders = _list(options.get("source_directories"))
    sources = tuple(one for one in folders if isinstance(one, str))
    kept = ((unit, options.get(f"keep_{unit}")) for unit in _KEEP)
    keep = [f"{unit} {count}" for unit, count in kept if isinstance(count, int | str)]
    if options.get("encryption_passphrase"):
        note = f"the passphrase is in {where}"
    else:
        note = "the passphrase is not in the configuration"
    found = []
    for one in _list(options.get("repositories")):
        path = one.get("path") if isinstance(one, dict) else one
        if not isinstance(path, str) or not path:
            continue
        found.append(
            Configured(
                "borgmatic",
                without_password(path.removeprefix("file://")),
                where,
                "borg",
                sources=sources,
                retention=f"keep {', '.join(keep)}" if keep else "",
                note=note,
            )
        )
    return tuple(found)


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
