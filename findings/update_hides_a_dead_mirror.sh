#!/usr/bin/env bash
# One would guess: an UPDATE through a distributed index fails, or at least warns, when one of an
# agent's mirrors cannot be reached, as a SELECT does for an agent.
# What happens: the master answers OK without a warning as long as one mirror took the update. The
# only sign is the count of rows: it is the sum over mirrors, 2 for one row on two mirrors.
# Why care: the mirror that was away comes back with the old value and serves it, so one query has
# two answers. Compare the count of rows with the number of mirrors.
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
    for mirror in (first, second):
        mirror.ask("INSERT INTO goods (id, title, section) VALUES (1, 'x', 1)")
    master = Searchd("master", f"""
    index mirrored {{
    type = distributed
    agent = 127.0.0.1:{first.api}:goods|127.0.0.1:{second.api}:goods
    }}
    index both {{
    type = distributed
    agent = 127.0.0.1:{first.api}:goods
    agent = 127.0.0.1:{second.api}:goods
    }}
    """)


    def with_warnings(statement):
        """Rows changed or found, and the count of warnings in the reply."""
        with pymysql.connect(host="127.0.0.1", port=master.sql, autocommit=None) as connection:
            count = connection.cursor().execute(statement)
            return count, len(connection.show_warnings() or ())


    def section(mirror):
        return mirror.ask("SELECT section FROM goods WHERE id = 1")[1][0][0]


    UPDATE = "UPDATE mirrored SET section = {} WHERE id = 1"
    see("update, both mirrors up: rows, warnings", with_warnings(UPDATE.format(2)), (2, 0))
    second.stop()
    see("update, second mirror down: rows, warnings", with_warnings(UPDATE.format(3)), (1, 0))
    see("select, second agent down: rows, warnings", with_warnings("SELECT id FROM both"), (1, 1))
    second.start()
    see("section on the first and the second mirror", (section(first), section(second)), (3, 2))
finally:
    for daemon in list(running):
        daemon.stop()
if changes:
    sys.exit("THE BEHAVIOUR CHANGED\n" + "\n".join(changes))
END
