#!/usr/bin/env bash
# One would guess: UPDATE stores the number that it is given, as INSERT does: -1 in a float
# attribute is -1.0, and 2.0 in an integer attribute is 2.
# What happens: UPDATE stores the bits of the number as written. A negative whole number in a float
# attribute becomes NaN, and 2.0 in an integer attribute becomes 1073741824. The reply counts the
# row as changed, without a warning, on one index and through a master alike.
# Why care: a balance set to -1 is found by no range any more, and turns each sum into NaN. Write
# a point for a float attribute, and none for an integer attribute.
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
    index accounts {
    type = rt
    path = FOLDER/accounts
    rt_field = title
    rt_attr_float = balance
    rt_attr_uint = visits
    rt_attr_bigint = points
    }
    """)
    master = Searchd("master", f"""
    index all_accounts {{
    type = distributed
    agent = 127.0.0.1:{table.api}:accounts
    }}
    """)


    def stored(columns, number):
        return table.ask(f"SELECT {columns} FROM accounts WHERE id = {number}")[1][0]


    for number in (1, 2, 3, 4):
        inserted = f"({number}, -1, 2.0, 2.0)"
        table.ask(f"INSERT INTO accounts (id, balance, visits, points) VALUES {inserted}")
    columns = "balance, visits, points"
    see("INSERT -1, 2.0, 2.0 into float, uint, bigint", stored(columns, 1), (-1.0, 2, 2))
    for daemon, index, number in ((table, "accounts", 1), (master, "all_accounts", 2)):
        changed = daemon.ask(f"UPDATE {index} SET balance = -1 WHERE id = {number}")
        see(f"UPDATE {index} SET balance = -1, rows changed", changed, 1)
        see("  balance", repr(stored("balance", number)[0]), "nan")
        changed = daemon.ask(f"UPDATE {index} SET visits = 2.0, points = 2.0 WHERE id = {number}")
        see(f"UPDATE {index} SET visits = 2.0, points = 2.0, rows changed", changed, 1)
        see("  visits, points", stored("visits, points", number), (1073741824, 1073741824))
    table.ask("UPDATE accounts SET balance = 5 WHERE id = 3")
    see("UPDATE accounts SET balance = 5, balance", stored("balance", 3), (5.0,))
    table.ask("UPDATE accounts SET balance = -1.0 WHERE id = 4")
    see("UPDATE accounts SET balance = -1.0, balance", stored("balance", 4), (-1.0,))


    def ids(rest):
        return [row[0] for row in table.ask(f"SELECT id FROM accounts {rest}")[1]]


    see("ids with balance < 0.0", ids("WHERE balance < 0.0"), [4])
    see("ids with balance >= 0.0", ids("WHERE balance >= 0.0"), [3])
    _, rows = table.ask("SELECT SUM(balance) FROM accounts")
    see("SUM(balance)", repr(rows[0][0]), "nan")
finally:
    for daemon in list(running):
        daemon.stop()
if changes:
    sys.exit("THE BEHAVIOUR CHANGED\n" + "\n".join(changes))
END
