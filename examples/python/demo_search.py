"""The demo's search from Python; prints what the Rust and C programs print."""

import sys

import hamirror


def main() -> int:
    """Searches an index for the names of packages."""
    if len(sys.argv) != 4:
        print(f"usage: {sys.argv[0]} CONF INDEX QUERY", file=sys.stderr)
        return 2
    config, index, query = sys.argv[1:]
    try:
        with hamirror.connect(config) as client:
            result = client.search(index, query, select="name", limit=10)
    except hamirror.Error as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if result.warning is not None:
        print(f"warning: {result.warning}", file=sys.stderr)
    print(
        f"total {result.total} found {result.total_found} "
        f"agents {result.agents_answered}/{result.agents}"
    )
    for row in result:
        print(row.id, row.weight, row["name"])
    return 0


if __name__ == "__main__":
    sys.exit(main())
