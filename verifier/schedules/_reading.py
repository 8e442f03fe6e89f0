"""Files that a scheduler may have or not: what is there and cannot be read is told."""

from __future__ import annotations

from verifier.host import AccessError, Host, Missing

__all__ = ["names_in", "text_of"]


def names_in(host: Host, folder: str, unread: list[str]) -> tuple[str, ...]:
    """Return the names in a folder of the system.

    Parameters
    ----------
    host : Host
        Access to the machine.
    folder : str
        What to read.
    unread : list of str
        Gets a sentence if it is there and cannot be read.

    Returns
    -------
    tuple of str
        Empty if it is not there or cannot be read.
    """
    try:
        return host.listdir(folder)
    except Missing:
        return ()
    except AccessError as problem:
        unread.append(f"{folder}: {problem.reason}")
        return ()


def text_of(host: Host, path: str, unread: list[str]) -> str:
    """Return the text of a file of the system.

    Parameters
    ----------
    host : Host
        Access to the machine.
    path : str
        What to read.
    unread : list of str
        Gets a sentence if it is there and cannot be read.

    Returns
    -------
    str
        Empty if it is not there or cannot be read.
    """
    try:
        return host.read_text(path)
    except Missing:
        return ""
    except AccessError as problem:
        unread.append(f"{path}: {problem.reason}")
        return ""
