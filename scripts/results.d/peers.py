"""Other engines to compare with: where their Python and their scripts are, and comparisons that more than one result makes.

WEFT_PEERS_PYTHON: a Python with torch and torch_geometric (else the python3 in the path). WEFT_PEERS_PATH: put in front of its
PYTHONPATH, as for a pyg_lib that was built from source. WEFT_PEERS_FOLDER: the folder of the peers' timing scripts (else
../shared/peers).
"""

import json
import os
import pathlib
import subprocess

from weft_results import ROOT, note, run

FOLDER = pathlib.Path(os.environ.get("WEFT_PEERS_FOLDER", ROOT.parent / "shared" / "peers"))
SHARED_DATA = pathlib.Path(os.environ.get("WEFT_SHARED_DATA", ROOT.parent / "shared" / "data"))


def last_json(text):
    return json.loads([line for line in text.splitlines() if line.startswith("{")][-1])


def median(values):
    return sorted(values)[len(values) // 2]


def environment():
    path = os.environ.get("WEFT_PEERS_PATH")
    return {"PYTHONPATH": os.pathsep.join(filter(None, [path, os.environ.get("PYTHONPATH")]))} if path else {}


def python(code="import torch, torch_geometric", what="torch or torch_geometric"):
    """The Python that can run `code`, or None (which is said)."""
    program = os.environ.get("WEFT_PEERS_PYTHON", "python3")
    probe = subprocess.run([program, "-c", code], capture_output=True, text=True, env={**os.environ, **environment()})
    if probe.returncode != 0:
        note(f"not compared with PyTorch Geometric: {program} has no {what} (set WEFT_PEERS_PYTHON)")
        return None
    return program


def gowalla():
    """The folder of the Gowalla pairs, or None."""
    data = SHARED_DATA / "gowalla"
    return data if (data / "train.csv.gz").exists() else None


def shop_graph(scale):
    """The folder of a shop's edges as arrays, made by the peers' synth_graph.py if it is not there; None without that."""
    folder = ROOT / "out" / "sampling-graphs" / str(scale)
    if (folder / "meta.json").exists():
        return folder
    maker = FOLDER / "synth_graph.py"
    if not maker.exists():
        note(f"the maker of the graph is not there: {maker} (set WEFT_PEERS_FOLDER)")
        return None
    run(f"graph-{scale}.log", [os.environ.get("WEFT_PEERS_PYTHON", "python3"), maker, "--out", folder, "--scale", scale])
    return folder


def compare_lightgcn(result, program, data, rounds, threads, least_times):
    """20 steps of PyTorch Geometric's LightGCN and of weft's from the same vectors and triples, in turns."""
    peers_python = python()
    result.figure("compared_with_pyg", peers_python is not None)
    if peers_python is None:
        result.target("PyTorch Geometric there to compare with", 0, "==", 1)
        return
    peer, own = [], []
    for i in range(rounds):  # in turns, so that a busy spell of the machine hits both
        _, _, text = run(f"pyg-{i + 1}.log", [peers_python, ROOT / "benchmarks/gnn/lightgcn_pyg.py", data, result.out, "--threads", threads])
        peer.append(last_json(text))
        _, _, text = run(f"weft-{i + 1}.log", [program, data, "--threads", threads, "--distinct-nodes", "steps",
                                               "--init", result.out / "init.npy", "--triples", result.out / "triples.npy"])
        own.append(last_json(text))
    apart = max(abs(a - b) for p, w in zip(peer, own) for a, b in zip(p["losses"], w["losses"]))
    batches = -(-own[0]["train_pairs"] // 2048)
    middle = {}
    for name, runs in (("pyg", peer), ("weft", own)):
        middle[name] = median([r["s_per_batch_median"] for r in runs])
        result.figure(f"{name}_s_per_batch_min", min(r["s_per_batch_min"] for r in runs))
        result.figure(f"{name}_s_per_batch_median", middle[name])
        result.figure(f"{name}_epoch_s_extrapolated", middle[name] * batches)
    result.figure("pyg_version", peer[0]["torch_geometric"])
    result.figure("loss_step_1", own[0]["losses"][0])
    result.figure("loss_step_20", own[0]["losses"][-1])
    result.figure("largest_loss_difference", f"{apart:.1e}")
    script = FOLDER / "lightgcn_epoch.py"
    if script.exists():
        command = [peers_python, script, "--data", data, "--which", "pyg", "--adj", "csr", "--threads", threads]
        _, status, text = run("peer-script.log", command, check=False)
        result.target("exit status of the timing script of the peers", status, "==", 0)
        if status == 0:
            timed = last_json(text)
            result.figure("peer_script_s_per_batch_min", timed["s_per_batch_min"])
            result.figure("peer_script_s_per_batch_median", timed["s_per_batch_median"])
            result.figure("peer_script_epoch_s_extrapolated", timed["epoch_s_median_extrapolated"])
    else:
        note("the timing script of the peers is not there; lightgcn_pyg.py times the same model")
    result.target("largest difference of the losses over 20 batches", apart, "<=", 1e-4)
    result.target("times as fast as PyTorch Geometric, medians", middle["pyg"] / middle["weft"], ">=", least_times)
