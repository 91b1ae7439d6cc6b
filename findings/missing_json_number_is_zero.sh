#!/usr/bin/env bash
# One would guess: a document whose JSON lacks a key is found by none of `< 1`, `<= 0` and `= 0`,
# as a NULL is in SQL, or by all of them, as a zero is.
# What happens: it depends on how the condition is written. For a range of whole numbers a missing
# key is 0, for `= 0` and for a range with a point it is nothing, for `!= 1` it is there again. A
# JSON null is like a missing key, but `= 0` finds it, too.
# Why care: "cheaper than 10" lists what has no price, and `<= 0` is not `< 0 or = 0`. Add
# `data.price IS NOT NULL`, or write the bound with a point.
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
    rt_attr_json = data
    }
    """)
    texts = ('{"price": 0}', '{"price": 7}', '{"price": null}', '{"name": "x"}')
    for number, text in enumerate(texts, 1):
        table.ask(f"INSERT INTO goods (id, title, data) VALUES ({number}, 'x', '{text}')")
    table.ask("INSERT INTO goods (id, title) VALUES (5, 'x')")


    def ids(condition):
        _, rows = table.ask(f"SELECT id FROM goods WHERE {condition} ORDER BY id ASC")
        return [row[0] for row in rows]


    print("price of 1 to 5: 0, 7, null, no such key, no JSON at all")
    for condition, known in (
        ("data.price = 0", [1, 3]),
        ("data.price IN (0)", [1, 3]),
        ("data.price != 0", [2, 4, 5]),
        ("data.price != 7", [1, 3, 4, 5]),
        ("data.price <= 0", [1, 3, 4, 5]),
        ("data.price < 10", [1, 2, 3, 4, 5]),
        ("data.price >= 0", [1, 2, 3, 4, 5]),
        ("data.price BETWEEN 0 AND 0", [1, 3, 4, 5]),
        ("data.price < 10.0", [1, 2]),
        ("data.price BETWEEN 0.0 AND 0.0", [1]),
        ("data.price IS NULL", [3, 4, 5]),
        ("data.price < 10 AND data.price IS NOT NULL", [1, 2]),
    ):
        see(f"ids by {condition}", ids(condition), known)
finally:
    for daemon in list(running):
        daemon.stop()
if changes:
    sys.exit("THE BEHAVIOUR CHANGED\n" + "\n".join(changes))
END
