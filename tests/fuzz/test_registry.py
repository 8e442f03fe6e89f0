"""No parser is forgotten, and each gives an answer to hostile bytes; old findings stay fixed."""

from __future__ import annotations

import ast
import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.fuzz import documents
from tests.fuzz.box import Trial, watched
from tests.fuzz.findings import all_findings, read_as, shown_as
from tests.fuzz.mutation import Mutator
from tests.fuzz.parsers import PARSERS, named
from tests.fuzz.trees import TREES
from tests.needs import missing
from verifier.probes import PROBES
from verifier.schedules import scheduled

ROOT = Path(__file__).parents[2]
_BEGINNINGS = ("parse", "read_", "decode_", "unpacked", "load_")
# they read no bytes of others themselves: they ask a host or call what is in the registry
_NOT_PARSERS = {
    "riskmodel._toml.read_toml": "verifier audit --plan",
    "riskmodel.fitting.drive_stats.read_drive_stats": "riskmodel fit",
    "riskmodel.fitting.result.read_lifetimes": "riskmodel fit",
    "riskmodel.fitting.tables.read_table": "riskmodel fit",
    "verifier.datasets.load_setups": "verifier audit --plan",
    "verifier.setup.load_setup": "verifier audit --plan",
    "verifier.probes.directory.read_manifest": "location directory",
}
_PLACES_NOT_FILES = {
    "tape": "never read", "optical": "a folder or a drive", "btrfs": "btrfs.parse_list",
    "zfs": "zfs.parse_get", "borg2": "one line of a readme", "kopia": "names of files",
}  # fmt: skip


def public_parsers() -> Iterator[str]:
    for package in ("verifier", "riskmodel"):
        for file in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(file.relative_to(ROOT).with_suffix("").parts)
            for node in ast.parse(file.read_text("utf-8")).body:
                if isinstance(node, ast.FunctionDef) and node.name.startswith(_BEGINNINGS):
                    yield f"{name}.{node.name}"


def test_every_public_parser_is_in_the_registry():
    known = {parser.name for parser in PARSERS}
    lacking = [name for name in public_parsers() if name not in known | _NOT_PARSERS.keys()]
    assert not lacking, "add a line for each to tests/fuzz/parsers.py"
    for name, through in _NOT_PARSERS.items():
        assert named(through), name


@pytest.mark.parametrize(
    ("text", "by"),
    [
        ("0 3 * * * root restic -r /b backup /a\n", "cron"),
        ("1 5 x restic -r /b backup /a\n", "anacron"),
        (
            "[Timer]\nOnCalendar=daily\n[Service]\nExecStart=restic -r /b backup /a\n",
            "systemd timer",
        ),
    ],
)
def test_every_scheduler_reads_what_is_tried(text, by):
    plan = documents.schedules(scheduled, text.encode())
    assert by in {feed.task.by for feed in plan.feeds}


def test_every_kind_of_location_is_tried_whole():
    kinds = {probe.kinds[0] for probe in PROBES}
    tried = {tree.name for tree in TREES} | _PLACES_NOT_FILES.keys()
    spelled = {"photos.tar": "tar", "photos.iso": "iso", "bag": "bagit", "rdiff": "rdiff-backup",
               "annex": "git-annex"}  # fmt: skip
    assert kinds <= {spelled.get(name, name) for name in tried}


def test_the_names_are_those_of_functions_that_exist():
    assert len({parser.name for parser in PARSERS}) == len(PARSERS)
    for parser in PARSERS:
        if "." in parser.name and " " not in parser.name:
            assert importlib.util.find_spec(parser.name.rpartition(".")[0])


QUICK = [p for p in PARSERS if not p.needs and " " not in p.name and "layout" not in p.name]


@pytest.mark.parametrize("parser", QUICK, ids=lambda parser: parser.name)
def test_a_parser_takes_its_samples_and_some_hostile_bytes(parser, tmp_path):
    trial = Trial(parser.name, tmp_path)
    mutator = Mutator(trial.samples, parser.words, seed=321)
    for data in (*trial.samples, *(mutator.next() for _ in range(25))):
        assert trial.broken_by(data) == "", shown_as(data)


@pytest.fixture(autouse=True)
def _path(monkeypatch):
    """Give back the PATH that examined locations are to find no program in."""
    monkeypatch.setenv("PATH", os.environ["PATH"])


@pytest.mark.parametrize("file", all_findings(), ids=lambda file: file.stem)
def test_what_broke_a_parser_once_breaks_it_no_more(file, tmp_path):
    parser = named(file.stem.rpartition("--")[0].replace("~", " "))
    if reason := missing(*parser.needs):
        pytest.skip(reason)
    trial = Trial(parser.name, tmp_path)
    assert trial.broken_by(read_as(file.read_text("ascii"))) == ""


@pytest.mark.parametrize("data", [b"", b"abc\n\0\xff\x1b" * 30, b"x" + bytes(5000) + b"[" * 999])
def test_findings_are_kept_as_text(data):
    text = shown_as(data)
    assert read_as(text) == data
    assert text.isascii()
    assert "\x1b" not in text


class TestTheBoxItself:
    """A fuzzer that finds nothing may be blind: faults are put in, and must be found."""

    @pytest.mark.slow
    @pytest.mark.parametrize(
        ("fault", "told"),
        [
            ("raise KeyError('x')", "KeyError"),
            ("while True: pass", "Hang"),
            ("len(bytearray(3 << 30))", "MemoryError"),
            ("open('/tmp/outside-of-the-box', 'w')", "Trespass"),
            ("__import__('subprocess').run(['true'])", "Trespass"),
            ("__import__('os').kill(__import__('os').getpid(), 9)", "ended with code"),
            ("__import__('os').open('/dev/null', 0)", "Hoard"),
            (
                "t = __import__('threading'); t.Thread(target=t.Event().wait, daemon=True).start()",
                "Hoard",
            ),
        ],
    )
    def test_it_finds_a_fault_that_was_put_in(self, fault, told, monkeypatch):
        def parse(text: str) -> None:
            if "\N{WHITE SMILING FACE}" not in text:
                exec(fault)

        monkeypatch.setattr("verifier.tapes.parse_mtx", parse)
        (outcome,) = watched(["verifier.tapes.parse_mtx"], 0.5)
        assert any(told in problem for problem in outcome.findings), outcome
        assert not Path("/tmp/outside-of-the-box").exists()
