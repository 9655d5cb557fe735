#!/usr/bin/env python3
"""cuSPARSE's product, through Torch's CSR tensors, of the matrix that `device_yardstick --write-csr FOLDER` wrote.

    spmm_torch.py FOLDER [--dim 64] [--batches 200] [--rounds 5]

Values of 1, int32 indices, the CSR tensor made once, results written to the same tensor. Prints one JSON line: the median over the
rounds of the milliseconds a product, of float32.
"""
import argparse
import json
import pathlib
import statistics
import time

import numpy
import torch


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--dim", type=int, default=64)
    parser.add_argument("--batches", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    offsets = torch.from_numpy(numpy.load(options.folder / "offsets.npy").astype(numpy.int32)).cuda()
    columns = torch.from_numpy(numpy.load(options.folder / "columns.npy").astype(numpy.int32)).cuda()
    rows = len(offsets) - 1
    matrix = torch.sparse_csr_tensor(offsets, columns, torch.ones(len(columns), device="cuda"), (rows, rows))
    x = torch.rand(rows, options.dim, device="cuda")
    out = torch.empty_like(x)
    milliseconds = []
    with torch.no_grad():
        for turn in range(options.rounds + 1):
            torch.cuda.synchronize()
            started = time.perf_counter()
            for _ in range(options.batches):
                torch.mm(matrix, x, out=out)
            torch.cuda.synchronize()
            if turn > 0:
                milliseconds.append(1e3 * (time.perf_counter() - started) / options.batches)
    print(json.dumps({"part": "cusparse", "torch": torch.__version__, "rows": rows, "edges": len(columns),
                      "float_ms": statistics.median(milliseconds)}))


if __name__ == "__main__":
    main()
