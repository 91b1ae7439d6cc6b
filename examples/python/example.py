import hamirror

with hamirror.Client(hamirror.Config.read("sphinx.conf")) as client:
    for row in client.search("packages", "library"):
        print(row.id, row.weight)
