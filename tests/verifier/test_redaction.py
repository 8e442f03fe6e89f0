"""A redacted recording holds no name, and is judged as the one that holds them all."""

from __future__ import annotations

import ast
import errno
import json
import os
import re
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import datetime
from enum import Enum
from itertools import count
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from riskmodel.perils import peril_reaches
from riskmodel.preset_catalogue import presets
from tests.commands import verifier_command
from tests.verifier.inventories import NOW
from verifier._own_words import WORDS
from verifier.host import Host
from verifier.inventory import Evidence, Fact, Inventory, Location
from verifier.probes import KINDS
from verifier.recording import Recording, document, read, record
from verifier.redaction import redacted
from verifier.rules import RULES

# what nobody but the program, the kernel, a device or a standard chooses
CHOSEN_BY_NO_USER = {"kind", "state", "rule", "level", "consistency", "transport", "model", "by"}
SHAPES = (
    "{}.pdf", "{} {}.odt", "{}, {}.doc", "{} (Kopie).txt", "Brief={}.txt", "{}+{}.jpg", "{}!.jpg",
    "Fotos «{}».jpg", "{}", "{}'s {}", "-{}_{}", "{}\u00a0{}", "a {}: {}", "{};{}", "[{}] #{}",
    "{} differs from the source", "{}.{}", "~{}", "2024-03-14 {}", "\u201c{}\u201d", "{}\u2019s",
)  # fmt: skip
# letters that no word of the format is made of, nor a stand-in
LETTERS = "kqvwzKQVWZäöüßéñøłЖя李山"
words = st.text(st.sampled_from(LETTERS), min_size=5, max_size=9)


@st.composite
def names(draw: st.DrawFn) -> tuple[str, tuple[str, ...]]:
    """Draw a name as somebody may write it, and the words in it that tell of somebody."""
    shape = draw(st.sampled_from(SHAPES))
    told = tuple(draw(words) for _ in range(shape.count("{}")))
    return shape.format(*told), told


def toml(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


@pytest.mark.parametrize("depth", ["listed", "source"])
@settings(
    max_examples=15,
    deadline=None,
    phases=[Phase.generate],  # to shrink audits takes minutes, and tells no more
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(drawn=st.lists(names(), min_size=24, max_size=24, unique_by=lambda one: one[0]))
def test_no_name_that_a_user_wrote_is_left(tmp_path_factory, depth, drawn):
    home = tmp_path_factory.mktemp("redacted")
    told = {word for _, them in drawn for word in them}
    (here, usb, nas, phone, whose, reason, other, site, away, key, kept, account, provider, who,
     medium, pattern, *files) = (name for name, _ in drawn)  # fmt: skip
    for n, file in enumerate(files):
        for place, text in ((here, "live"), (usb, "dead" if n % 2 else "live"), (nas, "live")):
            path = home / place / (file if n < 4 else f"{files[0]} {n}/{file}")
            if place != nas or n > 4:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text)
                os.utime(path, (1.7e9, 1.7e9))
    (home / "s.toml").write_text(
        f"""name = {toml(whose)}
[source]
path = {toml(f"{home}/{here}")}
site = {toml(site)}
exclude = [{toml(pattern)}, "*.tmp"]
[policy]
min_offsite_km = 100
[[locations]]
name = {toml(usb)}
path = {toml(f"{home}/{usb}")}
site = {toml(site)}
key = {toml(key)}
[[locations]]
name = {toml(nas)}
path = {toml(f"{home}/{nas}")}
site = {toml(away)}
account = {toml(account)}
provider = {toml(provider)}
credentials = {toml(who)}
media = {toml(f"LTO-{medium}")}
[[locations]]
name = {toml(phone)}
kind = "declared"
address = {toml(f"{account}@{provider}:/{who}")}
account = {toml(account)}
provider = {toml(provider)}
media = "lto-9"
newest = 2026-11-01
[sites.{toml(site)}]
kind = "home"
location = [47.12, 8.56]
[sites.{toml(away)}]
location = [52.12, 4.56]
[keys.{toml(key)}]
kept = [{toml(kept)}, {toml(site)}]
[[accept]]
rule = "two-media"
location = {toml(usb)}
reason = {toml(reason)}
[[accept]]
rule = "one-offsite"
reason = {toml(other)}
""",
        "utf-8",
    )
    kept_as = home / "r.json"
    audit = ("audit", str(home / "s.toml"), "--no-catalogue", "--json", "--depth", depth)
    done = verifier_command(*audit, "--record", str(kept_as), "--redact")
    assert done.returncode in {0, 1, 3}, done.stderr
    assert json.loads(done.stdout)["name"] == whose
    shown = json.dumps(json.loads(kept_as.read_text()), ensure_ascii=False)
    assert [word for word in told if word in shown] == []
    assert home.name not in shown
    again = verifier_command("audit", str(kept_as), "--json")
    assert again.returncode == done.returncode, again.stderr
    assert judged(json.loads(again.stdout)) == judged(json.loads(done.stdout))


def judged(audit: dict[str, Any]) -> dict[str, Any]:
    """Return all that an audit counts and judges, without its names and sentences."""
    gates = {
        name: {key: gate[key] for key in ("status", "value", "wanted", "evidence")}
        for name, gate in audit["gates"].items()
    }
    places = [
        {key: place[key] for key in ("kind", "status", "counted", "points", "files", "bytes",
                                     "coverage", "depth")}
        for place in audit["locations"]
    ]  # fmt: skip
    found = sorted((one["rule"], one["status"], one["severity"]) for one in audit["findings"])
    counts = {key: audit[key] for key in ("claimed_copies", "independent_copies", "ndsa_level")}
    return {"gates": gates, "places": places, "found": found, "score": audit["score"], **counts}


def filled(kind: Any, words: Iterator[int]) -> Any:
    """Return a value of a type with a name in every text of it."""
    origin, given_ = get_origin(kind), get_args(kind)
    if kind is str:
        return f"the first: Weber{next(words)}, Qw (Ida)=Rosa.pdf could not be examined"
    if origin in (UnionType, Union):
        return filled(next(one for one in given_ if one is not NoneType), words)
    if origin is tuple:
        return tuple(filled(one, words) for one in given_ if one is not Ellipsis)
    if origin is Fact:
        return Fact(filled(given_[0], words), Evidence.MEASURED, filled(str, words))
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        return kind(**{one.name: filled(hints[one.name], words) for one in fields(kind)})
    if isinstance(kind, type) and issubclass(kind, Enum):
        return next(iter(kind))
    plain = {int: 1, float: 0.5, bool: True, datetime: NOW}
    return plain[kind]


def test_every_text_of_a_recording_is_redacted_unless_no_user_chooses_it():
    words = count(1000)
    found = filled(Inventory, words)
    spots = filled(get_type_hints(Recording)["spots"], words)
    exports = filled(get_type_hints(Recording)["exports"], words)
    clear = document(Recording("s", NOW, found.host, ("Weber",), ("Weber",), exports, spots, None,
                               found))  # fmt: skip
    assert json.dumps(clear).count("Weber") > 100
    left = set(_with(redacted(clear), re.compile("Weber|Qw|Ida|Rosa|pdf"), ""))
    assert left <= CHOSEN_BY_NO_USER


def _with(thing: Any, pattern: re.Pattern[str], key: str) -> Iterator[str]:
    """Yield the keys of the texts that hold it; a fact's value is about what the fact is about."""
    if isinstance(thing, dict):
        for inner, value in thing.items():
            yield from _with(value, pattern, key if inner == "value" else inner)
    elif isinstance(thing, list):
        for item in thing:
            yield from _with(item, pattern, key)
    elif isinstance(thing, str) and pattern.search(thing):
        yield key


def _shown(**changes: Any) -> dict[str, Any]:
    """Return a location of a redacted recording."""
    found = Location(**{"name": "usb", "kind": "directory", "address": "/u", "state": "read",
                        **changes})  # fmt: skip
    whole = Inventory("x", NOW, Fact("machine:here"), found, (found,))
    (one,) = redacted(document(record(Host.replay({}), now=NOW, inventory=whole)))["inventory"][
        "locations"
    ]
    return one


@pytest.mark.parametrize(
    "sentence",
    [
        "nothing is there",
        "3 files could not be read, the first: Permission denied.",
        "1,204 of 31,007 files were changed in the source since 2026-03-01 12:30",
    ],
)
def test_sentences_of_the_program_stay_readable(sentence):
    assert _shown(reason=sentence)["reason"] == sentence


@pytest.mark.parametrize(
    "told", ["+41 44 1234567", "0791234567", "203.0.113.7", "ada@home.example", "stefan", "Marie"]
)
def test_what_looks_harmless_goes_too(told):
    shown = _shown(reason=f"{told} could not be read", real_path=f"/srv/{told}/x")
    assert told.split()[-1] not in json.dumps(shown)
    assert shown["reason"].endswith(" could not be read")
    assert shown["real_path"].startswith("/srv/x")


def test_what_later_judgements_ask_for_stays():
    shown = _shown(
        retention=Fact("older versions are kept for 1095.25 days", Evidence.MEASURED),
        lineage=("restic-key:ada", "s3-replicates:ada+deletions", "s3-bucket:ada"),
        media_type=Fact("LTO 9 of Hans", Evidence.DECLARED),
        key_kept=Fact(("~hans/key",), Evidence.MEASURED),
    )
    assert shown["retention"]["value"] == "older versions are kept for 1095.25 days"
    key, replicates, bucket = shown["lineage"]
    assert key.startswith("restic-key:x")
    assert replicates == f"s3-replicates:{bucket.removeprefix('s3-bucket:')}+deletions"
    assert shown["media_type"]["value"].startswith("LTO-x")
    assert shown["key_kept"]["value"][0].startswith("~x")


def test_names_that_differ_by_case_stay_two():
    shown = redacted({"setup": {"locations": [{"name": "Usb"}, {"name": "usb"}]}})
    one, other = shown["setup"]["locations"]
    assert one != other


def test_a_sketch_of_names_is_left_out():
    # whoever has a name can make its hash
    assert "content" not in _shown(content=(1, 2, 3))


def test_the_longest_names_can_be_read_again(tmp_path):
    long = "@".join("qv" for _ in range(66))
    setup = {"source": {"path": "/x"}, "locations": [{"name": long, "path": "/u"}]}
    whole = record(Host.replay({}), now=NOW, setup=setup)
    (tmp_path / "r.json").write_text(json.dumps(redacted(document(whole))))
    (place,) = read(tmp_path / "r.json").setup["locations"]
    assert len(place["name"]) <= 200
    assert "qv" not in place["name"]


def test_words_of_the_format_are_known():
    media, reaches = presets().media, peril_reaches()
    for word in (*KINDS, *media, *reaches, *(rule.id for rule in RULES)):
        setup = {
            "locations": [{"kind": word, "media": word}],
            "accept": [{"rule": word}],
            "sites": {"villa": {"perils": {word: {}}}},
        }
        shown = redacted({"setup": setup})["setup"]
        assert shown["locations"][0]["kind"] == shown["accept"][0]["rule"] == word
        if word in media:
            assert shown["locations"][0]["media"] == word
        if word in reaches:
            (site,) = shown["sites"].values()
            assert list(site["perils"]) == [word]


def test_every_own_word_is_one():
    own = {word for code in errno.errorcode for word in _words(os.strerror(code))}
    own |= {word for name in (*presets().media, *peril_reaches()) for word in _words(name)}
    for path in (Path(__file__).parents[2] / "verifier").rglob("*.py"):
        if path.stem != "_own_words":
            own |= {word for text in _sentences(path) for word in _words(text)}
    assert sorted(WORDS - own) == []


def _words(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z0-9]+", text))


def _sentences(path: Path) -> Iterator[str]:
    tree = ast.parse(path.read_text("utf-8"))
    described = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in described:
            yield node.value if isinstance(node.value, str) else ""
