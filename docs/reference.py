"""Parts of these pages that are made of the program itself: ``{made} commands riskmodel``.

What is typed by hand goes stale. Commands, keys, rules, kinds of locations, the score and the
depths come from the code that acts on them; the sentence about each key of the files stands in
``keys.toml``, and the build fails where a key has none.
"""

from __future__ import annotations

import importlib
import inspect
import tomllib
import typing
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from docutils import nodes
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

__all__ = ["KEYS", "made", "setup"]

KEYS = Path(__file__).parent / "keys.toml"
_HIDDEN = frozenset({"Range", "Defaults", "ranges", "sampled_defaults"})  # no file spells these


class Made(SphinxDirective):
    """Put made text where it is asked for."""

    required_arguments = 1
    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the nodes of the text."""
        return self.parse_text_to_nodes(made(*self.arguments), allow_section_headings=True)


def made(what: str, of: str = "") -> str:
    """Return Markdown.

    Parameters
    ----------
    what : str
        ``commands`` (of a program), ``keys`` (of a file), ``rules`` (a group of them), ``kinds``,
        ``damages``, ``score``, ``examples`` or ``presets``.
    of : str
        Which.
    """
    return _MAKERS[what](of)


def _commands(program: str) -> str:
    """Describe every command as its own ``--help`` does."""
    import typer.main

    group: Any = typer.main.get_command(importlib.import_module(f"{program}.cli").app)
    above = group.make_context(program, [], resilient_parsing=True)
    parts = []
    for name, command in group.commands.items():
        context = command.context_class(command, info_name=name, parent=above)
        usage = command.get_usage(context).removeprefix("Usage: ")
        parts.append(f"## {program} {name}\n\n{_escaped(inspect.cleandoc(command.help or ''))}\n")
        parts.append(f"```text\n{' '.join(usage.split())}\n```\n")
        records = (one.get_help_record(context) for one in command.params)
        parts += [f"`{said}`\n: {_escaped(text)}\n" for said, text in filter(None, records)]
    return "\n".join(parts)


def _keys(file: str) -> str:
    """Describe every key of a file: what it expects, what holds without it, what it means."""
    if file == "layout":
        from riskmodel.layout import Layout as Top
    else:
        from verifier.setup import Setup as Top
    sentences = tomllib.loads(KEYS.read_text("utf-8"))
    parts = []
    for model in _models(Top):
        name = model.__name__
        known = sentences[file].get(name) or sentences["layout"].get(name, {})
        if file == "setup" and name in sentences["layout"] and name not in sentences["setup"]:
            continue  # sites, keys and laws are those of the layout file
        own = {field.alias or key: field for key, field in model.model_fields.items()}
        own = {key: field for key, field in own.items() if key not in _HIDDEN}
        about = known.get("")
        if set(own) != set(known) - {""} or not about:
            odd = sorted(set(own) ^ (set(known) - {""}))
            raise ExtensionError(f"{KEYS.name}: {file}.{name}: {odd or 'no heading'} in one only")
        heading, _, text = about.partition(": ")
        parts.append(f"### {heading}\n\n{text}\n")
        parts += [
            f"`{key}` {_expects(field)}\n: {known[key]}"
            + ("" if "; else " in known[key] else _default(field))
            + "\n"
            for key, field in own.items()
        ]
    return "\n".join(parts)


def _models(top: type[BaseModel], met: list[type[BaseModel]] | None = None) -> list[Any]:
    """Return the tables of a file, each after the first that names it."""
    met = [] if met is None else met
    if top not in met and top.__name__ not in _HIDDEN:
        met.append(top)
        for key, field in top.model_fields.items():
            for model in _named_in(field.annotation) if key not in _HIDDEN else ():
                _models(model, met)
    return met


def _named_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in typing.get_args(annotation):
        yield from _named_in(part)


def _expects(field: FieldInfo) -> str:
    """Say in a few words what a key takes."""
    from pydantic import TypeAdapter

    wanted: Any = field.annotation
    for extra in field.metadata:
        wanted = typing.Annotated[wanted, extra]
    return f"({_shape(TypeAdapter(wanted).json_schema())})"


def _shape(schema: dict[str, Any]) -> str:
    parts = [one for one in schema.get("anyOf", [schema]) if one.get("type") != "null"]
    return " or ".join(dict.fromkeys(_one_shape(one) for one in parts))


def _one_shape(one: dict[str, Any]) -> str:
    if "$ref" in one or "properties" in one:
        name = one.get("$ref", one.get("title", "")).rpartition("/")[2]
        return "a law" if name == "Law" else "table"
    if "description" in one:
        return str(one["description"])
    if "enum" in one:
        return ", ".join(f'`"{word}"`' for word in one["enum"])
    kind = {"string": "text", "boolean": "true or false", "number": "number"}
    kind |= {"integer": "whole number", "object": "table", "array": "list"}
    if "const" in one:
        return str(one["const"]).lower()
    if one.get("format") == "date-time":
        return "date"
    return kind.get(one.get("type", ""), "date")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return " **Required.**"
    plain = field.default
    if plain is None or isinstance(plain, BaseModel) or not isinstance(plain, str | int | float):
        return ""
    quantity = next((one for one in field.metadata if type(one).__name__ == "Kind"), None)
    if quantity is not None:
        from riskmodel.units import written

        plain = written(plain, quantity.name)
    shown = {True: "true", False: "false"}.get(plain, plain) if isinstance(plain, bool) else plain
    return f" Unless stated: `{shown}`."


def _rules(group: str) -> str:
    """Describe the rules of a group: the gates, the practice beside them, or the findings."""
    from verifier import rules

    listed: Any = getattr(rules, f"{group.upper()}_RULES")
    return "\n".join(
        f"`{one.rule.id}`\n: {one.rule.title}. {one.rule.risk} *{one.rule.remediation}*\n"
        for one in listed
    )


def _kinds(_: str) -> str:
    from verifier.kinds import kind_documents

    told = kind_documents().items()
    return "\n".join(f"`{kind}`\n: {_escaped(one['text'])}\n" for kind, one in told)


def _damages(_: str) -> str:
    """Make the table of depths and damages."""
    from verifier.depths import DAMAGES, shallowest
    from verifier.probes import KINDS

    rows: dict[tuple[str, ...], list[str]] = {}
    for kind in KINDS:
        if kind not in {"tape", "declared", "borg2", "kopia", "veeam"}:
            row = tuple(shallowest(kind, damage).word for damage in DAMAGES)
            rows.setdefault(row, []).append(f"`{kind}`")
    head = (
        "| kinds | " + " | ".join(DAMAGES.values()) + " |\n" + "|---" * (1 + len(DAMAGES)) + "|\n"
    )
    body = (f"| {', '.join(kinds)} | {' | '.join(row)} |" for row, kinds in rows.items())
    return head + "\n".join(body) + "\n"


def _score(_: str) -> str:
    from verifier.score import explained

    return f"```text\n{explained()}\n```\n"


def _examples(_: str) -> str:
    from riskmodel.examples import example_files
    from riskmodel.layout import load_layout

    files = ((name, load_layout(file)) for name, file in example_files().items())
    return "\n".join(f"`{name}`\n: {_escaped(layout.name)}\n" for name, layout in files)


def _presets(group: str) -> str:
    from riskmodel.preset_catalogue import presets

    listed: dict[str, Any] = getattr(presets(), group)
    return "\n".join(f"`{name}`\n: {_escaped(one.about)}\n" for name, one in listed.items())


def _escaped(text: str) -> str:
    return text.replace("<", "\\<").replace("*", "\\*").replace("$", "\\$").replace("_", "\\_")


_MAKERS: dict[str, Callable[[str], str]] = {
    "commands": _commands,
    "keys": _keys,
    "rules": _rules,
    "kinds": _kinds,
    "damages": _damages,
    "score": _score,
    "examples": _examples,
    "presets": _presets,
}


def setup(app: Sphinx) -> dict[str, bool]:
    """Tell Sphinx about the directive."""
    app.add_directive("made", Made)
    return {"parallel_read_safe": True}
