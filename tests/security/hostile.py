"""Names that nobody gives a file or a copy who does not want something to break."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

__all__ = ["MARK", "NAME", "hostile_layout"]

MARK = "owned"
# out of text, an attribute, a style, a title, a picture and a comment; a formula that is none
NAME = (
    f"""</script></style></title></svg>--><img src=x onerror="document.title='{MARK}'">"""
    f"""<script>document.title='{MARK}'</script>'"` onload={MARK} [/bold] {{{{7*7}}}} """
    r"""$\frac{$ $\unknown$ %s {0} &lt;"""
)
_FREE = frozenset(
    {"name", "site", "credentials", "from", "tool", "key", "account", "provider", "label", "media",
     "kept", "lineage"}
)  # fmt: skip
_MAPS = frozenset({"sites", "media", "keys"})


def hostile_layout(path: Path, to: Path) -> None:
    """Write a layout again, each of its free words followed by a hostile name."""
    import tomli_w

    raw = tomllib.loads(path.read_text("utf-8"))
    known = {*raw.get("sites", {}), *raw.get("media", {}), *raw.get("keys", {})}
    known |= {copy["name"] for copy in raw["copies"]}
    to.write_text(tomli_w.dumps(_worse(raw, "", known)), "utf-8")


def _worse(thing: Any, key: str, known: set[str]) -> Any:
    if isinstance(thing, dict):
        return {
            (_bad(name) if key in _MAPS else name): _worse(value, name, known)
            for name, value in thing.items()
        }
    if isinstance(thing, list):
        return [_worse(item, key, known) for item in thing]
    reference = key in {"media", "kept"}  # presets and "parent" are words of the format
    if isinstance(thing, str) and key in _FREE and (thing in known or not reference):
        return _bad(thing)
    return thing


def _bad(name: str) -> str:
    return f"{name} {NAME}"
