#!/usr/bin/env python3
"""A weft snapshot as PyTorch Geometric's HeteroData, on the snapshot's own files.

    import hetero_data                       # this file, with numpy, torch and torch_geometric
    data = hetero_data.load("shop.weft")     # a workspace (its current snapshot) or a snapshot's folder

The tensors are memory maps of the files (docs/format.md); nothing is read before it is used, and writing to
them changes this process's copy only. What HeteroData holds:

    data["user"].num_nodes, .first_seen (int64 ms, NO_TIME if never), .FIELD for each number field (float64, nan;
                                       one of a name above is .field_NAME)
    data["user", "buys", "item"]       .num_edges, .rowptr int64 [users + 1], .col int32 [edges], in the order of edge ids;
                                       .time int64 ms (timed types), .weight float32 (weighted), .event int64
    data["item", "rev_buys", "user"]   .num_edges, .rowptr, .col and .time of the reverse; .edge_id int32 into the above
                                       (none for a symmetric type: its rows hold both directions)

With edge_index=True each also has .edge_index, int64 [2, edges], the one thing that is copied (16 bytes an
edge): layers and loaders of PyTorch Geometric want pairs, the files are rows. Strings: Snapshot below.

Run as a program it prints what load() finds.
"""
import json
import pathlib
import sys

import numpy as np

NO_TIME = -(2**63)


class SnapshotError(Exception):
    """Says which file is wrong, and how."""


class Strings:
    """A column of strings on two files: [i], len(), iteration; bytes that are no UTF-8 come as surrogates."""

    def __init__(self, offsets, content):
        self.offsets, self.content = offsets, content

    def __len__(self):
        return len(self.offsets) - 1

    def __getitem__(self, row):
        if not -len(self) <= row < len(self):
            raise IndexError(row)
        row %= len(self)
        piece = self.content[int(self.offsets[row]) : int(self.offsets[row + 1])]
        return piece.tobytes().decode("utf-8", "surrogateescape")


class Snapshot:
    """The files of a snapshot as numpy arrays over memory maps. Sizes are checked; checksums are not: `weft verify`."""

    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        current = self.folder / "snapshots" / "current"
        if current.is_file():  # a workspace
            self.folder = self.folder / "snapshots" / current.read_text().strip()
        name = self.folder / "manifest.json"
        if not name.is_file():
            raise SnapshotError(f"{self.folder}: no manifest.json: expected a snapshot's folder or a workspace")
        try:
            manifest = json.loads(name.read_text(encoding="utf-8"))
        except ValueError as error:
            raise SnapshotError(f"{name}: not JSON: {error}") from None
        if manifest.get("format") != "weft snapshot" or manifest.get("version") != 1:
            raise SnapshotError(f"{name}: not a weft snapshot of version 1")
        self.manifest = manifest
        self.node_types = manifest["schema"]["node_types"]
        self.edge_types = manifest["schema"]["edge_types"]
        self.node_counts, self.edge_counts = manifest["node_counts"], manifest["edge_counts"]
        self._sizes = {file["name"]: file["size"] for file in manifest["files"]}

    def array(self, name, dtype):
        """A file as an array. Empty files cannot be mapped: an empty array."""
        if name not in self._sizes:
            raise SnapshotError(f"{self.folder / name}: not in the manifest")
        dtype, size = np.dtype(dtype).newbyteorder("<"), self._sizes[name]
        path = self.folder / name
        if not path.is_file() or path.stat().st_size != size or size % dtype.itemsize:
            raise SnapshotError(f"{path}: expected {size} bytes, as the manifest says")
        if size == 0:
            return np.empty(0, dtype)
        return np.memmap(path, dtype, mode="c")  # copy on write: torch wants writable memory

    def has(self, name):
        return name in self._sizes

    def strings(self, prefix):
        return Strings(self.array(prefix + ".offsets", "i8"), self.array(prefix + ".bytes", "u1"))

    def node_type(self, name):
        return self._position(self.node_types, name)

    def ids(self, node_type):
        """External ids by node number."""
        return self.strings(f"node_{self.node_type(node_type)}.ids")

    def texts(self, node_type, field):
        """A text field by node number; missing ones are empty."""
        t = self.node_type(node_type)
        return self.strings(f"node_{t}.field_{self._position(self.node_types[t]['fields'], field)}.text")

    def relations(self):
        """(source type, name, target type), file prefix of the rows, edge type's position; reverses included."""
        for e, edge in enumerate(self.edge_types):
            source = self.node_types[edge["from"]]["name"]
            target = self.node_types[edge["to"]]["name"]
            yield (source, edge["name"], target), f"edge_{e}.out", e
            if not edge["symmetric"]:
                yield (target, "rev_" + edge["name"], source), f"edge_{e}.in", e

    @staticmethod
    def _position(entries, name):
        for position, entry in enumerate(entries):
            if entry["name"] == name:
                return position
        raise KeyError(f"{name!r}: expected one of {', '.join(entry['name'] for entry in entries)}")


def load(folder, edge_index=False):
    """HeteroData over the files of `folder`. Throws SnapshotError."""
    import torch
    from torch_geometric.data import HeteroData

    snapshot = Snapshot(folder)
    data = HeteroData()
    for t, node_type in enumerate(snapshot.node_types):
        store = data[node_type["name"]]
        store.num_nodes = snapshot.node_counts[t]
        store.first_seen = torch.from_numpy(snapshot.array(f"node_{t}.first_seen", "i8"))
        for f, field in enumerate(node_type["fields"]):
            if field["kind"] == "number":
                name = field["name"] if field["name"] not in ("num_nodes", "first_seen") else "field_" + field["name"]
                store[name] = torch.from_numpy(snapshot.array(f"node_{t}.field_{f}.numbers", "f8"))
    for relation, rows, e in snapshot.relations():
        store = data[relation]
        store.num_edges = snapshot.edge_counts[e]
        if snapshot.edge_counts[e] >= 2**31:
            raise SnapshotError(f"{snapshot.folder / rows}: {snapshot.edge_counts[e]} edges: expected fewer than 2^31")
        # Offsets are below 2^63 and ids below 2^31 where a type has fewer nodes: the bits of the signed types.
        if max(snapshot.node_counts) >= 2**31:
            raise SnapshotError(f"{snapshot.folder}: expected fewer than 2^31 nodes of a type")
        store.rowptr = torch.from_numpy(snapshot.array(rows + ".offsets", "i8"))
        store.col = torch.from_numpy(snapshot.array(rows + ".targets", "i4"))
        if snapshot.has(rows + ".times"):
            store.time = torch.from_numpy(snapshot.array(rows + ".times", "i8"))
        if rows.endswith(".in"):
            store.edge_id = torch.from_numpy(snapshot.array(rows + ".edge_ids", "i4"))
        else:
            store.event = torch.from_numpy(snapshot.array(f"edge_{e}.events", "i8"))
            if snapshot.has(f"edge_{e}.weights"):
                store.weight = torch.from_numpy(snapshot.array(f"edge_{e}.weights", "f4"))
        if edge_index:
            row = torch.repeat_interleave(torch.arange(len(store.rowptr) - 1), store.rowptr.diff())
            store.edge_index = torch.stack([row, store.col.long()])
    return data


def main(arguments):
    if len(arguments) != 1:
        print("usage: hetero_data.py SNAPSHOT_OR_WORKSPACE", file=sys.stderr)
        return 2
    try:
        print(load(arguments[0]))
    except ImportError as error:
        print(f"hetero_data: {error}\n  hint: pip install torch torch_geometric", file=sys.stderr)
        return 1
    except SnapshotError as error:
        print(f"hetero_data: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
