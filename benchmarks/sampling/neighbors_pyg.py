#!/usr/bin/env python3
"""PyTorch Geometric's neighbour sampling on the graph and batches of sampling_yardstick.

Reads the same arrays, writes the order of users (order.npy, for sampling_yardstick --order) if it is not there, samples 1,024 users
a batch with fan-outs [15, 10] for each of ten relations, without replacement, relabelled, with edge ids, on one thread, and prints
one JSON line a mode. Its backend is pyg-lib where that can be imported, else torch-sparse; the line says which. Needs torch,
torch_geometric and one of the two.
"""
import argparse
import json
import os
import time

import numpy as np
import torch
import torch_geometric
from torch_geometric.data import Data, HeteroData
from torch_geometric.sampler import NeighborSampler, NodeSamplerInput

SECOND = 1_700_000_000  # of the time bound: up to and with it


def backend():
    typing = torch_geometric.typing
    if typing.WITH_PYG_LIB:
        import pyg_lib
        return "pyg-lib " + pyg_lib.__version__
    return "torch-sparse" if typing.WITH_TORCH_SPARSE else "none"


def read(folder, name):
    return torch.from_numpy(np.load(os.path.join(folder, name)))


def load(folder, meta, mode):
    counts = meta["nodes"]
    if mode == "homo":
        first, total = {}, 0
        for name, count in counts.items():
            first[name], total = total, total + count
        ends = [(read(folder, r + "_src.npy") + first[a], read(folder, r + "_dst.npy") + first[b])
                for r, (a, b) in meta["edge_types"].items()]
        both = [torch.cat([a, b]) for a, b in ends], [torch.cat([b, a]) for a, b in ends]
        return Data(edge_index=torch.stack([torch.cat(both[0]), torch.cat(both[1])]), num_nodes=total)
    data = HeteroData()
    for name, count in counts.items():
        data[name].num_nodes = count
    for name, (a, b) in meta["edge_types"].items():
        edges = torch.stack([read(folder, name + "_src.npy"), read(folder, name + "_dst.npy")])
        data[a, name, b].edge_index = edges
        data[b, "rev_" + name, a].edge_index = edges.flip(0)
    if mode == "temporal":
        for name, count in counts.items():
            data[name].time = read(folder, "review_time.npy") if name == "review" else torch.zeros(count, dtype=torch.int64)
    return data


def size(values):
    return sum(int(v.numel()) for v in values.values() if v is not None) if isinstance(values, dict) else int(values.numel())


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--graph", required=True)
    parser.add_argument("--order", required=True, help=".npy of user ids, written if it is not there")
    parser.add_argument("--modes", default="homo,hetero,temporal")
    parser.add_argument("--fan-outs", default="15,10")
    parser.add_argument("--seeds", type=int, default=1024)
    parser.add_argument("--batches", type=int, default=20)
    parser.add_argument("--repeats", type=int, default=3)
    a = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    meta = json.load(open(os.path.join(a.graph, "meta.json")))
    users = meta["nodes"]["user"]
    if not os.path.exists(a.order):
        np.save(a.order, np.random.default_rng(2).permutation(users))
    order = torch.from_numpy(np.load(a.order))
    for mode in a.modes.split(","):
        line = {"mode": mode, "backend": backend(), "pyg": torch_geometric.__version__, "torch": torch.__version__}
        temporal = mode == "temporal"
        try:
            sampler = NeighborSampler(load(a.graph, meta, mode), [int(f) for f in a.fan_outs.split(",")], replace=False,
                                      time_attr="time" if temporal else None)

            def sample(batch):
                nodes = order[batch * a.seeds % (users - a.seeds + 1):][:a.seeds]
                return sampler.sample_from_nodes(NodeSamplerInput(
                    input_id=None, node=nodes, input_type=None if mode == "homo" else "user",
                    time=torch.full((a.seeds,), SECOND) if temporal else None))

            sample(0)
            edges = nodes = 0
            rates, cpu_rates = [], []
            for repeat in range(a.repeats):
                here = 0
                cpu, wall = time.thread_time(), time.perf_counter()
                for i in range(a.batches):
                    out = sample(1 + repeat * a.batches + i)
                    here += size(out.row)
                    nodes += size(out.node)
                rates.append(here / (time.perf_counter() - wall))
                cpu_rates.append(here / (time.thread_time() - cpu))
                edges += here
            total = a.repeats * a.batches
            line.update(edges_per_s=rates, cpu_edges_per_s=cpu_rates, edges_per_batch=edges / total, nodes_per_batch=nodes / total)
        except Exception as error:  # torch-sparse knows no temporal sampling
            line["error"] = f"{type(error).__name__}: {error}"
        print(json.dumps(line), flush=True)


if __name__ == "__main__":
    main()
