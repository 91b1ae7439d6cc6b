#!/usr/bin/env bash
# One would guess: `SELECT @@version_comment LIMIT 1`, which MySQL clients send by themselves, gives
# any MySQL driver a text.
# What happens: searchd answers with a column of type LONG whose value is the empty text, for this
# and for every other variable that it does not have. PyMySQL turns columns of that type into
# numbers and raises ValueError, which is none of its own errors. The rest of the answer stays
# unread, so the next statement of that connection fails, too: "Packet sequence number wrong".
# Why care: one question about the server, asked by a pool or an ORM at its start, breaks a
# connection that worked, and `except pymysql.Error` does not see it. Ask for no variables but
# @@max_allowed_packet and the like, which are numbers, or drop the connection after a ValueError.
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


    def outcome(connection, statement):
        try:
            cursor = connection.cursor()
            cursor.execute(statement)
            return list(cursor.fetchall())
        except Exception as error:
            return f"{type(error).__name__}: {error}"


    def connect():
        return pymysql.connect(host="127.0.0.1", port=table.sql, autocommit=None)


    COMMENT = "SELECT @@version_comment LIMIT 1"
    NUMBER = "invalid literal for int() with base 10: ''"
    OUT_OF_STEP = "InternalError: Packet sequence number wrong - got 5 expected 1"
    connection = connect()
    see("a number", outcome(connection, "SELECT @@max_allowed_packet"), [(8388608,)])
    see(COMMENT, outcome(connection, COMMENT), f"ValueError: {NUMBER}")
    see("the next statement", outcome(connection, "SHOW TABLES"), OUT_OF_STEP)
    other = connect()
    see("another variable", outcome(other, "SELECT @@license"), f"ValueError: {NUMBER}")
    fresh = connect()
    see("a fresh connection", outcome(fresh, "SHOW TABLES"), [("goods", "rt")])
finally:
    for daemon in list(running):
        daemon.stop()
if changes:
    sys.exit("THE BEHAVIOUR CHANGED\n" + "\n".join(changes))
END
