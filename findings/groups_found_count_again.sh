#!/usr/bin/env bash
# One would guess: total_found of a grouped query is the number of groups, even where LIMIT and
# max_matches show fewer, as it is the number of matches of a plain query.
# What happens: a search keeps four groups for each row of max_matches (1000 unless set). A group
# that was dropped and comes again is counted again. Of 5000 groups 11000 are found, or 5000 when
# the rows of a group lie side by side in the index.
# Why care: a pager says "page 1 of 110" where there are 50, and more rows a group make it worse.
# Set max_matches to a quarter of the groups, or ask for COUNT(DISTINCT section).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# searchd 2.2.11 and what it lacks here, unpacked into the temporary folder, never installed.
mkdir -p "$work/packages/partial" "$work/python"
apt-get -qq -y install --download-only --reinstall --no-install-recommends \
    -o Debug::NoLocking=1 -o APT::Sandbox::User= -o Dir::Cache::archives="$work/packages/" \
    sphinxsearch=2.2.11-8+b1
for package in "$work"/packages/*.deb; do dpkg-deb -x "$package" "$work/unpacked"; done
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps \
    --target "$work/python" PyMySQL==1.1.1

export PYTHONPATH=$work/python PYTHONDONTWRITEBYTECODE=1
libraries=$(echo "$work"/unpacked/usr/lib/*-linux-gnu "$work"/unpacked/lib/*-linux-gnu)
export LD_LIBRARY_PATH=${libraries// /:}
python3 - "$work" <<'END'
import os, signal, socket, subprocess, sys, time

import pymysql

WORK = sys.argv[1]


class Searchd:
    """One daemon on two free loopback ports, for the API and for SphinxQL."""

    def __init__(self, name, indexes):
        self.folder = os.path.join(WORK, name)
        os.mkdir(self.folder)
        self.indexes = indexes.replace("FOLDER", self.folder)
        held = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
        self.api, self.sql = (one.getsockname()[1] for one in held)
        for one in held:
            one.close()
        self.start()

    def start(self):
        configuration = os.path.join(self.folder, "searchd.conf")
        with open(configuration, "w") as file:
            file.write(
                f"{self.indexes}\nsearchd {{\nlisten = 127.0.0.1:{self.api}\n"
                f"listen = 127.0.0.1:{self.sql}:mysql41\nbinlog_path =\nworkers = threads\n"
                f"log = {self.folder}/log\npid_file = {self.folder}/pid\n}}\n"
            )
        self.output = os.path.join(self.folder, "output")
        with open(self.output, "w") as output:
            self.process = subprocess.Popen(
                [WORK + "/unpacked/usr/bin/searchd", "--nodetach", "--config", configuration],
                stdout=output, stderr=subprocess.STDOUT,
            )
        running.append(self)
        while "accepting connections" not in self.said():
            if self.process.poll() is not None or time.monotonic() > DEADLINE:
                sys.exit("searchd did not start:\n" + self.said())
            time.sleep(0.02)

    def said(self):
        with open(self.output) as file:
            return file.read()

    def stop(self):
        self.process.terminate()
        self.process.wait(timeout=30)
        running.remove(self)

    def ask(self, statement):
        """Column names and rows of one statement, or the count of rows it changed."""
        with pymysql.connect(host="127.0.0.1", port=self.sql, autocommit=None) as connection:
            cursor = connection.cursor()
            changed = cursor.execute(statement)
            if cursor.description is None:
                return changed
            return [column[0] for column in cursor.description], list(cursor.fetchall())


def see(what, seen, known):
    print(f"{what}\n    {seen}")
    if seen != known:
        changes.append(f"{what}: {known} was known, {seen} was seen")


help_text = subprocess.check_output([WORK + "/unpacked/usr/bin/searchd", "--help"], text=True)
print(help_text.splitlines()[0])
running, changes = [], []
DEADLINE = time.monotonic() + 60
signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
try:
    table = Searchd("table", "".join(f"""
    index {name} {{
    type = rt
    path = FOLDER/{name}
    rt_field = title
    rt_attr_uint = section
    }}
    """ for name in ("in_turn", "side_by_side")))
    GROUPS, COPIES = 5000, 3
    sections = range(GROUPS * COPIES)
    for name, values in (
        ("in_turn", [number % GROUPS for number in sections]),
        ("side_by_side", [number // COPIES for number in sections]),
    ):
        rows = (f"({number}, 'x', {value})" for number, value in enumerate(values, 1))
        table.ask(f"INSERT INTO {name} (id, title, section) VALUES {', '.join(rows)}")
        table.ask(f"FLUSH RAMCHUNK {name}")


    def found(index, option=""):
        """total_found and total of the groups of an index."""
        with pymysql.connect(host="127.0.0.1", port=table.sql, autocommit=None) as connection:
            cursor = connection.cursor()
            cursor.execute(
                f"SELECT section FROM {index} GROUP BY section ORDER BY section ASC {option}"
            )
            cursor.execute("SHOW META")
            meta = dict(cursor.fetchall())
            return int(meta["total_found"]), int(meta["total"])


    for index, known in (("in_turn", 11000), ("side_by_side", GROUPS)):
        _, rows = table.ask(f"SELECT COUNT(*), COUNT(DISTINCT section) FROM {index}")
        see(f"{index}: rows, COUNT(DISTINCT section)", rows[0], (GROUPS * COPIES, GROUPS))
        see(f"{index}: total_found, total", found(index), (known, 1000))
    for limit, known in ((100, 14600), (1249, 10004), (1250, GROUPS)):
        option = f"OPTION max_matches = {limit}"
        see(f"in_turn, {option}: total_found, total", found("in_turn", option), (known, limit))
finally:
    for daemon in list(running):
        daemon.stop()
if changes:
    sys.exit("THE BEHAVIOUR CHANGED\n" + "\n".join(changes))
END
