"""A worker of the bench `fanout`.

For each line `THREADS SEARCHES` it makes so many searches on each thread, and prints CPU and wall
time in microseconds and every latency in nanoseconds.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

import hamirror


def run(client: hamirror.Client, index: str, query: str, searches: int) -> list[int]:
    """Makes some searches and times each."""
    latencies_ns = []
    for _ in range(searches):
        start = time.perf_counter_ns()
        client.search(index, query, select="name, size")
        latencies_ns.append(time.perf_counter_ns() - start)
    return latencies_ns


def main() -> int:
    """Takes orders until there are no more."""
    if len(sys.argv) != 4:
        print(f"usage: {sys.argv[0]} CONF INDEX QUERY", file=sys.stderr)
        return 2
    config, index, query = sys.argv[1:]
    with hamirror.Client(hamirror.Config.read(config)) as client:
        for line in sys.stdin:
            threads, searches = map(int, line.split())
            with ThreadPoolExecutor(threads) as pool:
                cpu, wall = time.process_time_ns(), time.perf_counter_ns()
                running = [
                    pool.submit(run, client, index, query, searches) for _ in range(threads)
                ]
                latencies_ns = [latency for done in running for latency in done.result()]
                cpu, wall = time.process_time_ns() - cpu, time.perf_counter_ns() - wall
            print(cpu // 1000, wall // 1000, *latencies_ns, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
