"""A real searchd with real-time indexes, and a distributed index over each."""

from __future__ import annotations

import subprocess
import time
from typing import TYPE_CHECKING

import hamirror
from daemons import refused_address

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

PING = hamirror.Request("ping", b"\1\2\3\4", access="read")
START_LIMIT_S = 30


class RealTime:
    """Indexes of that daemon have one full-text field, `title`, and the columns that are given."""

    def __init__(self, folder: Path, indexes: Mapping[str, Sequence[str]]) -> None:
        """Starts it; `indexes` has declarations such as `string = name`."""
        address = refused_address()
        text = f"searchd {{\n listen = {address}\n log = {folder}/searchd.log\n"
        text += f" pid_file = {folder}/searchd.pid\n binlog_path =\n workers = threads\n}}\n"
        for name, columns in indexes.items():
            declared = "".join(f" rt_attr_{column}\n" for column in columns)
            text += f"index {name}_rt {{\n type = rt\n path = {folder}/{name}\n"
            text += f" rt_field = title\n{declared}}}\n"
        path = folder / "sphinx.conf"
        path.write_text(text)
        self.agents = {name: f"{address}:{name}_rt" for name in indexes}
        command = ["searchd", "--config", str(path), "--nodetach"]
        nothing = subprocess.DEVNULL
        self._process = subprocess.Popen(command, stdin=nothing, stdout=nothing, stderr=nothing)
        end = time.monotonic() + START_LIMIT_S
        while not self._answers():
            assert self._process.poll() is None, (folder / "searchd.log").read_text()
            assert time.monotonic() < end, "searchd gives no answer"
            time.sleep(0.01)

    def close(self) -> None:
        """Ends it."""
        self._process.kill()
        self._process.wait()

    def _answers(self) -> bool:
        with hamirror.connect(agents=self.agents) as client:
            try:
                client.call(next(iter(self.agents)), 0, PING)
            except hamirror.UnansweredError:
                return False
        return True
