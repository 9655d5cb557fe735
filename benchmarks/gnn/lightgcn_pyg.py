#!/usr/bin/env python3
"""PyTorch Geometric's LightGCN on the same steps as lightgcn_benchmark.

Makes initial vectors and triples from a seed, writes them as init.npy and triples.npy, trains PyG's own model on them (sparse
CSR adjacency, its fastest on a CPU) and prints one JSON line: losses and seconds of each step. Needs torch and torch_geometric.
"""
import argparse
import gzip
import json
import os
import time

import numpy as np
import torch
import torch_geometric
from torch_geometric.nn.models import LightGCN


def read(folder, name):
    path = os.path.join(folder, name)
    opened = gzip.open(path + ".gz", "rt") if os.path.exists(path + ".gz") else open(path)
    with opened as stream:
        return np.loadtxt(stream, delimiter=",", skiprows=1, dtype=np.int64).T


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", help="folder with train.csv(.gz) and test.csv(.gz)")
    parser.add_argument("out", help="folder for init.npy and triples.npy")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--batch", type=int, default=2048)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--layers", type=int, default=3)
    parser.add_argument("--l2", type=float, default=1e-4)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--prepare-only", action="store_true", help="write the arrays, train nothing")
    a = parser.parse_args()
    torch.set_num_threads(a.threads)
    train, test = read(a.data, "train.csv"), read(a.data, "test.csv")
    users = int(max(train[0].max(), test[0].max())) + 1
    items = int(max(train[1].max(), test[1].max())) + 1
    nodes = users + items

    random = np.random.default_rng(a.seed)
    init = (random.standard_normal((nodes, a.dim)) * 0.1).astype(np.float32)
    pick = random.integers(0, train.shape[1], a.steps * a.batch)
    triples = np.stack([train[0][pick], train[1][pick], random.integers(0, items, pick.size)], 1)
    os.makedirs(a.out, exist_ok=True)
    np.save(os.path.join(a.out, "init.npy"), init)
    np.save(os.path.join(a.out, "triples.npy"), np.ascontiguousarray(triples))
    if a.prepare_only:
        return

    pairs = torch.from_numpy(train.copy())
    pairs[1] += users
    both = torch.cat([pairs, pairs.flip(0)], 1)
    adjacency = torch.sparse_coo_tensor(both, torch.ones(both.shape[1]), (nodes, nodes)).to_sparse_csr()
    model = LightGCN(nodes, a.dim, a.layers)
    with torch.no_grad():
        model.embedding.weight.copy_(torch.from_numpy(init))
    optimizer = torch.optim.Adam(model.parameters(), lr=a.lr)
    losses, seconds = [], []
    for step in range(a.steps):
        t = torch.from_numpy(triples[step * a.batch:(step + 1) * a.batch])
        labels = torch.cat([torch.stack([t[:, 0], t[:, 1] + users]), torch.stack([t[:, 0], t[:, 2] + users])], 1)
        started = time.perf_counter()
        optimizer.zero_grad()
        positive, negative = model(adjacency, labels).chunk(2)
        loss = model.recommendation_loss(positive, negative, node_id=labels.unique(), lambda_reg=a.l2)
        loss.backward()
        optimizer.step()
        seconds.append(time.perf_counter() - started)
        losses.append(float(loss))
    ordered = sorted(seconds)
    print(json.dumps({"torch": torch.__version__, "torch_geometric": torch_geometric.__version__, "threads": a.threads,
                      "users": users, "items": items, "train_pairs": int(train.shape[1]), "losses": losses,
                      "seconds": seconds, "s_per_batch_min": ordered[0], "s_per_batch_median": ordered[len(ordered) // 2]}))


if __name__ == "__main__":
    main()
