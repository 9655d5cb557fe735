"""hetero_data_check.py SCRIPT_FOLDER SNAPSHOT EXPECTED: tools/hetero_data.py against what the C++ reader found.

Exit code 77: PyTorch Geometric is not there.
"""
import json
import sys

try:
    import numpy  # noqa: F401
    import torch
    import torch_geometric
except ImportError as error:
    print(error)
    sys.exit(77)

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
import hetero_data  # noqa: E402

torch.set_num_threads(1)
expected = json.load(open(sys.argv[3], encoding="utf-8"))
snapshot = hetero_data.Snapshot(sys.argv[2])
data = hetero_data.load(sys.argv[2], edge_index=True)
assert isinstance(data, torch_geometric.data.HeteroData)

assert sorted(data.node_types) == sorted(expected["nodes"]), data.node_types
for name, want in expected["nodes"].items():
    assert data[name].num_nodes == len(want["ids"])
    assert list(snapshot.ids(name)) == want["ids"]
    assert data[name].first_seen.tolist() == want["first_seen"]
    for field, values in want["numbers"].items():
        found = [None if value != value else value for value in data[name][field].tolist()]
        assert found == values, (field, found, values)
    for field, values in want["texts"].items():
        assert list(snapshot.texts(name, field)) == values, field

assert sorted(map(list, data.edge_types)) == sorted(relation["triple"] for relation in expected["relations"])
for want in expected["relations"]:
    store = data[tuple(want["triple"])]
    assert store.num_edges == len(want["rows"]) == store.edge_index.shape[1]
    assert store.edge_index[0].tolist() == want["rows"]
    assert store.edge_index[1].tolist() == store.col.tolist() == want["targets"]
    for key in ("time", "weight", "event", "edge_id"):
        assert (key in store) == (key in want), key
        if key in want:
            # Events are u64: the bits of the signed type.
            found = store[key].numpy().view("u8").tolist() if key == "event" else store[key].tolist()
            assert found == want[key], (want["triple"], key)


# Nothing but edge_index is copied: the tensors lie in the maps. Writing to them leaves the file as it is.
for store in data.stores:
    for key, value in store.items():
        if isinstance(value, torch.Tensor) and value.numel() > 0:
            address = value.data_ptr()
            inside = any(
                low <= address < high
                for low, high, path in (
                    (int(line.split("-")[0], 16), int(line.split("-")[1].split()[0], 16), line)
                    for line in open("/proc/self/maps")
                )
                if str(snapshot.folder) in path
            )
            assert inside == (key != "edge_index"), key

# A layer runs on it.
relation = next(r["triple"] for r in expected["relations"] if r["rows"])
rows, targets = data[relation[0]].num_nodes, data[relation[2]].num_nodes
layer = torch_geometric.nn.SAGEConv((3, 3), 2)
out = layer((torch.ones(rows, 3), torch.ones(targets, 3)), data[tuple(relation)].edge_index)
assert out.shape == (targets, 2)

before = open(snapshot.folder / "node_0.first_seen", "rb").read()
data[expected["first_type"]].first_seen.zero_()
assert open(snapshot.folder / "node_0.first_seen", "rb").read() == before

for wrong, message in ((sys.argv[3], "no manifest.json"), (sys.argv[2] + "/nothing", "no manifest.json")):
    try:
        hetero_data.load(wrong)
        raise AssertionError("no error")
    except hetero_data.SnapshotError as error:
        assert message in str(error), error
with open(snapshot.folder / "edge_0.out.targets", "ab") as file:
    file.write(b"more")
try:
    hetero_data.load(sys.argv[2])
    raise AssertionError("no error")
except hetero_data.SnapshotError as error:
    assert "edge_0.out.targets" in str(error), error
print("equal")
