#!/usr/bin/env bash
# One would guess: when one INSERT of a transaction is refused, either its row alone is missing
# after COMMIT, or COMMIT fails and nothing is stored.
# What happens: an INSERT that is refused for a duplicate id silently throws away all that the
# transaction held so far, its deletions too. What follows is kept, and COMMIT answers OK. An
# INSERT refused for another reason, here an unknown column, drops nothing.
# Why care: a loader that skips duplicates and commits loses all good rows before the last
# duplicate, though each was answered OK. Use REPLACE, or begin the transaction anew.
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


    def transaction(*statements):
        """The answers to BEGIN, the statements and COMMIT, and the ids that are left."""
        table.ask("TRUNCATE RTINDEX goods")
        table.ask("INSERT INTO goods (id, title) VALUES (1, 'x'), (2, 'x')")
        answers = []
        with pymysql.connect(host="127.0.0.1", port=table.sql, autocommit=None) as connection:
            cursor = connection.cursor()
            for statement in ("BEGIN", *statements, "COMMIT"):
                try:
                    cursor.execute(statement)
                    answers.append("OK")
                except pymysql.err.ProgrammingError as error:
                    answers.append(error.args[1].rstrip("\0"))
        _, rows = table.ask("SELECT id FROM goods ORDER BY id ASC")
        return answers, [row[0] for row in rows]


    def insert(number, column="section"):
        return f"INSERT INTO goods (id, title, {column}) VALUES ({number}, 'x', 7)"


    print("stored before each transaction: 1, 2")
    see(
        "BEGIN, INSERT 11, INSERT 1, INSERT 12, COMMIT: answers, ids",
        transaction(insert(11), insert(1), insert(12)),
        (["OK", "OK", "duplicate id '1'", "OK", "OK"], [1, 2, 12]),
    )
    see(
        "BEGIN, INSERT 11, DELETE 2, INSERT 1, COMMIT: answers, ids",
        transaction(insert(11), "DELETE FROM goods WHERE id = 2", insert(1)),
        (["OK", "OK", "OK", "duplicate id '1'", "OK"], [1, 2]),
    )
    see(
        "BEGIN, INSERT 11, INSERT with an unknown column, INSERT 12, COMMIT: answers, ids",
        transaction(insert(11), insert(13, "nope"), insert(12)),
        (["OK", "OK", "unknown column: 'nope'", "OK", "OK"], [1, 2, 11, 12]),
    )
finally:
    for daemon in list(running):
        daemon.stop()
if changes:
    sys.exit("THE BEHAVIOUR CHANGED\n" + "\n".join(changes))
END
