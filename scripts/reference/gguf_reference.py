"""Writes blocks of every GGUF type that the engine reads, with the floats that the `gguf` package restores from them, and
floats with the blocks that it packs them into.

The engine's tests compare with them, bit for bit. Needs the packages gguf and numpy; run with the output file as argument:

    python3 scripts/reference/gguf_reference.py Tests/EngineFormatsTests/Reference/gguf-blocks.json
"""

import json
import sys

import numpy as np
from gguf import GGMLQuantizationType as Type
from gguf.constants import GGML_QUANT_SIZES
from gguf.quants import dequantize, quantize

READ = [
    Type.F16, Type.BF16, Type.Q4_0, Type.Q4_1, Type.Q5_0, Type.Q8_0, Type.Q4_K, Type.Q6_K, Type.Q5_1, Type.Q2_K, Type.Q3_K,
    Type.Q5_K, Type.IQ4_NL, Type.IQ4_XS]
WRITTEN = [Type.F16, Type.Q8_0, Type.Q4_0]
# Where the half-precision scales of a block stand, in bytes.
SCALES = {
    Type.Q4_0: [0], Type.Q4_1: [0, 2], Type.Q5_0: [0], Type.Q5_1: [0, 2], Type.Q8_0: [0], Type.Q2_K: [80, 82], Type.Q3_K: [108],
    Type.Q4_K: [0, 2], Type.Q5_K: [0, 2], Type.Q6_K: [208], Type.IQ4_NL: [0], Type.IQ4_XS: [0]}


def random_blocks(kind, blocks: int, random) -> np.ndarray:
    """Blocks of random bytes, their scales finite: of both signs, large, small and subnormal ones."""
    _, size = GGML_QUANT_SIZES[kind]
    if kind in (Type.F16, Type.BF16):
        bits = random.integers(0, 0x7C00, blocks * 32, dtype=np.uint16) | (random.integers(0, 2, blocks * 32) << 15).astype(np.uint16)
        return bits.view(np.uint8).reshape(1, -1)
    data = random.integers(0, 256, (blocks, size), dtype=np.uint8)
    for place in SCALES[kind]:
        scales = (random.standard_normal(blocks) * 10.0 ** random.integers(-7, 3, blocks)).astype(np.float16)
        data[:, place:place + 2] = scales.view(np.uint8).reshape(blocks, 2)
    return data.reshape(1, -1)


def bits(values: np.ndarray) -> str:
    return np.ascontiguousarray(values, dtype=np.float32).tobytes().hex()


def main(path: str) -> None:
    random = np.random.default_rng(7)
    restored = {}
    for kind in READ:
        data = random_blocks(kind, 3, random)
        restored[kind.name] = {"blocks": data.tobytes().hex(), "floats": bits(dequantize(data, kind))}
    rows = (random.standard_normal((5, 32)) * np.array([[1.0], [1e-3], [300.0], [1e-6], [0.02]])).astype(np.float32)
    # Zeros, ties, both signs of the largest magnitude, and a row that one weight dominates.
    rows = np.vstack([rows, np.zeros((1, 32)), (np.arange(32) - 16)[None] / 8, (16 - np.arange(32))[None] / 4, np.eye(32)[:1] * -5]).astype(np.float32)
    packed = {"floats": bits(rows)} | {
        kind.name: (rows.astype(np.float16).tobytes() if kind == Type.F16 else quantize(rows, kind).tobytes()).hex()
        for kind in WRITTEN}
    with open(path, "w") as file:
        json.dump({"restored": restored, "packed": packed}, file, sort_keys=True, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    main(sys.argv[1])
