"""The common ground of all descriptions: frozen, strict about keys, clear about mistakes."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator

from riskmodel.errors import did_you_mean, one_line

# what pydantic says of these types is about Python
_IN_PLAIN_WORDS = {
    "dict_type": "expects a table",
    "model_type": "expects a table",
    "model_attributes_type": "expects a table",
    "string_too_short": "must not be empty",
    "tuple_type": "expects a list",
}


class Described(BaseModel):
    """A piece of a description: frozen, and no key beside those that it names."""

    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True)

    @model_validator(mode="before")
    @classmethod
    def _know_every_key(cls, value: Any) -> Any:
        if isinstance(value, dict | Mapping):  # dict first: to ask an abstract class takes long
            known = cls.keys()
            for key in value:
                if key not in known and key not in cls.model_fields:
                    raise ValueError(f"unknown key '{key}'{did_you_mean(str(key), known)}")
        return value

    @classmethod
    def keys(cls) -> tuple[str, ...]:
        """Return the keys as a file spells them."""
        return _keys(cls)


@functools.cache  # pydantic makes the fields anew each time that they are asked for
def _keys(cls: type[Described]) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in cls.model_fields.items())


def first_mistake(error: ValidationError, raw: object) -> str:
    """Say in one line what is wrong first: where, which rule, which value.

    Parameters
    ----------
    error : ValidationError
        What pydantic found.
    raw : object
        What was validated; list items that carry a name are called by it.

    Returns
    -------
    str
        For example ``"copies.usb.store.drives: must be greater than or equal to 1, got 0"``.
    """
    mistakes = error.errors(include_url=False)
    mistake = mistakes[0]
    where = _place(mistake["loc"], raw)
    message = mistake["msg"].removeprefix("Value error, ")
    if mistake["type"] == "missing":
        message = "is required"
    elif mistake["type"] in _IN_PLAIN_WORDS:
        message = _IN_PLAIN_WORDS[mistake["type"]]
        if mistake["type"] == "tuple_type" and isinstance(mistake["input"], Mapping):
            message += f", got one table; does each begin with [[{where}]]?"
        elif mistake["input"] != "":
            message += f", got {_shown(mistake['input'])}"
    elif mistake["type"] == "too_long":
        most, count = mistake["ctx"]["max_length"], mistake["ctx"]["actual_length"]
        message = f"expects {most} at most, got {count or 'more'}: {_shown(mistake['input'])}"
    elif mistake["type"] != "value_error":
        message = f"{message.replace('Input should be', 'must be')}, got {_shown(mistake['input'])}"
    places = {_place(other["loc"], raw) for other in mistakes}
    more = f" (and {len(places) - 1} more)" if len(places) > 1 else ""
    return one_line((f"{where}: " if where else "") + message + more)


def _shown(value: object) -> str:
    shown = repr(value)
    return shown if len(shown) <= 60 else shown[:57] + "…"


def _place(loc: Sequence[int | str], raw: object) -> str:
    words: list[str] = []
    here: object = raw
    for part in loc:
        word = str(part)
        if "[" in word:  # pydantic's name for one side of a union, no key
            continue
        if isinstance(here, Mapping):
            here = here.get(part)
        elif isinstance(here, Sequence) and isinstance(part, int) and part < len(here):
            here = here[part]
            name = here.get("name") if isinstance(here, Mapping) else None
            word = name if isinstance(name, str) else f"{part + 1}"
        else:
            here = None
            word = f"{part + 1}" if isinstance(part, int) else word
        words.append(word)
    return ".".join(words)
