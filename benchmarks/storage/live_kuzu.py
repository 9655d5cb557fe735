"""Live reads of Kuzu on the log that live_yardstick makes: the newest 15 of a user by string key through a prepared query, rows fetched,
and two hops [15, 10] as a loop of such queries. Prints one JSON line. Needs kuzu; scripts/results storage.4 runs it.

    python live_kuzu.py --log FOLDER --database FOLDER [--seeds 10000] [--two-hop-seeds 500] [--threads 2]
"""
import argparse
import json
import os
import time

import kuzu


def rows_of(result):
    rows = []
    while result.has_next():
        rows.append(result.get_next())
    return rows


def quantile(values, q):
    values = sorted(values)
    return round(values[min(len(values) - 1, int(q * len(values)))], 1)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--log", required=True)
    parser.add_argument("--database", required=True)
    parser.add_argument("--seeds", type=int, default=10_000)
    parser.add_argument("--two-hop-seeds", type=int, default=500)
    parser.add_argument("--threads", type=int, default=2)
    a = parser.parse_args()
    os.makedirs(a.database, exist_ok=True)
    connection = kuzu.Connection(kuzu.Database(os.path.join(a.database, "db"), buffer_pool_size=6 << 30), num_threads=a.threads)
    connection.execute("CREATE NODE TABLE User(id STRING, PRIMARY KEY(id))")
    connection.execute("CREATE NODE TABLE Item(id STRING, PRIMARY KEY(id))")
    connection.execute("CREATE REL TABLE Rated(FROM User TO Item, rating INT8, timestamp INT64)")
    start = time.perf_counter()
    for table, file in (("User", "users.csv"), ("Item", "items.csv"), ("Rated", "log.csv")):
        connection.execute(f"COPY {table} FROM '{a.log}/{file}' (HEADER=true)")
    connection.execute("CHECKPOINT")
    loaded = time.perf_counter() - start
    newest = connection.prepare("MATCH (u:User {id: $k})-[r:Rated]->(i:Item) RETURN i.id, r.timestamp ORDER BY r.timestamp DESC LIMIT 15")
    back = connection.prepare("MATCH (i:Item {id: $k})<-[r:Rated]-(u:User) RETURN u.id, r.timestamp ORDER BY r.timestamp DESC LIMIT 10")
    with open(f"{a.log}/seeds.txt") as lines:
        seeds = lines.read().split()[:a.seeds]
    for seed in seeds[:500]:
        rows_of(connection.execute(newest, {"k": seed}))
    one, two, read = [], [], 0
    for seed in seeds:
        start = time.perf_counter()
        read += len(rows_of(connection.execute(newest, {"k": seed})))
        one.append((time.perf_counter() - start) * 1e6)
    for seed in seeds[:a.two_hop_seeds]:
        start = time.perf_counter()
        for item, _ in rows_of(connection.execute(newest, {"k": seed})):
            rows_of(connection.execute(back, {"k": item}))
        two.append((time.perf_counter() - start) * 1e6)
    print(json.dumps({"version": kuzu.__version__, "load_seconds": round(loaded, 1), "seeds": len(one), "two_hop_seeds": len(two),
                      "neighbours_per_seed": round(read / len(one), 2), "one_hop_us_p50": quantile(one, .5),
                      "one_hop_us_p99": quantile(one, .99), "two_hops_us_p50": quantile(two, .5), "two_hops_us_p99": quantile(two, .99)}))


main()
