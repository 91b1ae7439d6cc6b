#!/usr/bin/env bash
# One would guess: COUNT(DISTINCT colour) of a string attribute counts different texts.
# What happens: it counts places in the index's string storage. In a plain index each row has its
# own place, so red, red, red, blue are 4. In a real-time index rows inserted one by one start at
# the same place of their own segment, so red, green, blue, black are 1. GROUP BY is right.
# Why care: facet counts are wrong in both directions, without a warning, and change when an index
# is flushed. Count a number made from the text: CRC32(colour) AS number, COUNT(DISTINCT number).
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
    def rows(*colours):
        return "".join(f"{number}\\tx\\t{colour}\\n" for number, colour in enumerate(colours, 1))


    indexes = f"""
    source colours {{
    type = tsvpipe
    tsvpipe_command = printf '{rows("red", "red", "red", "blue")}'
    tsvpipe_field = title
    tsvpipe_attr_string = colour
    }}
    index plain {{
    source = colours
    path = {WORK}/plain
    }}
    index realtime {{
    type = rt
    path = {WORK}/realtime
    rt_field = title
    rt_attr_string = colour
    }}
    """
    configuration = os.path.join(WORK, "indexer.conf")
    with open(configuration, "w") as file:
        file.write(f"{indexes}\nsearchd {{\npid_file = {WORK}/none\n}}\n")
    subprocess.run(
        [WORK + "/unpacked/usr/bin/indexer", "--quiet", "--config", configuration, "plain"],
        check=True,
    )
    table = Searchd("table", indexes)


    def count(index):
        return table.ask(f"SELECT COUNT(DISTINCT colour) FROM {index}")[1][0][0]


    def count_numbers(index):
        counted = "CRC32(colour) AS number, COUNT(DISTINCT number)"
        return table.ask(f"SELECT {counted} FROM {index}")[1][0][1]


    def groups(index):
        _, rows = table.ask(f"SELECT colour FROM {index} GROUP BY colour")
        return sorted(row[0] for row in rows)


    see("plain index with red, red, red, blue: COUNT(DISTINCT colour)", count("plain"), 4)
    see("the same index: GROUP BY colour", groups("plain"), ["blue", "red"])
    see("the same index: COUNT(DISTINCT number) of CRC32(colour)", count_numbers("plain"), 2)
    for number, colour in enumerate(("red", "green", "blue", "black"), 1):
        table.ask(f"INSERT INTO realtime (id, title, colour) VALUES ({number}, 'x', '{colour}')")
    see("real-time index with red, green, blue, black: COUNT(DISTINCT)", count("realtime"), 1)
    see("the same index: GROUP BY colour", groups("realtime"), ["black", "blue", "green", "red"])
    see("the same index: COUNT(DISTINCT number) of CRC32(colour)", count_numbers("realtime"), 4)
    table.ask("FLUSH RAMCHUNK realtime")
    see("the same index after FLUSH RAMCHUNK: COUNT(DISTINCT colour)", count("realtime"), 4)
finally:
    for daemon in list(running):
        daemon.stop()
if changes:
    sys.exit("THE BEHAVIOUR CHANGED\n" + "\n".join(changes))
END
