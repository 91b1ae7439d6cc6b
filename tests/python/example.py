import sys

import hamirror

with hamirror.Client(hamirror.Config.read(sys.argv[1])) as client:
    for row in client.search("packages", "mirror", select="name", limit=5):
        print(row.id, row.weight, row["name"])
