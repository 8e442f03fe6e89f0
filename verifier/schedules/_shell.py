"""Enough of the shell's language to see which programs a command or a script runs."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Command", "commands"]

_MAX_LINES = 5000
_NAME = re.compile(r"\$(?:\{(\w+)(?::?-([^}]*))?\}|(\w+))")
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)=(.*)", re.DOTALL)
# words before a program that do not change what it does
_WRAPPERS = frozenset(
    {"nice", "ionice", "chrt", "flock", "sudo", "env", "timeout", "chronic", "nohup", "setsid",
     "systemd-inhibit", "systemd-run", "systemd-cat", "caffeinate", "time", "exec", "if", "then",
     "else", "do", "while", "until", "!", "{", "(", "su", "runuser", "unbuffer", "cronic",
     "ssh-agent", "elif"}
)  # fmt: skip
_WITH_VALUE = frozenset({"-n", "-c", "-u", "-k", "-s", "-w", "-E", "-p", "-t", "-g"})
_SEPARATORS = frozenset({";", "&&", "||", "|", "&", ";;", "|&", ")", "("})
_REDIRECTS = frozenset({">", ">>", "<", ">|", ">&", "<<", "&>"})


@dataclass(frozen=True, slots=True)
class Command:
    """One program with its words, variables put in.

    Parameters
    ----------
    words : tuple of str
        The program and its arguments, without wrappers such as ``nice``.
    variables : tuple of (str, str)
        Variables that are set when it runs, as far as the text says.
    output : str
        The file that its output goes to; empty if it goes nowhere.
    piped : bool
        Whether it reads what the command before it writes.
    """

    words: tuple[str, ...]
    variables: tuple[tuple[str, str], ...] = ()
    output: str = ""
    piped: bool = False


def commands(text: str, variables: dict[str, str]) -> Iterator[Command]:
    """Yield the programs that a command line or a script would run, in the order of the text.

    Parameters
    ----------
    text : str
        One or many lines; both branches of an ``if`` are taken.
    variables : dict
        What is set before; assignments in the text are added to it.

    Yields
    ------
    Command
    """
    joined = re.sub(r"\\\r?\n", " ", text)
    for line in joined.splitlines()[:_MAX_LINES]:
        lexer = shlex.shlex(line, posix=True, punctuation_chars=";&|()<>")
        lexer.whitespace_split = True
        lexer.commenters = ""
        try:
            tokens = list(_uncommented(lexer))
        except ValueError:
            continue  # an open quote: text for another program
        yield from _simple(tokens, variables)


def _uncommented(lexer: shlex.shlex) -> Iterator[str]:
    for token in lexer:
        if token.startswith("#"):
            return
        yield token


def _simple(tokens: list[str], variables: dict[str, str]) -> Iterator[Command]:
    part: list[str] = []
    piped = False
    for token in [*tokens, ";"]:
        if token not in _SEPARATORS:
            part.append(token)
            continue
        if part:
            if (found := _command(part, variables, piped=piped)) is not None:
                yield found
            part = []
        piped = token in {"|", "|&"}


def _command(part: list[str], variables: dict[str, str], *, piped: bool) -> Command | None:
    words: list[str] = []
    output = ""
    tokens = iter(part)
    for token in tokens:
        if token in _REDIRECTS:
            target = next(tokens, "")
            output = _filled(target, variables) if token in {">", ">>", ">|"} else output
            continue
        words.append(token)
    local = dict(variables)
    while words:
        head = words[0]
        if head == "export" and len(words) > 1:
            words = words[1:]
        elif found := _ASSIGNMENT.fullmatch(head):
            local[found[1]] = _filled(found[2], local)
            words = words[1:]
        elif head.rpartition("/")[2] in _WRAPPERS:
            words = _unwrapped(words)
        else:
            break
    if not words:
        variables |= local
        return None
    filled = tuple(_filled(word, local) for word in words)
    return Command(filled, tuple(local.items()), output, piped)


def _unwrapped(words: list[str]) -> list[str]:
    """Take away a wrapper with its options and the one plain value that some of them want."""
    name, rest = words[0].rpartition("/")[2], words[1:]
    while rest and rest[0].startswith("-"):
        option, rest = rest[0], rest[1:]
        if name in {"su", "runuser"} and option == "-c" and rest:
            return ["sh", "-c", rest[0]]
        if name == "flock" and option == "-c" and rest:
            return ["sh", "-c", rest[0]]
        alone = name in {"flock", "chronic"} and option in {"-n", "-s", "-u"}
        if option in _WITH_VALUE and not alone and len(rest) > 1 and not rest[0].startswith("-"):
            rest = rest[1:]
    if name in {"flock", "timeout", "su"} and rest:
        rest = rest[1:]
        if name == "flock" and rest[:1] == ["-c"] and len(rest) > 1:
            return ["sh", "-c", rest[1]]
        if name == "su" and rest[:1] == ["-c"] and len(rest) > 1:
            return ["sh", "-c", rest[1]]
    return rest


def _filled(text: str, variables: dict[str, str]) -> str:
    """Put variables in; one that is not known stays as it is written."""

    def value(found: re.Match[str]) -> str:
        name = found[1] or found[3]
        if name in variables:
            return variables[name]
        return found[2] if found[2] is not None else found[0]

    return _NAME.sub(value, text)[:4096]
