"""What every script in this folder needs: where outputs go, running things with a log, and the line of JSON at the end.

    from weft_results import Result, ROOT, run, weft
    result = Result()
    run("train.log", [weft(), "train", project])                     # stdout and stderr to a file under result.out
    result.figure("recall@20", 0.31)
    result.target("recall@20 of the oracle's", 0.74, ">=", 0.70)
    result.finish()                                                  # prints the line; exits 0 if all targets are met

Scripts named foundation.N are started by scripts/results, which sets WEFT_RESULT_ID and WEFT_RESULT_OUT. Standard library only.
"""

import concurrent.futures
import json
import os
import pathlib
import platform
import re
import subprocess
import sys
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
_COMPARE = {"<=": lambda a, b: a <= b, "<": lambda a, b: a < b, ">=": lambda a, b: a >= b, ">": lambda a, b: a > b,
            "==": lambda a, b: a == b}


def note(text):
    print(f"results: {text}", file=sys.stderr, flush=True)


def out_folder():
    folder = os.environ.get("WEFT_RESULT_OUT")
    if not folder:
        sys.exit("run this through scripts/results, which sets where the outputs go")
    return pathlib.Path(folder)


def run(log, command, cwd=ROOT, env=None, check=True):
    """Runs `command` with its output in out/results/ID/`log`. Returns (seconds, exit status, output text)."""
    path = out_folder() / log
    path.parent.mkdir(parents=True, exist_ok=True)
    command = [str(part) for part in command]
    note(f"{' '.join(command)}  > {path}")
    started = time.monotonic()
    with open(path, "wb") as stream:
        status = subprocess.run(command, cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                                stdout=stream, stderr=subprocess.STDOUT).returncode
    seconds = time.monotonic() - started
    text = path.read_text(errors="replace")
    if check and status != 0:
        sys.stderr.write("".join(text.splitlines(keepends=True)[-20:]))
        sys.exit(f"results: exit status {status} from: {' '.join(command)} (log: {path})")
    return seconds, status, text


def in_turn(jobs, work, cases):
    """Calls work(case) for all cases, `jobs` at a time; the results in the cases' order."""
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return list(pool.map(work, cases))


def recomputed_recall(path, k=20):
    """recall@k over all users from the ranked lists alone."""
    hits, relevant = {}, {}
    with open(path) as lists:
        next(lists)
        for line in lists:
            user, r, rank, _, _, hit = line.rstrip("\n").split("\t")
            relevant[user] = int(r)
            hits[user] = hits.get(user, 0) + (int(hit) if int(rank) <= k else 0)
    return sum(hits[user] / relevant[user] for user in hits) / len(hits)


def build(*targets):
    """Sets up, configures as scripts/test does, and builds these targets of the release build. Returns the build folder."""
    run("build.log", ["bash", "-c", "set -e; . scripts/common.sh; scripts/setup; configure release -DWEFT_TORCH=ON; "
                      f"cmake --build build/release --target {' '.join(targets)} --parallel $(build_jobs)"])
    return ROOT / "build/release"


def weft():
    """The release build's program, built if need be."""
    return build("weft") / "bin/weft"


def weft_json(log, arguments):
    """Runs `weft ARGUMENTS --json` and returns the object it prints; stderr goes to `log`."""
    path = out_folder() / log
    path.parent.mkdir(parents=True, exist_ok=True)
    command = [str(ROOT / "build/release/bin/weft"), *map(str, arguments), "--json"]
    note(f"{' '.join(command)}  > {path}")
    with open(path, "wb") as stream:
        done = subprocess.run(command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=stream)
    with open(path.with_suffix(".json"), "wb") as stream:
        stream.write(done.stdout)
    if done.returncode != 0:
        sys.stderr.write(path.read_text(errors="replace"))
        sys.exit(f"results: exit status {done.returncode} from: {' '.join(command)}")
    return json.loads(done.stdout)


def _first(command):
    try:
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()[0].strip()
    except (OSError, subprocess.CalledProcessError, IndexError):
        return ""


def machine():
    """CPU model, cores this process may use, memory, system and compiler."""
    cpu = re.search(r"^model name\s*:\s*(.*)$", pathlib.Path("/proc/cpuinfo").read_text(), re.M)
    memory = re.search(r"^MemTotal:\s*(\d+) kB", pathlib.Path("/proc/meminfo").read_text(), re.M)
    release = {}
    if os.path.exists("/etc/os-release"):
        for line in pathlib.Path("/etc/os-release").read_text().splitlines():
            key, _, value = line.partition("=")
            release[key] = value.strip('"')
    return {"cpu": cpu.group(1) if cpu else platform.processor(), "cores": len(os.sched_getaffinity(0)),
            "memory_gib": round(int(memory.group(1)) / 2**20, 1) if memory else None,
            "os": f"{release.get('PRETTY_NAME', platform.system())}, Linux {platform.release()}",
            "compiler": _first(["c++", "--version"]),
            "commit": _first(["git", "-C", str(ROOT), "rev-parse", "--short", "HEAD"])
            + ("+changes" if _first(["git", "-C", str(ROOT), "status", "--porcelain", "--untracked-files=no"]) else "")}


class Result:
    """Collects figures and targets; finish() prints them as one line."""

    def __init__(self):
        self.id = os.environ.get("WEFT_RESULT_ID", "")
        self.out = out_folder()
        self.figures = {}
        self.targets = []

    def figure(self, name, value):
        self.figures[name] = round(value, 6) if isinstance(value, float) else value
        note(f"{name} = {self.figures[name]}")

    def target(self, name, value, relation, bound):
        met = bool(_COMPARE[relation](value, bound))
        shown = round(value, 6) if isinstance(value, float) else value
        self.targets.append({"name": name, "value": shown, "target": f"{relation} {bound}", "met": met})
        note(f"{name}: {shown}, target {relation} {bound}: {'met' if met else 'NOT MET'}")

    def finish(self):
        met = all(target["met"] for target in self.targets)
        print(json.dumps({"id": self.id, "figures": self.figures, "targets": self.targets, "met": met, "machine": machine()},
                         ensure_ascii=False), flush=True)
        sys.exit(0 if met else 1)
