#!/usr/bin/env python3
"""Compares how the store's tables may be laid out: loads one log into a store by each, applies batches to it and reads from it.

    benchmarks/storage/options.py build/release/benchmarks/storage/live_yardstick [--rows 3000000] [--cache 32MB] [--work FOLDER]

The cache is small for the store, as it is for a large one. Prints a table in Markdown as it goes. Times of loading
and applying are CPU time of the process and of the applying thread, so that a loaded machine counts little; reads are medians.
"""
import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile

VARIANTS = [
    ("as chosen", []),
    ("no filters", ["--filter-bits", "0"]),
    ("filters of 6 bits", ["--filter-bits", "6"]),
    ("filters of 14 bits", ["--filter-bits", "14"]),
    ("filters of whole keys only", ["--no-prefix-filters"]),
    ("indexes and filters whole", ["--whole"]),
    ("edges in blocks of 4 KiB", ["--edge-block", "4KiB"]),
    ("edges in blocks of 64 KiB", ["--edge-block", "64KiB"]),
    ("ids in blocks of 4 KiB", ["--id-block", "4KiB"]),
    ("hash tables in blocks of ids", ["--hash"]),
    ("no compression", ["--compression", "none"]),
]


def run(program, mode, work, options, flags):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([program, mode, "--work", work, "--rows", str(options.rows), "--cache", options.cache, *flags],
                          check=True, capture_output=True, text=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    got = json.loads(done.stdout.strip().splitlines()[-1])
    got["cpu"] = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return got


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("program")
    parser.add_argument("--rows", type=int, default=3_000_000)
    parser.add_argument("--cache", default="32MB")
    parser.add_argument("--batches", type=int, default=60)
    parser.add_argument("--work", help="where the folders of the variants go, one at a time")
    parser.add_argument("--only", nargs="*", help="variants, by a part of their names")
    options = parser.parse_args()
    print("| layout | load, CPU s | store, MB | apply, CPU ms: median | 99 % | blocks read a batch | one hop, us | two hops, us |")
    print("|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="weft.options.", dir=options.work) as name:
        log = os.path.join(name, "log")
        run(options.program, "make", log, options, [])
        for title, flags in VARIANTS:
            if options.only and not any(part in title for part in options.only):
                continue
            work = os.path.join(name, "variant")
            shutil.copytree(log, work, ignore=shutil.ignore_patterns("*.weft"), copy_function=os.link)
            made = run(options.program, "make", work, options, flags)
            read = run(options.program, "reads", work, options, ["--repeats", "1", *flags])
            applied = run(options.program, "apply", work, options, ["--batches", str(options.batches), "--profile", *flags])
            print("| {} | {:.1f} | {:.0f} | {:.1f} | {:.1f} | {:.0f} | {:.1f} | {:.0f} |".format(
                title, made["cpu"], made["store_bytes"] / 1e6, applied["apply_cpu_ms_p50"], applied["apply_cpu_ms_p99"],
                applied["profile"]["blocks_read"], read["one_hop_us_p50"], read["two_hops_us_p50"]))
            sys.stdout.flush()
            shutil.rmtree(work)


main()
