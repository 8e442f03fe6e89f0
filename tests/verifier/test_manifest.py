"""How much of one tree another one holds."""

from __future__ import annotations

import pytest

from verifier.manifest import FileFact, Manifest, cover, prefix_in


def tree(*paths: str, size: int = 10, **more) -> Manifest:
    return Manifest("/home/ada/photos", {path: FileFact(size, 0) for path in paths}, **more)


def test_share_counts_paths_of_the_same_size():
    source = tree("a", "b/c", "b/d", "e/f")
    found = cover(source, {"a": 10, "b/c": 11, "e/f": 10, "other": 10})
    assert found.share.value == pytest.approx(0.5)
    assert found.missing == ("b",)


def test_the_topmost_lacking_folder_stands_for_its_parts():
    source = tree("a/1", "a/deep/2", "a/deep/deeper/3", "b/4", "b/5")
    assert cover(source, {"b/4": 10}).missing == ("a", "b")
    assert cover(source, {}).missing == (".",)


@pytest.mark.parametrize("source", [None, tree(), tree("a", unreadable=("x could not be read.",))])
def test_an_unknown_source_gives_no_share(source):
    found = cover(source, {"a": 10})
    assert found.share.value is None
    assert found.share.source


def test_a_partly_seen_copy_is_whole_or_unknown():
    source = tree("a", "b")
    assert cover(source, {"a": 10}, unseen=True).share.value is None
    assert cover(source, {"a": 10, "b": 10}, unseen=True).share.value == 1.0


@pytest.mark.parametrize(
    "prefix", ["", "photos/", "ada/photos/", "home/ada/photos/", "data/export/"]
)
def test_the_prefix_that_a_tool_puts_before_paths(prefix):
    source = tree("2025/a", "index")
    held = {prefix + path: 10 for path in source.files}
    assert prefix_in(source, held) == prefix


@pytest.mark.parametrize("printed", ["2025/caf\ufffd.txt", "2025/caf?.txt"])
def test_a_name_that_is_no_text_is_found_as_tools_print_it(printed):
    source = tree("2025/caf\udce9.txt")
    assert cover(source, {printed: 10}).share.value == 1.0
    assert cover(source, {printed: 11}).share.value == 0.0
    assert cover(source, {"2025/cafe.txt": 10}).share.value == 0.0
