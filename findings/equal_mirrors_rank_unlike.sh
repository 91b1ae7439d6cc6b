#!/usr/bin/env bash
# One would guess: two mirrors that were sent the same rows, and hold the same rows, answer a query
# with the same weights in the same order.
# What happens: BM25 counts how rare a word is within one chunk of a real-time index, not within
# the index. A FLUSH RAMCHUNK at another moment gives other chunks, so other weights and another
# order. SHOW META reports the same documents and hits on both.
# Why care: with page 1 of one mirror and page 2 of the other, rows come twice and others never,
# and each failover reorders a list. Flush mirrors alike, or use a ranker without BM25.
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
    INDEX = """
    index goods {
    type = rt
    path = FOLDER/goods
    rt_field = title
    rt_attr_uint = section
    }
    """
    first, second = Searchd("first", INDEX), Searchd("second", INDEX)
    titles = ["red lamp", "red table", "red chair", "blue lamp"]
    titles += ["filler lamp"] * 7 + ["red filler"] * 4
    for number, title in enumerate(titles, 1):
        for mirror in (first, second):
            mirror.ask(f"INSERT INTO goods (id, title) VALUES ({number}, '{title}')")
        if number == 4:
            second.ask("FLUSH RAMCHUNK goods")


    def answer(mirror, rest):
        """Ids and weights of the rows that were found."""
        select = "SELECT id, WEIGHT() AS rank FROM goods WHERE MATCH('red | lamp')"
        return [tuple(row) for row in mirror.ask(f"{select} {rest}")[1]]


    def words(daemon):
        with pymysql.connect(host="127.0.0.1", port=daemon.sql, autocommit=None) as connection:
            cursor = connection.cursor()
            cursor.execute("SELECT id FROM goods WHERE MATCH('red | lamp')")
            cursor.execute("SHOW META LIKE '%[%'")
            return dict(cursor.fetchall())


    see("words of both mirrors are the same", words(first) == words(second), True)
    print(words(first))
    see("first mirror, ids and weights", answer(first, "LIMIT 5"),
        [(1, 2500), (2, 1510), (3, 1510), (12, 1510), (13, 1510)])
    see("second mirror, ids and weights", answer(second, "LIMIT 5"),
        [(1, 2500), (12, 1545), (13, 1545), (14, 1545), (15, 1545)])
    pages = [
        [number for number, _ in answer(mirror, f"LIMIT {offset}, 5")]
        for mirror, offset in ((first, 0), (second, 5), (first, 10))
    ]
    see(
        "ids of page 1 of the first mirror, 2 of the second, 3 of the first",
        pages,
        [[1, 2, 3, 12, 13], [4, 5, 6, 7, 8], [7, 8, 9, 10, 11]],
    )
    missing = sorted(set(range(1, 16)) - {number for page in pages for number in page})
    see("ids on none of the pages, which hold all 15 rows on either mirror", missing, [14, 15])
    first_rows, second_rows = (
        answer(mirror, "LIMIT 15 OPTION ranker = wordcount") for mirror in (first, second)
    )
    see("ranker = wordcount: both mirrors agree", first_rows == second_rows, True)
finally:
    for daemon in list(running):
        daemon.stop()
if changes:
    sys.exit("THE BEHAVIOUR CHANGED\n" + "\n".join(changes))
END
