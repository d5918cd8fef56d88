"""Writes rows, importances, and the blocks that ggml makes of them, for every type whose scales are searched.

The engine's tests compare with them, bit for bit. Needs numpy, and ggml as a shared library without contracted products, which
differ from processor to processor. From ggml's sources, once cmake has made its ggml-version.h in BUILD:

    gcc -O2 -ffp-contract=off -shared -fPIC -Iggml/include -Iggml/src -IBUILD/ggml/src \
        ggml/src/ggml-quants.c ggml/src/ggml.c -o libquants.so -lm -lpthread
    python3 scripts/reference/gguf_search_reference.py ./libquants.so Tests/EngineFormatsTests/Reference/gguf-searches.json
"""

import ctypes
import json
import os
import sys

import numpy as np

COLUMNS = 512
# How much of the rows a type is tried on.
TYPES = {"Q5_0": 320, "Q5_1": 320, "Q4_K": 512, "Q5_K": 512, "Q6_K": 512}
FLOATS = ctypes.POINTER(ctypes.c_float)


def rows(columns: int, random) -> np.ndarray:
    """Weights of many sizes, then rows with parts that are zero, of one sign, equal, and with an outlier."""
    data = random.standard_normal((6, columns)) * np.array([[1.0], [0.02], [300.0], [1e-6], [0.05], [0.05]])
    data[3:] *= 10.0 ** random.integers(-2, 2, (3, columns // 32)).repeat(32, axis=1)
    edge = random.standard_normal((3, columns)) * 0.03
    edge[0, :96] = 0
    edge[0, 96:160] = np.abs(edge[0, 96:160])
    edge[1, :64] = -np.abs(edge[1, :64])
    edge[1, 64:96] = -0.25
    edge[1, 100] = 3.0
    edge[2] = 0
    return np.vstack([data, edge]).astype(np.float32)


def main(library: str, path: str) -> None:
    # What quantizing does not call may be missing.
    ggml = ctypes.CDLL(library, mode=os.RTLD_LAZY)
    random = np.random.default_rng(11)
    data = rows(COLUMNS, random)
    importance = (random.random(COLUMNS) ** 4 * 10 + 1e-6).astype(np.float32)
    importance[:32] = 0
    result = {"floats": data.tobytes().hex(), "importance": importance.tobytes().hex()}
    for name, columns in TYPES.items():
        quantize = ggml["quantize_" + name.replace("Q", "q")]
        quantize.restype = ctypes.c_size_t
        quantize.argtypes = [FLOATS, ctypes.c_void_p, ctypes.c_int64, ctypes.c_int64, FLOATS]
        own = np.ascontiguousarray(data[:, :columns])
        found = {"columns": columns}
        for key, weights in (("plain", None), ("weighted", importance.ctypes.data_as(FLOATS))):
            target = np.zeros(own.nbytes, dtype=np.uint8)
            size = quantize(own.ctypes.data_as(FLOATS), target.ctypes.data, len(own), columns, weights)
            found[key] = target[:size].tobytes().hex()
        result[name] = found
    with open(path, "w") as file:
        json.dump(result, file, sort_keys=True, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main(*sys.argv[1:])
