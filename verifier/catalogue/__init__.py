"""The catalogue: what each audit saw, in any database of SQLAlchemy.

A run holds the facts of each location, its gates and findings, and the files of each tree that
could be listed with the digests of those that were read. Files are kept in pieces that are named by
their content, so that what did not change since the run before is not written again.
"""

from verifier.catalogue._book import Catalogue, ChangedDigest, default_path
from verifier.catalogue._database import CatalogueError
from verifier.catalogue._recorder import Recorder
from verifier.catalogue._tables import SCHEMA

__all__ = ["SCHEMA", "Catalogue", "CatalogueError", "ChangedDigest", "Recorder", "default_path"]
