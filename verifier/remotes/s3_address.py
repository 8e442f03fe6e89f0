"""Addresses in object storage: who runs the endpoint, which bucket, which folder in it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from riskmodel.errors import InputError

__all__ = ["S3Address", "is_s3", "parse_s3", "provider_of", "region_in"]

# what the host of an endpoint ends with, and whose it is
_PROVIDERS = {
    "amazonaws.com": "aws",
    "amazonaws.com.cn": "aws",
    "backblazeb2.com": "backblaze",
    "wasabisys.com": "wasabi",
    "r2.cloudflarestorage.com": "cloudflare",
    "digitaloceanspaces.com": "digitalocean",
    "storage.googleapis.com": "google",
    "your-objectstorage.com": "hetzner",
    "scw.cloud": "scaleway",
    "linodeobjects.com": "linode",
    "cloud.ovh.net": "ovh",
    "io.cloud.ovh.net": "ovh",
    "storjshare.io": "storj",
    "idrivee2.com": "idrive",
    "idrivee2-4.com": "idrive",
    "aliyuncs.com": "alibaba",
    "oraclecloud.com": "oracle",
    "ionoscloud.com": "ionos",
    "vultrobjects.com": "vultr",
    "exo.io": "exoscale",
    "contabostorage.com": "contabo",
    "leviia.com": "leviia",
    "appdomain.cloud": "ibm",
}
_EXPECTS = "address: expects s3:URL/BUCKET, s3:URL/BUCKET/FOLDER or s3://BUCKET"
_REGION = re.compile(r"(?<![a-z0-9])((?:us-gov|[a-z]{2})-[a-z]+-\d{1,3}|[a-z]{3}\d)(?![a-z0-9])")


@dataclass(frozen=True, slots=True)
class S3Address:
    """A folder in a bucket; `endpoint` is a URL, or None for the default one."""

    endpoint: str | None
    bucket: str
    prefix: str

    @property
    def root(self) -> str:
        """What paths in this bucket start with."""
        return f"s3://{self.bucket}"

    @property
    def path(self) -> str:
        """The folder as a path."""
        return f"{self.root}/{self.prefix}" if self.prefix else self.root

    def for_restic(self, endpoint: str) -> str:
        """Return the address as restic writes it, with the endpoint that was reached."""
        tail = f"/{self.prefix}" if self.prefix else ""
        return f"s3:{endpoint.rstrip('/')}/{self.bucket}{tail}"


def is_s3(address: str) -> bool:
    """Tell whether an address is one in object storage."""
    return address.startswith("s3:")


def parse_s3(address: str) -> S3Address:
    """Read ``s3:URL/BUCKET[/PREFIX]``, ``s3:HOST/BUCKET[/PREFIX]`` or ``s3://BUCKET[/PREFIX]``.

    Parameters
    ----------
    address : str
        As the set-up file has it.

    Returns
    -------
    S3Address

    Raises
    ------
    InputError
        If no bucket is named.
    """
    rest = address.removeprefix("s3:")
    if rest.startswith("//"):
        bucket, _, prefix = rest[2:].partition("/")
        endpoint = None
    else:
        scheme = "" if re.match(r"https?://", rest) else "https://"
        try:
            parts = urlsplit(scheme + rest)
            _ = parts.port  # a port that is none is noticed only when asked for
        except ValueError:
            raise InputError(f"{_EXPECTS}, got '{address}'") from None
        if parts.username or parts.password:
            raise InputError(
                "address: credentials do not belong into an address; "
                "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY or a 'profile' give them"
            )
        endpoint = f"{parts.scheme}://{parts.netloc}"
        bucket, _, prefix = parts.path.lstrip("/").partition("/")
        if not parts.netloc or ("." not in parts.netloc and ":" not in parts.netloc):
            bucket = bucket if parts.hostname == "localhost" else ""
    if not bucket:
        raise InputError(f"{_EXPECTS}, got '{address}'")
    return S3Address(endpoint, bucket, prefix.strip("/"))


def provider_of(endpoint: str) -> str | None:
    """Name who runs an endpoint; None if its address does not tell."""
    host = (urlsplit(endpoint).hostname or "").lower()
    for ending, name in _PROVIDERS.items():
        if host == ending or host.endswith(f".{ending}"):
            return name
    return None


def region_in(endpoint: str) -> str | None:
    """Find a region in an endpoint's name, as in ``s3.eu-central-003.backblazeb2.com``."""
    host = (urlsplit(endpoint).hostname or "").lower()
    if provider_of(endpoint) is None:
        return None
    found = _REGION.search(host)
    return found[1] if found else None
