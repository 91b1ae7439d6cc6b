#!/usr/bin/env bash
# One would guess: a MySQL client reads a float that searchd prints as `inf` or `nan` as Infinity
# and NaN, or refuses it.
# What happens: searchd sends any float as text, infinity too, which MySQL never sends. mysql2 for
# Node.js takes each character for a digit: inf is 6374, -inf is -6374, nan is -6752. PyMySQL
# reads them right.
# Why care: a boost with EXP() that overflows comes as an ordinary number, below rows that have
# less. No error, no warning. Bound it in the query: IF(x<80, EXP(x), EXP(80)).
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
mkdir "$work/node"
npm install --prefix "$work/node" --silent --no-audit --no-fund mysql2@3.24.6

export PYTHONPATH=$work/python PYTHONDONTWRITEBYTECODE=1
libraries=$(echo "$work"/unpacked/usr/lib/*-linux-gnu "$work"/unpacked/lib/*-linux-gnu)
export LD_LIBRARY_PATH=${libraries// /:}
python3 - "$work" <<'END'
import json, os, signal, socket, subprocess, sys, time

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
    rt_attr_uint = score
    rt_attr_float = price
    }
    """)
    rows = "(1, 'x', 5, 7000), (2, 'x', 1000, 1e50), (3, 'x', 0, -1e50)"
    table.ask(f"INSERT INTO goods (id, title, score, price) VALUES {rows}")
    BOOST = "SELECT EXP(score) AS boost FROM goods ORDER BY id ASC"
    PRICE = "SELECT price FROM goods ORDER BY id ASC"
    NONE = "SELECT EXP(score) - EXP(1000) AS boost FROM goods WHERE id = 2"
    BOUND = "SELECT IF(score<80, EXP(score), EXP(80)) AS boost FROM goods WHERE id = 2"
    PROGRAM = """
    const [port, ...statements] = process.argv.slice(1);
    (async () => {
        const mysql = require('mysql2/promise');
        const connection = await mysql.createConnection({host: '127.0.0.1', port: Number(port)});
        const answers = [];
        for (const statement of statements) {
            const [rows] = await connection.query(statement);
            answers.push(rows.map(row => Object.values(row)[0]));
        }
        console.log(JSON.stringify(answers));
        await connection.end();
    })();
    """
    print("node", subprocess.check_output(["node", "--version"], text=True).strip())
    output = subprocess.check_output(
        ["node", "--eval", PROGRAM, str(table.sql), BOOST, PRICE, NONE, BOUND],
        cwd=WORK + "/node", text=True, timeout=30,
    )
    *answers, bound = json.loads(output)
    for statement, answer, in_python, in_node in (
        (BOOST, answers[0], ["148.413162", "inf", "1.0"], [148.413162, 6374, 1]),
        (PRICE, answers[1], ["7000.0", "inf", "-inf"], [7000, 6374, -6374]),
        (NONE, answers[2], ["nan"], [-6752]),
    ):
        values = [str(row[0]) for row in table.ask(statement)[1]]
        see(f"PyMySQL: {statement}", values, in_python)
        see(f"mysql2:  {statement}", answer, in_node)
    see("mysql2:  the bounded boost is above 1e34", bound[0] > 1e34, True)
finally:
    for daemon in list(running):
        daemon.stop()
if changes:
    sys.exit("THE BEHAVIOUR CHANGED\n" + "\n".join(changes))
END
