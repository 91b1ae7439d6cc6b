#!/usr/bin/env bash
# One would guess: the statements of a transaction take effect in their order, so a DELETE removes
# a row that an INSERT or REPLACE of the same transaction wrote, and ROLLBACK undoes an UPDATE.
# What happens: COMMIT deletes first and inserts then, whatever the order was: the row stays.
# UPDATE does not wait for COMMIT: it misses the new rows, and ROLLBACK does not take it back.
# Why care: replaying a log of changes in one transaction brings deleted rows back to life, without
# an error. Commit before a DELETE or UPDATE of what was just written.
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


    def run(*statements):
        """The ids and sections that are left after the statements, on one connection."""
        table.ask("TRUNCATE RTINDEX goods")
        table.ask("INSERT INTO goods (id, title, section) VALUES (1, 'x', 5)")
        with pymysql.connect(host="127.0.0.1", port=table.sql, autocommit=None) as connection:
            for statement in statements:
                connection.cursor().execute(statement)
        return table.ask("SELECT id, section FROM goods ORDER BY id ASC")[1]


    insert = "INSERT INTO goods (id, title, section) VALUES (2, 'x', 6)"
    replace = "REPLACE INTO goods (id, title, section) VALUES (1, 'x', 6)"
    delete_new, delete_old = (f"DELETE FROM goods WHERE id = {number}" for number in (2, 1))
    update_new, update_old = (
        f"UPDATE goods SET section = 9 WHERE id = {number}" for number in (2, 1)
    )
    print("stored before each case: id 1, section 5")
    see("INSERT 2, DELETE 2", run(insert, delete_new), [(1, 5)])
    see("BEGIN, INSERT 2, DELETE 2, COMMIT", run("BEGIN", insert, delete_new, "COMMIT"),
        [(1, 5), (2, 6)])
    see("BEGIN, REPLACE 1, DELETE 1, COMMIT", run("BEGIN", replace, delete_old, "COMMIT"),
        [(1, 6)])
    see("BEGIN, INSERT 2, UPDATE 2, COMMIT", run("BEGIN", insert, update_new, "COMMIT"),
        [(1, 5), (2, 6)])
    see("BEGIN, UPDATE 1, ROLLBACK", run("BEGIN", update_old, "ROLLBACK"), [(1, 9)])
finally:
    for daemon in list(running):
        daemon.stop()
if changes:
    sys.exit("THE BEHAVIOUR CHANGED\n" + "\n".join(changes))
END
