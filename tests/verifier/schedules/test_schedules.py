"""From the files of a machine to who feeds which location."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.verifier.inventories import place
from verifier.host import Host
from verifier.inventory import Evidence, Fact, Points
from verifier.schedules import cron, scheduled, systemd, with_schedules
from verifier.schedules.bacula import parse_run, schedule_hours

SAMPLES = Path(__file__).parent.parent / "samples"
SCRIPT = """\
#!/bin/sh
A=/mnt/usb
B=${A}/photos  # there
tar -C /home \\
 -czf "$B/x.tgz" ada
"""
PASSWD = "root:x:0:0:root:/root:/bin/bash\nada:x:1000:1000::/home/ada:/bin/bash\n"
DEBIAN_RSNAPSHOT = """\
# To activate this cron file you have to uncomment the lines below.
# 0 */4		* * *		root	/usr/bin/rsnapshot alpha
# 30 3  	* * *		root	/usr/bin/rsnapshot beta
"""


def machine(files: dict[str, str], links: dict[str, str] | None = None) -> Host:
    """Return a host that has these files and the folders above them."""
    answers: dict[str, object] = {"read /etc/passwd": PASSWD}
    folders: dict[str, set[str]] = {}
    for path, text in files.items():
        answers[f"read {path}"] = text
        answers[f"resolve {path}"] = (links or {}).get(path, path)
        answers[f"stat {path}"] = {
            "mode": 0o100644, "dev": 1, "ino": 1, "size": len(text), "nlink": 1, "mtime_ns": 0,
        }  # fmt: skip
        parts = path.split("/")
        for depth in range(1, len(parts)):
            folders.setdefault("/".join(parts[:depth]) or "/", set()).add(parts[depth])
    for folder, names in folders.items():
        answers[f"list {folder}"] = sorted(names)
    return Host.replay(answers)


def fed(host: Host, address: str, **more):
    (found,) = with_schedules(
        (place("x", "sdb", address=address, real_path=None, **more),), scheduled(host)
    )
    return found


def schedule(host: Host, address: str):
    return fed(host, address).schedule.value


@pytest.mark.parametrize(
    "command",
    [
        "rsync -a --delete /home/ada/photos/ /mnt/usb/photos/",
        "nice -n 19 ionice -c 3 rsync -a -e 'ssh -p 22' /home/ada/photos /mnt/usb/",
        "cd / && rsync -a /home/ada/photos /mnt/usb && echo done",
        "flock -n /run/lock /usr/bin/rsync -a --exclude tmp /a /mnt/usb/photos",
        "sh -c 'rsync -a /a /mnt/usb/photos'",
        "[ -d /mnt/usb ] && if true; then rsync -a /a /mnt/usb/photos; fi",
        "D=/mnt/usb; rsync -a /a $D/photos",
        "rclone sync /home/ada/photos /mnt/usb/photos --fast-list",
        "RESTIC_PASSWORD_FILE=/p restic -r /mnt/usb/photos backup /home",
        "borg create /mnt/usb/photos::{now} /home",
        "duplicity /home file:///mnt/usb/photos",
        "rdiff-backup /home /mnt/usb/photos",
        "tar czf /mnt/usb/photos/home.tgz /home",
        "tar -cf - /home | zstd > /mnt/usb/photos/home.tar.zst",
        "pg_dump shop | gzip > /mnt/usb/photos/shop.gz",
        "/usr/local/bin/backup.sh /mnt/usb/photos",
        "bash /opt/with-variables",
    ],
)
def test_a_line_of_cron_feeds_the_location_that_its_command_writes_to(command):
    host = machine(
        {
            "/etc/cron.d/backup": f"MAILTO=ada\n30 2 * * 1 root {command}\n",
            "/usr/local/bin/backup.sh": '#!/bin/bash\nTARGET="$1"\nrsync -a /home/ "$TARGET/"\n',
            "/opt/with-variables": SCRIPT,
        }
    )
    found = schedule(host, "/mnt/usb/photos")
    assert found is not None
    assert (found.by, found.where, found.interval_hours) == ("cron", "/etc/cron.d/backup:2", 168.0)


@pytest.mark.parametrize(
    "command",
    [
        "echo rsync -a /a /mnt/usb/photos",
        "rsync -an /a /mnt/usb/photos --dry-run",
        "restic -r /mnt/usb/photos forget --keep-daily 7",
        "borg check /mnt/usb/photos",
        "tar xzf /mnt/usb/photos/x.tgz",
        "rsync -a /mnt/usb/photos /elsewhere",
        "rsync -a /a $UNKNOWN/photos",
        "rsync -a /a /",
        "rsync 'an open quote /mnt/usb/photos",
    ],
)
def test_other_commands_feed_nothing(command):
    host = machine({"/etc/crontab": f"30 2 * * * root {command}\n"})
    assert schedule(host, "/mnt/usb/photos").by == "by hand"


def test_commented_lines_are_off():
    files = {
        "/etc/cron.d/rsnapshot": DEBIAN_RSNAPSHOT,
        "/etc/rsnapshot.conf": "snapshot_root\t/var/cache/rsnapshot/\n",
    }
    assert schedule(machine(files), "/var/cache/rsnapshot").by == "by hand"
    files["/etc/cron.d/rsnapshot"] = DEBIAN_RSNAPSHOT.replace("# 0 ", "0 ").replace("# 30", "30")
    found = schedule(machine(files), "/var/cache/rsnapshot")
    assert (found.by, found.interval_hours) == ("cron", 4.0)


def _sample(name: str) -> str:
    return (SAMPLES / f"schedule--{name}").read_text()


def test_debians_own_files_are_read_as_they_are():
    assert cron.parse_crontab(_sample("cron.d-rsnapshot"), "x") == ()
    (mdadm,) = cron.parse_crontab(_sample("cron.d-mdadm"), "x")
    assert (mdadm.interval_hours, "%d" in mdadm.command) == (168.0, True)
    hours = {
        name: systemd.timer_hours(systemd.parse_unit(_sample(f"{name}.timer")))
        for name in ("borgmatic", "btrbk", "sanoid", "mdcheck_start")
    }
    assert hours == {"borgmatic": 27.0, "btrbk": 24.0, "sanoid": 0.25, "mdcheck_start": 35 * 24.0}


BORGMATIC_OLD = """
location:
  source_directories: [/home]
  repositories: [/mnt/borg]
retention:
  keep_daily: 7
storage:
  encryption_passphrase: hush
"""
BORGMATIC_NEW = """
source_directories: [/home]
repositories:
  - path: /mnt/borg
    label: usb
keep_daily: 7
"""


@pytest.mark.parametrize("config", [BORGMATIC_OLD, BORGMATIC_NEW])
def test_an_enabled_timer_of_borgmatic_feeds_its_repositories(config):
    units = "/lib/systemd/system"
    files = {
        f"{units}/borgmatic.timer": "[Timer]\nOnCalendar=daily\nRandomizedDelaySec=3h\n",
        f"{units}/borgmatic.service": "[Service]\nExecStartPre=sleep 1m\n"
        "ExecStart=systemd-inhibit --who=b /usr/bin/borgmatic --verbosity -1\n",
        "/etc/borgmatic/config.yaml": config,
    }
    assert schedule(machine(files), "/mnt/borg").by == "by hand"  # installed, not enabled
    files["/etc/systemd/system/timers.target.wants/borgmatic.timer"] = ""
    found = schedule(machine(files), "/mnt/borg")
    assert (found.by, found.interval_hours) == ("systemd timer", 27.0)
    masked = "/etc/systemd/system/borgmatic.timer"
    host = machine({**files, masked: ""}, {masked: "/dev/null"})
    assert schedule(host, "/mnt/borg").by == "by hand"


def test_a_users_timer_with_an_environment_file_feeds_a_remote_repository():
    units = "/home/ada/.config/systemd/user"
    files = {
        f"{units}/restic.timer": "[Timer]\nOnCalendar=Mon..Fri 02:30\n",
        f"{units}/restic.service": "[Service]\nEnvironmentFile=%h/.restic.env\n"
        "ExecStart=/usr/bin/restic backup /home/ada\n",
        f"{units}/timers.target.wants/restic.timer": "",
        "/home/ada/.restic.env": "RESTIC_REPOSITORY=sftp:ada@nas:/b\nRESTIC_PASSWORD=hush\n",
    }
    found = schedule(machine(files), "sftp:ada@nas:/b")
    assert (found.by, found.interval_hours) == ("systemd timer", 72.0)
    assert "hush" not in repr(scheduled(machine(files)).feeds)


@pytest.mark.parametrize(
    ("command", "mirrors"),
    [
        ("rsync -a --delete /a/ /mnt/usb/", True),
        ("rsync -a --delete-after /a/ /mnt/usb/", True),
        ("rsync -a /a/ /mnt/usb/", False),
        ("rsync -a --delete --backup-dir=/old /a/ /mnt/usb/", False),
        ("rclone sync /a /mnt/usb", True),
        ("rclone copy /a /mnt/usb", False),
    ],
)
def test_mirrors_that_delete_are_told_from_the_command(command, mirrors):
    host = machine({"/etc/crontab": f"0 2 * * * root {command}\n"})
    assert bool(fed(host, "/mnt/usb").repeats_deletions.value) is mirrors
    many = fed(host, "/mnt/usb", points=Points(5))
    assert not many.repeats_deletions.value  # points of its own keep what is deleted


def test_daemons_repeat_deletions_at_once():
    lua = 'sync {\n  default.rsync,\n  source = "/home/ada",\n  target = "/mnt/usb",\n}\n'
    host = machine({"/etc/lsyncd/lsyncd.conf.lua": lua})
    found = fed(host, "/mnt/usb")
    assert found.repeats_deletions.value
    assert found.schedule.value.by == "lsyncd"
    folder = '<folder path="/srv/sync" type="receiveonly"><versioning/></folder>'
    xml = f"<configuration>{folder}</configuration>"
    host = machine({"/home/ada/.config/syncthing/config.xml": xml})
    assert fed(host, "/srv/sync").repeats_deletions.value
    kept = xml.replace("<versioning/>", '<versioning type="simple"/>')
    host = machine({"/home/ada/.config/syncthing/config.xml": kept})
    assert not fed(host, "/srv/sync").repeats_deletions.value


def test_a_configuration_says_more_than_a_marker():
    marked = Fact(True, Evidence.INFERRED, "Syncthing keeps it the same, as its .stfolder shows")
    for more, mirrors in (
        ('type="receiveonly"><versioning/>', True),
        ('type="receiveonly"><versioning type="simple"/>', None),
        ('type="sendonly"><versioning/>', None),
    ):
        xml = f'<configuration><folder path="/srv/sync" {more}</folder></configuration>'
        host = machine({"/home/ada/.config/syncthing/config.xml": xml})
        assert fed(host, "/srv/sync", repeats_deletions=marked).repeats_deletions.value is mirrors
    assert fed(machine({}), "/srv/sync", repeats_deletions=marked).repeats_deletions == marked


def test_what_cannot_be_read_is_not_taken_for_by_hand():
    host = machine({"/etc/crontab": ""})
    answers = dict(host._replay or {})
    answers["list /var/spool/cron/crontabs"] = {
        "error": "unreadable",
        "reason": "Permission denied",
    }
    found = fed(Host.replay(answers), "/mnt/usb")
    assert found.schedule.value is None
    assert "crontabs: Permission denied" in found.schedule.source


def test_the_most_frequent_of_several_tasks_is_the_promise():
    table = "0 3 * * 0 rsync -a /a /mnt/usb\n0 */6 * * * rsync -a /b /mnt/usb\n"
    host = machine({"/var/spool/cron/crontabs/ada": table})
    assert schedule(host, "/mnt/usb").interval_hours == 6


def test_sanoid_promises_its_own_interval_not_that_of_its_timer():
    files = {
        "/etc/cron.d/sanoid": "*/15 * * * * root if [ ! -d /run ]; "
        "then TZ=UTC /usr/sbin/sanoid --cron --quiet; fi\n",
        "/etc/sanoid/sanoid.conf": "[tank/home]\nuse_template = p\n"
        "[template_p]\nhourly = 0\ndaily = 30\nautosnap = yes\n",
    }
    assert schedule(machine(files), "tank/home").interval_hours == 24


BACULA = """
Schedule {
  Name = "WeeklyCycle"
  Run = Full 1st sun at 23:05
  Run = Differential 2nd-5th sun at 23:05
  Run = Incremental mon-sat at 23:05
}
JobDefs { Name = "Default"; Type = Backup; Schedule = "WeeklyCycle"; Storage = File1 }
Job { Name = "home"; JobDefs = "Default" }
Job { Name = "restore"; Type = Restore }
"""


def test_bacula_keeps_its_own_schedule():
    device = "Device {\n  Name = D\n  Media Type = File\n  Archive Device = /srv/bacula\n}\n"
    host = machine({"/etc/bacula/bacula-dir.conf": BACULA, "/etc/bacula/bacula-sd.conf": device})
    found = schedule(host, "/srv/bacula")
    assert (found.by, found.interval_hours) == ("Bacula schedule", 24.0)
    assert schedule_hours(("Full 1st sun at 23:05",)) == 35 * 24.0
    assert schedule_hours(("Full sun-sat at 23:10",)) == 24.0
    assert schedule_hours(("Incremental sat-mon at 1:05pm",)) == 5 * 24.0
    with pytest.raises(ValueError):
        parse_run("Full whenever at 23:05")


def test_anacron_and_folders_of_scripts():
    script = "#!/bin/sh\nrsync -a /home /mnt/usb\n"
    host = machine({"/etc/cron.weekly/backup": script})
    assert schedule(host, "/mnt/usb").interval_hours == 168
    host = machine({"/etc/cron.weekly/backup.dpkg-old": script})
    assert schedule(host, "/mnt/usb").by == "by hand"
    host = machine({"/etc/anacrontab": "PATH=/bin\n7 25 mine rsync -a /home /mnt/usb\n"})
    assert schedule(host, "/mnt/usb").by == "anacron"


@given(st.text(st.sampled_from("ab/$'`\" ;|&(){}<>=-\\\n#~:"), max_size=60))
def test_any_command_is_read_to_its_end(noise):
    line = f"0 2 * * * root rsync -a /a {noise.splitlines()[0] if noise else ''} /b\n"
    host = machine({"/etc/crontab": line, "/etc/cron.daily/x": f"#!/bin/sh\n{noise}\n"})
    assert len(scheduled(host).tasks) >= 1


def test_scripts_that_call_each_other_come_to_an_end():
    loop = "#!/bin/sh\n" + "/opt/a.sh\n/opt/b.sh x\n" * 20 + "rsync -a /home /mnt/usb\n"
    host = machine({"/etc/crontab": "0 2 * * * root /opt/a.sh\n", "/opt/a.sh": loop,
                    "/opt/b.sh": loop})  # fmt: skip
    assert schedule(host, "/mnt/usb").by == "cron"
