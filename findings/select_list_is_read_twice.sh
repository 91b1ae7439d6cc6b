#!/usr/bin/env bash
# One would guess: a SELECT that an index answers is answered through a distributed index, too,
# once the master has accepted it.
# What happens: the master hands the select list on as it was written, and agents read it by the
# grammar of the API, which knows less than SphinxQL. It refuses `COUNT(*) AS count` and nine more
# words as an alias or an attribute's name, an alias in backticks, and `.5` for 0.5.
# Why care: `COUNT(*) AS count`, `WEIGHT() AS weight` and the quoting of query builders work until
# the index moves behind a master. Use other words, and leave out what the API does not know.
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
    WORDS = ("avg", "count", "distinct", "group_concat", "groupby", "max", "min", "option", "sum",
             "weight")
    attributes = "".join(f"    rt_attr_uint = {word}\n" for word in WORDS)
    table = Searchd("table", f"""
    index goods {{
    type = rt
    path = FOLDER/goods
    rt_field = title
    rt_attr_uint = section
    {attributes}
    }}
    """)
    table.ask("INSERT INTO goods (id, title, section) VALUES (1, 'x', 5), (2, 'x', 5)")
    master = Searchd("master", f"""
    index all_goods {{
    type = distributed
    agent = 127.0.0.1:{table.api}:goods
    }}
    """)


    def answer(daemon, statement):
        """The rows, or what is unexpected to whom."""
        try:
            return daemon.ask(statement)[1]
        except pymysql.err.ProgrammingError as error:
            return error.args[1].rstrip("\0").split("remote error: ")[-1]


    REFUSED = "select: syntax error, unexpected "
    for item, rows, refusal in (
        ("COUNT(*) AS number", [(2,)], None),
        ("COUNT(*) AS count", [(2,)], "SEL_COUNT, expecting SEL_TOKEN near 'count'"),
        ("COUNT(*) AS `number`", [(2,)], "'`', expecting SEL_TOKEN near '`number`'"),
        ("`section`", [(5,), (5,)], None),
        ("section AS weight", [(5,), (5,)], "SEL_WEIGHT, expecting SEL_TOKEN near 'weight'"),
        ("section * 0.5 AS half", [(2.5,), (2.5,)], None),
        ("section * .5 AS half", [(2.5,), (2.5,)], "'.' near '.5 AS half'"),
    ):
        see(f"SELECT {item}, the index itself",
            answer(table, f"SELECT {item} FROM goods"), rows)
        see(f"SELECT {item}, through a master",
            answer(master, f"SELECT {item} FROM all_goods"),
            rows if refusal is None else REFUSED + refusal)

    plain = (*WORDS, "number", "total", "rank", "year", "type", "user", "status")
    for what, items in (
        ("as an alias", {word: f"section AS {word}" for word in plain}),
        ("as an attribute", {word: word for word in WORDS}),
    ):
        for index, daemon, known in (("goods", table, []), ("all_goods", master, list(WORDS))):
            refused = [
                word for word, item in items.items()
                if isinstance(answer(daemon, f"SELECT {item} FROM {index}"), str)
            ]
            see(f"words that {index} refuses {what}", refused, known)
finally:
    for daemon in list(running):
        daemon.stop()
if changes:
    sys.exit("THE BEHAVIOUR CHANGED\n" + "\n".join(changes))
END
