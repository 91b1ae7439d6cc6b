#!/usr/bin/env bash
# One would guess: a statement with FACET that works on an index works through a distributed index
# over the same index, and the other way round.
# What happens: an alias in the select list decides it. `SELECT id, size*2 AS area .. FACET
# section` works on the index and fails through a master, `.. FACET size*2 AS area` fails on the
# index and works through a master. In both the main rows have been sent before the error.
# Why care: facets break on the day when an index moves behind a master, and a client that reads
# the first result only never sees the error. Leave aliases out of the select list.
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
    table = Searchd("table", """
    index goods {
    type = rt
    path = FOLDER/goods
    rt_field = title
    rt_attr_uint = section
    rt_attr_uint = size
    }
    """)
    for number in (1, 2, 3, 4):
        row = f"({number}, 'x', {number % 2}, {number})"
        table.ask(f"INSERT INTO goods (id, title, section, size) VALUES {row}")
    master = Searchd("master", f"""
    index all_goods {{
    type = distributed
    agent = 127.0.0.1:{table.api}:goods
    }}
    """)


    def results(daemon, statement):
        """The rows of each result, or the end of the error in its place."""
        results = []
        with pymysql.connect(host="127.0.0.1", port=daemon.sql, autocommit=None) as connection:
            cursor = connection.cursor()
            cursor.execute(statement)
            results.append(list(cursor.fetchall()))
            try:
                while cursor.nextset():
                    results.append(list(cursor.fetchall()))
            except pymysql.err.ProgrammingError as error:
                results.append(error.args[1].rstrip("\0"))
        return results


    ROWS, COUNTS = [(1, 2), (2, 4)], [(1, 2), (0, 2)]
    AREAS = [(2, 1), (4, 1), (6, 1), (8, 1)]
    NOT_FOUND = "INTERNAL ERROR: column 'size*2/area' not found in result set schema"
    NOT_UNIQUE = "index goods: alias 'area' must be unique (conflicts with another alias)"
    for columns, facet, direct, through_master in (
        ("id, size*2", "section", [ROWS, COUNTS], [ROWS, COUNTS]),
        ("id, size*2 AS area", "section", [ROWS, COUNTS], [ROWS, NOT_FOUND]),
        ("id, size*2 AS area", "size*2 AS area", [ROWS, NOT_UNIQUE], [ROWS, AREAS]),
    ):
        for daemon, index, known in (
            (table, "goods", direct), (master, "all_goods", through_master)
        ):
            statement = f"SELECT {columns} FROM {index} LIMIT 2 FACET {facet}"
            see(statement, results(daemon, statement), known)
finally:
    for daemon in list(running):
        daemon.stop()
if changes:
    sys.exit("THE BEHAVIOUR CHANGED\n" + "\n".join(changes))
END
