"""What a probe could list of a copy, told to the catalogue of the audit if there is one."""

from __future__ import annotations

from collections.abc import Mapping

from verifier.files import FileFact, Gathering
from verifier.host import Host
from verifier.inventory import Location
from verifier.manifest import Files, Manifest

__all__ = ["noted", "noted_tree"]

_LARGEST = 2**63 - 1  # bytes


def noted_tree(host: Host, tree: Manifest) -> None:
    """Tell which files a tree holds; not if parts of it were not seen, which would seem gone."""
    if host.digests is None or not tree.complete:
        return
    files = tree.files if isinstance(tree.files, Files) else _gathered(tree.files)
    host.digests.listed(tree.root, files)


def noted(host: Host, found: Location, held: Mapping[str, int]) -> None:
    """Tell which files a repository or archive holds, by the source's paths.

    Parameters
    ----------
    host : Host
        Access to the machine.
    found : Location
        Whose they are.
    held : mapping of str to int
        Relative path to size. [bytes]
    """
    if host.digests is not None:
        facts = {path: FileFact(size, 0) for path, size in held.items()}
        host.digests.listed(found.real_path or found.address, _gathered(facts))


def _gathered(files: Mapping[str, FileFact]) -> Files:
    """Return columns; what no file system could hold is left out: such names, such sizes."""
    gathered = Gathering()
    for path, fact in files.items():
        if "\0" in path or not isinstance(fact.size, int) or not 0 <= fact.size <= _LARGEST:
            continue
        try:
            path.encode("utf-8", "surrogateescape")
        except UnicodeEncodeError:
            continue
        gathered.add(path, fact)
    return gathered.files()
