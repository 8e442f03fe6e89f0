"""Which programs are run, with what, and what the code itself may do."""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import riskmodel
from riskmodel._kernels import _jit
from tests.needs import NOT_HERE
from verifier._confining import is_supported
from verifier.configs import syncthing
from verifier.host import Host, Missing
from verifier.probes import dar

ROOT = Path(riskmodel.__file__).parents[1]
_MODULES = {"pickle", "cPickle", "cloudpickle", "dill", "marshal", "shelve", "xmlrpc", "telnetlib"}
_CALLS = {"eval", "exec", "compile", "__import__"}
_METHODS = {"os.system", "os.popen", "yaml.load", "yaml.unsafe_load", "yaml.full_load",
            "tempfile.mktemp", "shutil.unpack_archive",
            "ssl._create_unverified_context"}  # fmt: skip
_LOADS = {"np.load", "numpy.load"}
_UNPACKS = {"extractall", "extract"}
_WEAK = {"verify": False, "shell": True, "allow_pickle": True, "check_hostname": False}

_BOMB = '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;">]><x>&b;</x>'


def _trees() -> Iterator[tuple[str, ast.Module]]:
    for package in ("riskmodel", "verifier"):
        for path in sorted((ROOT / package).rglob("*.py")):
            yield str(path.relative_to(ROOT)), ast.parse(path.read_text("utf-8"))


def _dangers(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [a.name for a in node.names] + [getattr(node, "module", None) or ""]
            yield from (name for name in names if name.split(".")[0] in _MODULES)
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            if called in _LOADS and not _refuses_pickles(node):
                yield called
            if called in _CALLS | _METHODS or called.endswith("AutoAddPolicy"):
                yield called
            if isinstance(node.func, ast.Attribute) and node.func.attr in _UNPACKS:
                yield called
            for word in node.keywords:
                value = getattr(word.value, "value", None)
                if word.arg in _WEAK and value is _WEAK[word.arg]:
                    yield f"{called}({word.arg}={value})"


def _refuses_pickles(call: ast.Call) -> bool:
    return any(word.arg == "allow_pickle" and getattr(word.value, "value", None) is False
               for word in call.keywords)  # fmt: skip


def test_nothing_deserialises_evaluates_or_trusts_blindly() -> None:
    found = {(path, what) for path, tree in _trees() for what in _dangers(tree)}
    assert found == set()


@pytest.mark.parametrize(
    "text",
    ["import pickle", "from pickle import loads", "eval(x)", "os.system(x)", "yaml.load(x)",
     "tar.extractall()", "subprocess.run(x, shell=True)", "client.get(verify=False)",
     "np.load(f, allow_pickle=True)", "np.load(f)", "paramiko.AutoAddPolicy()"],
)  # fmt: skip
def test_what_looks_for_them_finds_them(text: str) -> None:
    assert list(_dangers(ast.parse(text)))


def test_xml_of_strangers_goes_through_the_guarded_parser() -> None:
    """Two others refuse whatever declares an entity before they parse it."""
    guarded, plain = set(), set()
    for path, tree in _trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("defusedxml"):
                guarded.add(path)
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {
                "ET.fromstring", "ET.parse", "ET.iterparse", "ET.XML", "ET.XMLPullParser",
                "ET.XMLParser", "minidom.parse", "minidom.parseString", "sax.parse",
            }:  # fmt: skip
                plain.add(path)
    assert guarded
    assert plain == {"verifier/probes/dar.py", "verifier/configs/syncthing.py"}
    for parse in (dar.parse_listing, lambda text: syncthing.parse(text, "x")):
        with pytest.raises(ValueError, match="entities"):
            parse(_BOMB)


def _program(folder: Path, name: str, says: str = "hostile") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho {says}\n")
    path.chmod(0o755)
    return path


@pytest.mark.parametrize("entry", [".", "", "evil"])
def test_a_program_of_the_current_folder_is_not_run(tmp_path, monkeypatch, entry) -> None:
    _program(tmp_path / "evil", "restic")
    _program(tmp_path, "restic")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f"{entry}:/usr/bin-is-not-here")
    host = Host()
    assert host.program("restic") is None
    with pytest.raises(Missing):
        host.run(["restic", "version"])
    with pytest.raises(Missing):
        host.run(["./restic"])


def test_a_program_that_others_can_change_is_not_run(tmp_path, monkeypatch) -> None:
    folder = tmp_path / "bin"
    program = _program(folder, "mytool", "ours")
    monkeypatch.setenv("PATH", str(folder))
    assert Host().run(["mytool"]).stdout == "ours\n"
    folder.chmod(0o777)
    assert Host().program("mytool") is None
    folder.chmod(0o755)
    program.chmod(0o777)
    assert Host().program("mytool") is None
    if os.geteuid() == 0:
        program.chmod(0o755)
        os.chown(folder, 4242, 4242)
        assert Host().program("mytool") is None


def test_no_variable_of_ours_steers_a_program(monkeypatch) -> None:
    hostile = ("LD_PRELOAD", "LD_LIBRARY_PATH", "GIT_DIR", "GIT_SSH_COMMAND",
               "RESTIC_REPOSITORY", "RESTIC_PASSWORD", "BORG_REPO", "BORG_RSH", "PYTHONPATH",
               "PYTHONSTARTUP", "PERL5OPT",
               "BASH_ENV", "ENV", "IFS", "RSYNC_RSH", "GNUPGHOME", "RCLONE_CONFIG")  # fmt: skip
    for name in hostile:
        monkeypatch.setenv(name, "/nowhere")
    said = Host().run(["env"]).stdout
    names = dict(line.split("=", 1) for line in said.splitlines() if "=" in line)
    assert set(names) <= {"PATH", "LC_ALL", "TZ", "HOME", "XDG_CACHE_HOME", "XDG_CONFIG_HOME",
                          "GNUPGHOME", "TMPDIR", "PWD"}  # fmt: skip
    assert names["GNUPGHOME"].startswith(names["HOME"])


def test_a_program_has_a_home_that_nobody_else_sees() -> None:
    said = Host().run(["sh", "-c", "stat -c %a . gnupg; pwd"]).stdout.split()
    assert said[:2] == ["700", "700"]
    assert not Path(said[2]).exists()


@pytest.mark.skipif(not is_supported(), reason=f"{NOT_HERE}Landlock")
def test_a_program_that_opens_a_location_writes_nowhere_else(tmp_path) -> None:
    (tmp_path / "mine").write_text("mine")
    (tmp_path / "scratch").mkdir()
    script = (
        'echo bad >"$1/new"; echo bad >"$1/mine"; rm "$1/mine"; mkdir "$1/folder";'
        'ln -s / "$1/link"; mv "$1/mine" gone; ln "$1/mine" hard;'
        'echo good >here; mv here gnupg/there; echo good >"$TMPDIR/there"; cat gnupg/there'
    )
    argv = ["sh", "-c", script, "sh", str(tmp_path)]
    done = Host().run(argv, secrets={"TMPDIR": str(tmp_path / "scratch")})
    assert done.stdout == "good\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["mine", "scratch"]
    assert (tmp_path / "mine").read_text() == "mine"
    assert (tmp_path / "scratch" / "there").read_text() == "good\n"
    (tmp_path / "ours").write_text("the thread that asked is as free as before")


def _cache(home: Path) -> str:
    """Ask a process of its own, which has nothing cached, where kernels are kept."""
    code = "from riskmodel._kernels._jit import _cache_folder as f; print(f())"
    environment = {"PATH": os.environ["PATH"], "XDG_CACHE_HOME": str(home), "HOME": str(home)}
    argv = [sys.executable, "-c", code]
    done = subprocess.run(argv, env=environment, cwd=ROOT, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.mark.slow
def test_kernels_are_not_read_from_where_others_write(tmp_path) -> None:
    """They are kept as pickles: who writes there runs as whoever reads."""
    folder = Path(_cache(tmp_path))
    assert folder.is_dir()
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.chmod(0o777)
    assert _cache(tmp_path) == "None"
    folder.chmod(0o700)
    tmp_path.chmod(0o777)
    assert _cache(tmp_path) == "None"
    tmp_path.chmod(0o700)
    if os.geteuid() == 0:
        os.chown(folder, 4242, 4242)
        assert _cache(tmp_path) == "None"


def test_a_folder_of_somebody_else_is_not_ours(tmp_path) -> None:
    assert _jit._only_we_write(tmp_path)
    tmp_path.chmod(0o777)
    assert not _jit._only_we_write(tmp_path)
    tmp_path.chmod(0o1777)
    assert _jit._only_we_write(tmp_path)
