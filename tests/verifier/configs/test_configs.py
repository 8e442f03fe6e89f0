"""What the configurations of backup tools say, without their secrets, whatever is in them."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verifier.configs import (
    CONFIGS,
    borgmatic,
    btrbk,
    duply,
    environment,
    lsyncd,
    rclone,
    rsnapshot,
    sanoid,
    syncthing,
    without_password,
)

RCLONE = """
[b2]
type = b2
account = 0001
key = hush
[secret]
type = crypt
remote = b2:bucket
password = hush
[here]
type = local
"""
BTRBK = """
snapshot_dir            _btrbk
target_preserve         20d 10w *m
volume /mnt/pool
  target send-receive /mnt/backup/btrbk
  subvolume home
  subvolume rootfs
    target ssh://nas/mnt/b
"""
SANOID = """
[tank/home]
  use_template = production
  recursive = yes
[tank/tmp]
  use_template = production
  autosnap = no
[template_production]
  hourly = 36
  daily = 30
  yearly = 0
  autosnap = yes
"""
DUPLY = """
GPG_PW='hush'
TARGET='sftp://ada:hush@nas/backup'   # there
SOURCE='/home/ada'
MAX_AGE=6M
"""
RSNAPSHOT = (
    "snapshot_root\t/mnt/r/\nretain\talpha\t6\n#retain\tbeta\t7\nbackup\t/home/\tlocalhost/\n"
)


def test_rclone_lists_remotes_of_others():
    found = rclone.parse(RCLONE, "x")
    assert [one.address for one in found] == ["b2:", "secret:"]
    assert "over b2:bucket" in found[1].note
    with pytest.raises(ValueError, match="encrypted"):
        rclone.parse("# Encrypted rclone configuration File\n\nRCLONE_ENCRYPT_V0:\nabc", "x")


def test_btrbk_lists_targets_and_snapshots_apart():
    found = {one.address: one for one in btrbk.parse(BTRBK, "x")}
    assert set(found) == {"/mnt/backup/btrbk", "ssh://nas/mnt/b", "/mnt/pool/_btrbk"}
    assert found["/mnt/backup/btrbk"].retention == "target_preserve 20d 10w *m"
    assert found["ssh://nas/mnt/b"].sources == ("/mnt/pool/rootfs",)
    assert "file system of their origin" in found["/mnt/pool/_btrbk"].note


def test_sanoid_promises_its_shortest_interval():
    (found,) = sanoid.parse(SANOID, "x")
    assert (found.address, found.interval_hours) == ("tank/home", 1.0)
    assert found.retention == "keep hourly 36, daily 30"


def test_duply_rsnapshot_and_environments():
    (found,) = duply.parse(DUPLY, "x")
    assert (found.address, found.sources) == ("sftp://ada@nas/backup", ("/home/ada",))
    (found,) = rsnapshot.parse(RSNAPSHOT, "x")
    assert (found.address, found.retention) == ("/mnt/r", "retain alpha 6")
    assert rsnapshot.parse("#snapshot_root\t/x\n", "x") == ()
    text = "export RESTIC_REPOSITORY=rest:https://u:hush@nas/\nRESTIC_PASSWORD='hush'\n"
    (found,) = environment.parse(text, "/etc/restic.env")
    assert found.address == "rest:https://u@nas/"
    assert found.note == "the password is in /etc/restic.env"
    assert environment.parse("RESTIC_REPOSITORY=$ELSEWHERE\n", "x") == ()


def test_lsyncd_and_syncthing():
    lua = (
        'sync { default.rsync, source="/a", target="/b", delete=false }\n-- sync { target="/c" }\n'
    )
    (found,) = lsyncd.parse(lua, "x")
    assert (found.address, found.mirrors) == ("/b", "")
    paused = '<c><folder path="/a"><paused>true</paused></folder></c>'
    assert syncthing.parse(paused, "x") == ()
    with pytest.raises(ValueError, match="entities"):
        syncthing.parse('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "x")


def test_no_secret_is_kept():
    borg = "encryption_passphrase: hush\nrepositories: [{path: 'ssh://u:hush@nas/./b'}]\n"
    parsed = (rclone.parse(RCLONE, "x"), duply.parse(DUPLY, "x"), borgmatic.parse(borg, "x"))
    assert all(parsed)
    assert "hush" not in repr(parsed)
    assert without_password("sftp://nas:22/x") == "sftp://nas:22/x"


def test_aliases_that_would_fill_the_memory_are_no_sources():
    lines = ["a0: &a0 [x, x]"]
    lines += [f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]" for n in range(1, 40)]
    text = "\n".join([*lines, "source_directories: [*a39, /home]", "repositories: [/b]"])
    (found,) = borgmatic.parse(text, "x")
    assert found.sources == ("/home",)


@given(st.sampled_from(CONFIGS), st.text(max_size=200), st.sampled_from(
    ["", RCLONE, BTRBK, SANOID, DUPLY, RSNAPSHOT, "repositories: [", "sync {"]))  # fmt: skip
def test_anything_else_gives_destinations_or_one_kind_of_error(config, noise, text):
    with suppress(ValueError):
        for found in config.parse(text[: len(text) // 2] + noise + text[len(text) // 2 :], "x"):
            assert found.address
