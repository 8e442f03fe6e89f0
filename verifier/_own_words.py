"""The words of this program's own sentences; all others are somebody's, and redacted.

No sentence of a recording says a word that is not here, so that a name can only stay by being one
of these. A test holds that each stands in a sentence of the program or of the system; a word that
is missing costs a reader the word, a name that is here would cost somebody the name.
"""

from __future__ import annotations

__all__ = ["WORDS"]

WORDS = frozenset(
    """
    a abort about accept accepted ACCESS access account active add address after again against
    agent ages all allocate allowed alone
    ALTER always among an and anew annex another answer answers
    any anything archive are argument as aside
    ask asked asks at attributes audit audited audits AUTH
    available AWS back backup BackupMeta backups backwards Bacula bacula Bad bad bag bd be
    before BEGIN begin beginning begins being believes belong below beside between bextract bits
    blob blobs block bloom bomb book borg both branch brings broke Broken broken bssd btrbk
    btrfs BUCKET bucket build builds bup burglary busy but by byte bytes cache calendar call
    called calls came can cancelled Cannot cannot card cartridges cat catalogue catastrophe
    caused cd change changed changes character check checkpoint checksum circle circles claims
    class cleaning clock closed cloud code come comes command commit compare compared comparing
    comparison complete compliance compressed compression confidence CONFIG config configuration
    connected Connection connection consistent containers contains content contents copied
    copies copy corrupted costs could CRC CRC32 Creation credentials CRITICAL cross CryFS
    crypt Cryptomator
    ct
    current cut cyclone daily Damage damaged dar dash Data data database dataset datasets
    datatraveler date dates day days dead debug declared declares decryption deep deeply default
    defined defines delete deleted deletes deleting deletions denied depth describe descriptor
    destroy Device device devices did died different differs digest digests director directory
    disc discover Disk disk disks dm do does domain down drawn drill drive drives DROP dt dump
    duplicity dvd each earlier earthquake easystore eCryptfs elastic Element elements else elsewhere
    Empty empty EncFS encrypt encrypted encryption encrypts end ended endpoint ends entities entries
    entry ERROR error errors etc event ever every everything examination examined exceeded
    exclude exist EXISTS exists expansion expects expired extract extreme factor Failed failed
    failure falcon Fatal fatal fetched fh fields FILE File file files filled fingerprint finish
    finished finite fire first fit five flags flash flood FOLDER folder folders follows for
    forbidden force format forwards found frequently from fsck FULL Full full Function gave get
    Git git gitignore give given gives go gocryptfs
    goes gone google got governance had hand handle hang
    hard has Hash have hdd hdw HEAD header heads held here hgst hold holds home HOST Host host
    hosts hourly how hurricane ID id identity IF if image IMMEDIATE implemented in incomplete
    increment independent INDEX index indexes inodes Input install installed instant internet
    Interrupted into Invalid Is is ISO It it its itself jetflash job jobs join joins journal JSON
    json judged judging keep keeps kept KEY Key key killed kind know known knows kopia label
    lacks large larger last later lay layer layout lead leads least left legal less levels LFS
    library lie lies lifecycle lift like limit line linear link links list listed listing lists
    live load LoadIndex local location locations lock locked locks log login long looked looking
    lost ls lsblk lsjson lsyncd lto lvs lzip m Machine machine machines made make makes manifest
    manifests many MariaDB marked match matches MB md mdstat meanwhile media medium member
    members memory metadata mg mhvtl MiB middle min mirror missing mmi7 mode modification module
    monthly more most mount mounted mountinfo mounts moved mq mtx multibyte multiple must my
    MySQL name named names nas national nature need needs neither nested Network network never
    new newer newest No no nobody node none nor NoSuchKey Not not nothing NOTICE noticed now NUL
    number numcopies nvme object objects of off offset older oldest on once one only open
    opening opens Operation optical options or origin other others otime out output over overlap
    overlay own owner pack package packs paper parent part parts PASS pass passcommand
    passphrase passport password PATH path paths pattern patterns peer Permission permission
    permitted persistentdisk photos piece pip pipe place placeholders places plain plus point
    pointers points pool PORT port portable postgresql PRAGMA preserve printed private pro probe
    proc profile program programs progress promises provider ProxyCommand ProxyJump qemu
    quadstor quota r raid random range RCLONE rclone rdiff reached reaches Read read reader
    reads really receive received recent record recorded recording records ref refers refs
    refused region regular rejected release REMOTE Remote remote remotes removed RENAME repeats
    reportformat reports repositories repository Required reset resilver Resource resource rest
    restic restore restored restores restoring resumed retain returned rewound Ridge right
    riskmodel Rock root rot rounded route rsnapshot rsync rule rules run running runs S3 s3 saas
    said same sampled sanoid save saves Say say says schedule scheduler schedules score scratch
    scsi sd seagate second SECRET sector seed seen sees Segment segment SELECT self send server
    service session set setup setups several SFTP sftp SHA share shares shelf should show shown
    shows shutdown sight sightings signature signatures simulate since sit sites size sizes
    sketch slice slices small smartctl smr snapshot snapshots so SOCK Software solid some
    somebody something sound source space span speaks split ssd SSH ssh st stacked Stale
    standard start starts starwind state status step stick still stopped Storage storage stored
    storeonce storm stream streams Structure such summary supplied supported surge suspended
    symbolic sync synchronous Syncthing sys system systemd systems TABLE table tables tags taken
    tape target td tell tells temporarily temporary text than that The the their them then there
    these they this those threetwoone through Time time timed timer times tmp TO to together
    told Too too
    tornado toshiba Traceback transaction Transfer Transport transport tree trees tries tropical
    try twice twin two type types UDF ultra ultrium unavailable unchanged under understood
    unfinished
    unique unknown unpacks unqualified unreachable unreadable until untrusted up URL usb used
    USER user utility uuid Value variables vbox Veeam verifier version versioning versions
    virtual vmware Volume volume volumes VolumeTag vtl waits WAL was water way wd wdc web week
    weekly were What what when where whether which while who whoever whole whose wide wildfire
    window with within without word work working would write writes written Wrong wrong wrote
    XML YAML yearly years you younger your Za ZFS zfs zpool
    """.split()  # noqa: SIM905 - quoted one by one they would fill ten pages
)
