"""Configurations; import its names from `hamirror`."""

import os
from collections.abc import Iterable, Mapping
from typing import Literal, TypeAlias, final

from .types import Diagnostic

__all__ = ["Config"]

_Reading: TypeAlias = Literal["strict", "sphinx", "manticore"]

@final
class Config:
    """A validated configuration: of a `sphinx.conf` or `manticore.conf`, the `searchd` section
    and every distributed index. It never changes.

    `reading` says by whose rules it is read. Strictly, what either daemon takes as it is written
    is taken, and anything else is a fault or a warning. As "sphinx" (searchd 2.2.11) and as
    "manticore", what the daemon skips is skipped with a warning, and what keeps it from starting
    is a fault.
    """

    @staticmethod
    def read(path: str | os.PathLike[str], *, reading: _Reading = "strict") -> Config:
        """Reads a file. `ConfigError` lists all its faults; one that can't be read is a
        `ResourceError`.

        Distributed tables of Manticore's RT mode are read, too: those of the `manticore.json` in
        the folder that `data_dir` of section `searchd` names.
        """

    @staticmethod
    def parse(text: str, *, name: str = "<text>", reading: _Reading = "strict") -> Config:
        """Reads a text; errors and warnings call it `name`. The text may be what SHOW
        CREATE TABLE prints of distributed tables."""

    @staticmethod
    def build(
        sections: Mapping[str, Mapping[str, str | int | Iterable[str]]],
        *,
        reading: _Reading = "strict",
    ) -> Config:
        """Puts a configuration together: `{"searchd": {key: value}, "an index": {"agent": [..]}}`.

        Sections are `searchd` and names of distributed indexes; keys and values are those of a
        file. A key that may stand there several times takes several values.
        """

    @property
    def indexes(self) -> tuple[str, ...]:
        """Names of the distributed indexes, in the order of the text."""

    @property
    def warnings(self) -> tuple[Diagnostic, ...]:
        """Oddities that do not stop anything, each with its place."""
