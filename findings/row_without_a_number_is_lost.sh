#!/usr/bin/env bash
# One would guess: INSERT refuses an id that is no positive whole number, as it refuses a missing
# one and a duplicate.
# What happens: an id is read up to its first character that is no digit. What is left of 'x17' or
# '0x11' or 0.9 is 0, and a row of id 0 is counted as inserted, but stored nowhere. '17-a' and 17.5
# are both 17. No error, no warning.
# Why care: rows with hashes or UUIDs as ids vanish or replace one another while the loader counts
# successes. A list with one such row stores the others. Check ids before INSERT.
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
    }
    """)


    def put(verb, *numbers):
        """The count of rows in the answer, and the ids that are stored then."""
        rows = ", ".join(f"({number}, 'x', 5)" for number in numbers)
        count = table.ask(f"{verb} INTO goods (id, title, section) VALUES {rows}")
        _, rows = table.ask("SELECT id FROM goods ORDER BY id ASC")
        return count, [row[0] for row in rows]


    for numbers, known in (
        (["0"], (1, [])),
        (["'x17'"], (1, [])),
        (["'0x11'"], (1, [])),
        (["0.9"], (1, [])),
        (["0", "3", "'b5'"], (3, [3])),
        (["'17-a'"], (1, [3, 17])),
    ):
        see(f"INSERT {', '.join(numbers)}: rows, ids", put("INSERT", *numbers), known)
    see("REPLACE '17-b': rows, ids", put("REPLACE", "'17-b'"), (1, [3, 17]))
    see("REPLACE 17.5: rows, ids", put("REPLACE", "17.5"), (1, [3, 17]))
    try:
        answer = put("INSERT", "'17-c'")
    except pymysql.err.ProgrammingError as error:
        answer = error.args[1].rstrip("\0")
    see("INSERT '17-c'", answer, "duplicate id '17'")
finally:
    for daemon in list(running):
        daemon.stop()
if changes:
    sys.exit("THE BEHAVIOUR CHANGED\n" + "\n".join(changes))
END
