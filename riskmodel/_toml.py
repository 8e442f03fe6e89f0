"""Read a TOML file from anyone: bounded, and with one clear line for whatever is wrong."""

from __future__ import annotations

import tomllib
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any

from riskmodel.errors import InputError

__all__ = ["read_toml"]

_MAX_BYTES = 4_000_000
# the standard library takes time by the square of a dotted key's parts: 60,000 are a minute
_MAX_DOTS, _MAX_SQUARES = 200, 20_000_000


def read_toml(path: Path, noun: str, *, empty: str, error: type[InputError]) -> dict[str, Any]:
    """Read the tables of a file.

    Parameters
    ----------
    path : Path
        A file or a pipe.
    noun : str
        What the file should be, for messages: ``"layout file"``.
    empty : str
        What to do about an empty file.
    error : type
        What to raise.

    Returns
    -------
    dict

    Raises
    ------
    InputError
        Of the given type, if the file cannot be read, is too large, or is no TOML.
    """
    try:
        if path.is_dir():
            raise error(f"{path}: is a folder, not a {noun}")
        with path.open("rb") as file:
            data = file.read(_MAX_BYTES + 1)
        if len(data) > _MAX_BYTES:
            raise error(f"{path}: larger than {_MAX_BYTES:,} bytes; no {noun} is")
        text = data.decode("utf-8-sig")  # some editors begin a file with a mark of its order
        _require_few_dots(path, text, error)
        raw = tomllib.loads(text)
    except error:
        raise
    except FileNotFoundError:
        raise error(f"{path}: no such file{_near(path)}") from None
    except OSError as problem:
        raise error(f"{path}: cannot be read: {problem.strerror}") from None
    except UnicodeDecodeError as problem:
        raise error(f"{path}: is no TOML: byte {problem.start} is not UTF-8") from None
    except ValueError as problem:  # not only TOMLDecodeError: a number of too many digits is none
        hint = '; text stands in "quotes"' if "Invalid value" in str(problem) else ""
        raise error(f"{path}: is no TOML: {problem}{hint}") from None
    except RecursionError:
        raise error(f"{path}: is nested too deeply") from None
    if not raw:
        raise error(f"{path}: is empty; {empty}")
    return raw


def _near(path: Path) -> str:
    try:
        there = [file.name for file in islice(path.parent.iterdir(), 1000)]
    except OSError:
        return ""
    near = get_close_matches(path.name, [name for name in there if name.endswith(".toml")], n=1)
    return f"; did you mean '{path.with_name(near[0])}'?" if near else ""


def _require_few_dots(path: Path, text: str, error: type[InputError]) -> None:
    squares = 0
    for number, line in enumerate(text.split("\n"), 1):
        dots = line.count(".")
        squares += dots * dots
        if dots > _MAX_DOTS or squares > _MAX_SQUARES:
            raise error(f"{path}: line {number}: more dots than anybody writes ({dots} in it)")
