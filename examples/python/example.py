import hamirror

with hamirror.connect("sphinx.conf") as client:
    for row in client.search("packages", "library"):
        print(row.id, row.weight)
