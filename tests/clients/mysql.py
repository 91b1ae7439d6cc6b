"""Statements by PyPI's PyMySQL: a line for each, with columns, types and rows.

python mysql.py PORT_OR_SOCKET INDEX
"""

import json
import sys

import pymysql

INDEX = sys.argv[2]
STATEMENTS = [
    "SET NAMES utf8",
    "SET AUTOCOMMIT = 0",
    "SET character_set_results = NULL",
    "SET foo = 1",
    "SELECT @@session.auto_increment_increment LIMIT 1",
    "SELECT 1",
    "BEGIN",
    "COMMIT",
    "SHOW DATABASES",
    "SHOW TABLES",
    "SHOW TABLES LIKE '%rt%'",
    "SHOW COLLATION",
    "SHOW CHARACTER SET",
    "SHOW VARIABLES LIKE 'autocommit'",
    "SHOW WARNINGS",
    "DESCRIBE {index}",
    "DESC {index} LIKE '%:%'",
    "SELECT * FROM {index}",
    "SELECT id, gid, ts, flag, fl, big, mv, mv64, str, js, weight() w FROM {index}"
    " WHERE MATCH('hello')",
    "SHOW META",
    "SELECT id FROM {index} WHERE gid=10 ORDER BY big DESC LIMIT 1, 1",
    "SELECT js.a, js.b, js.n FROM {index}",
    "SELECT gid, COUNT(*) c, SUM(big) s, AVG(fl) a FROM {index} GROUP BY gid ORDER BY c DESC",
    "SELECT COUNT(*) FROM {index}",
    "SELECT id FROM {index} WHERE nope=1",
    "SELECT id FROM {index} WHERE",
    "UPDATE {index} SET gid=10 WHERE id IN (1, 4, 99)",
    "USE somewhere",
    "INSERT INTO {index} (id, gid) VALUES (1, 2)",
]


def shown(value):
    return value.decode() if isinstance(value, bytes) else value


def tell(name, work):
    try:
        answer = work()
    except pymysql.MySQLError as error:
        # A daemon and the library explain what is wrong in other words.
        answer = ["error", error.args[0]]
    print(name, json.dumps(answer, default=str))


def ask(connection, statement):
    connection.query(statement)
    results = []
    while True:
        result = connection._result
        columns = [[field.name, field.type_code] for field in getattr(result, "fields", [])]
        rows = [[shown(value) for value in row] for row in result.rows or ()]
        told = [row for row in rows if row[0] != "time"]
        results.append([columns, told, result.affected_rows, result.warning_count])
        if not connection.more_results_if_any():
            return results


class Connection(pymysql.connections.Connection):
    def more_results_if_any(self):
        if not self._result.has_next:
            return False
        self.next_result()
        return True


LISTENER = sys.argv[1]
if LISTENER.isdigit():
    PLACE = {"host": "127.0.0.1", "port": int(LISTENER)}
else:
    PLACE = {"unix_socket": LISTENER}
connection = Connection(user="anybody", database="any", **PLACE)
for statement in STATEMENTS:
    text = statement.format(index=INDEX)
    tell(statement, lambda: ask(connection, text))
SEVERAL = f"SELECT id FROM {INDEX} LIMIT 2; SHOW META"
tell("several", lambda: ask(connection, SEVERAL))
tell("ping", lambda: connection.ping(reconnect=False))
tell("use", lambda: connection.select_db("somewhere"))
tell("after all", lambda: ask(connection, f"SELECT id FROM {INDEX}"))
connection.close()
