#!/usr/bin/env bash
# One would guess: Sphinx::Search of Perl hands out the values that searchd holds, as it does for
# ids and bigints of all 64 bits.
# What happens: items of a 64-bit set have their bytes in reverse, so 5 comes as 360287970189639680
# (only numbers like 0 and -1 survive). A float comes as a reference to an array of one number, so
# 1.5 used as a number is an address in memory. Neither gives an error or a warning.
# Why care: `$match->{price} > 10` is true for every row, and a sum of prices is of addresses. Take
# $match->{price}[0], and turn wide sets by unpack("q>", pack("q<", $item)).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# searchd 2.2.11 and what it lacks here, unpacked into the temporary folder, never installed.
mkdir -p "$work/packages/partial" "$work/python"
apt-get -qq -y install --download-only --reinstall --no-install-recommends \
    -o Debug::NoLocking=1 -o APT::Sandbox::User= -o Dir::Cache::archives="$work/packages/" \
    sphinxsearch=2.2.11-8+b1 libsphinx-search-perl=1:0.31-2
for package in "$work"/packages/*.deb; do dpkg-deb -x "$package" "$work/unpacked"; done
python3 -m pip install --quiet --disable-pip-version-check --root-user-action=ignore --no-deps \
    --target "$work/python" PyMySQL==1.1.1

export PYTHONPATH=$work/python PYTHONDONTWRITEBYTECODE=1
libraries=$(echo "$work"/unpacked/usr/lib/*-linux-gnu "$work"/unpacked/lib/*-linux-gnu)
export LD_LIBRARY_PATH=${libraries// /:}
modules=$(echo "$work"/unpacked/usr/share/perl5 "$work"/unpacked/usr/lib/*-linux-gnu/perl5/*)
export PERL5LIB=${modules// /:}
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
    rt_attr_bigint = points
    rt_attr_float = price
    rt_attr_multi = shelves
    rt_attr_multi_64 = codes
    }
    """)
    row = "(9007199254740993, 'lamp', -9007199254740993, 1.5, (5, 256), (5, 256, -1))"
    table.ask(f"INSERT INTO goods (id, title, points, price, shelves, codes) VALUES {row}")
    PROGRAM = r"""
    use strict;
    use warnings FATAL => "all";
    use Sphinx::Search;
    my $client = Sphinx::Search->new;
    $client->SetServer("127.0.0.1", $ARGV[0]);
    my $result = $client->Query("lamp", "goods") or die $client->GetLastError;
    my $match = $result->{matches}[0];
    print join("\n", $Sphinx::Search::VERSION, $match->{doc}, $match->{points},
        "@{$match->{shelves}}", "@{$match->{codes}}", ref $match->{price}, $match->{price}[0],
        $match->{price} > 10 ? "above 10" : "not above 10",
        join(" ", map { unpack "q>", pack "q<", $_ } @{$match->{codes}}),
        "warning: '" . $client->GetLastWarning . "'"), "\n";
    """
    output = subprocess.check_output(["perl", "-e", PROGRAM, str(table.api)], text=True)
    lines = output.splitlines()
    print("Sphinx::Search", lines[0])
    print("stored:", table.ask("SELECT * FROM goods"))
    for what, seen, known in zip(
        ("id", "points (bigint)", "shelves (set)", "codes (64-bit set)", "kind of price (float)",
         "first item of price", "$match->{price} > 10", "codes, bytes in reverse", "client"),
        lines[1:],
        ("9007199254740993", "-9007199254740993", "5 256",
         "-1 360287970189639680 281474976710656", "ARRAY", "1.5", "above 10", "-1 5 256",
         "warning: ''"),
        strict=True,
    ):
        see(what, seen, known)
finally:
    for daemon in list(running):
        daemon.stop()
if changes:
    sys.exit("THE BEHAVIOUR CHANGED\n" + "\n".join(changes))
END
