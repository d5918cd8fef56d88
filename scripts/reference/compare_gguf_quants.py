"""Compares the engine's K-quants of a model with llama.cpp's: sizes, blocks, perplexities, greedy text.

Needs: numpy, gguf, safetensors, and llama.cpp's programs llama-quantize, llama-imatrix, llama-perplexity and llama-completion in
the folder BIN. A recipe with `quantize: {method: imatrix}` and `matrix: {quantize.scheme: [Q4_K_M, Q5_K_M, Q6_K]}` gives the
statistics and the models with importance; FOLDER holds

    base.gguf                 decant export MODEL … --format gguf --type f32
    Q4_K_M.gguf and so on     decant export MODEL … --format gguf --type Q4_K_M: without importance
    Q4_K_M-imatrix.gguf …     decant export MODEL.Q4_K_M … --format gguf: with it
    statistics.safetensors    of the stage MODEL.statistics
    rows.txt                  the calibration rows as text, for llama-imatrix; may be missing

    python3 scripts/reference/compare_gguf_quants.py BIN FOLDER TEXT [CHUNKS]

TEXT is what perplexities are measured on, in CHUNKS windows of 512 tokens. llama-quantize gets the engine's importances as a file
of llama-imatrix's format, so that both search on the same numbers; with rows.txt also those that llama-imatrix finds there.
Exits 1 where a size or a perplexity is more than 0.5% from llama.cpp's, or a type's blocks differ in more than 1 of 50.
"""

import pathlib
import re
import subprocess
import sys

import numpy as np
from gguf import GGUFReader, GGUFWriter
from gguf.constants import GGML_QUANT_SIZES
from safetensors.numpy import load_file

LIMIT = 0.005
BLOCKS = 0.02
TYPES = ["Q4_K_M", "Q5_K_M", "Q6_K"]
INPUTS = {"attention": ["attn_q", "attn_k", "attn_v", "attn_qkv"], "output": ["attn_output"],
          "feed_forward": ["ffn_gate", "ffn_up"], "down": ["ffn_down"]}
PROMPTS = ["The capital of France is", "Once upon a time there was a", "Turn on the lights in the", "Water boils at"]


def run(*words, **options):
    done = subprocess.run([str(word) for word in words], capture_output=True, text=True, **options)
    if done.returncode:
        sys.exit(f"{' '.join(map(str, words))}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    return done.stdout + done.stderr


def write_imatrix(statistics, base, path):
    """The mean squares of the engine's statistics as llama-imatrix stores them: sums and counts."""
    names = {tensor.name for tensor in GGUFReader(base).tensors}
    writer = GGUFWriter(path, "imatrix")
    writer.add_string("general.type", "imatrix")
    writer.add_array("imatrix.datasets", ["rows"])
    writer.add_uint32("imatrix.chunk_count", 1)
    writer.add_uint32("imatrix.chunk_size", 512)
    tokens = int(statistics["tokens"][0])
    for name, values in sorted(statistics.items()):
        match = re.fullmatch(r"model\.layers\.(\d+)\.(\w+)\.hessian", name)
        if not match:
            continue
        width = int((np.sqrt(8 * len(values) + 1) - 1) / 2)
        places = np.arange(width)
        squares = values[places * (places + 3) // 2].astype(np.float32)
        for module in INPUTS[match[2]]:
            tensor = f"blk.{match[1]}.{module}.weight"
            if tensor in names:
                writer.add_tensor(f"{tensor}.in_sum2", squares.reshape(1, -1))
                writer.add_tensor(f"{tensor}.counts", np.full((1, 1), tokens, dtype=np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def blocks(ours, theirs):
    """By type: blocks that differ, of how many. Types must be the same."""
    mine = {tensor.name: tensor for tensor in GGUFReader(ours).tensors}
    counts = {}
    for tensor in GGUFReader(theirs).tensors:
        own = mine.pop(tensor.name)
        if own.tensor_type != tensor.tensor_type:
            sys.exit(f"{tensor.name} is {own.tensor_type.name} where llama.cpp has {tensor.tensor_type.name}")
        size = GGML_QUANT_SIZES[tensor.tensor_type][1]
        left, right = (np.asarray(t.data).view(np.uint8).reshape(-1, size) for t in (own, tensor))
        different, total = counts.get(tensor.tensor_type.name, (0, 0))
        counts[tensor.tensor_type.name] = (different + int((left != right).any(axis=1).sum()), total + len(left))
    assert not mine, mine
    return counts


def perplexity(programs, model, text, chunks):
    output = run(programs / "llama-perplexity", "-m", model, "-f", text, "-c", 512, "--chunks", chunks, "-t", 2)
    return float(re.search(r"Final estimate: PPL = ([0-9.]+)", output)[1])


def greedy(programs, model, prompt):
    return run(
        programs / "llama-completion", "-m", model, "-p", prompt, "-n", 48, "--temp", 0, "-t", 2, "-no-cnv",
        "--no-display-prompt", stdin=subprocess.DEVNULL).split("\n\n")[0]


def main():
    programs, folder, text = map(pathlib.Path, sys.argv[1:4])
    chunks = sys.argv[4] if len(sys.argv) > 4 else 20
    base = folder / "base.gguf"
    importances = {"": None}
    if (folder / "statistics.safetensors").exists():
        importances["-imatrix"] = folder / "imatrix.gguf"
        write_imatrix(load_file(folder / "statistics.safetensors"), base, importances["-imatrix"])
    if (folder / "rows.txt").exists():
        importances["-rows"] = folder / "rows.imatrix.gguf"
        run(programs / "llama-imatrix", "-m", base, "-f", folder / "rows.txt", "-o", importances["-rows"], "-c", 512, "-t", 2,
            "--parse-special")
    print(f"F32: perplexity {perplexity(programs, base, text, chunks):.4f}")
    failed = False
    for kind in TYPES:
        for suffix, importance in importances.items():
            ours = folder / f"{kind}{'-imatrix' if suffix else ''}.gguf"
            theirs = folder / f"llama-{kind}{suffix}.gguf"
            words = ["--imatrix", importance] if importance else []
            run(programs / "llama-quantize", *words, base, theirs, kind, 2)
            sizes = ours.stat().st_size, theirs.stat().st_size
            found = [perplexity(programs, model, text, chunks) for model in (ours, theirs)]
            size, loss = sizes[0] / sizes[1] - 1, found[0] / found[1] - 1
            counts = blocks(ours, theirs)
            equal = sum(greedy(programs, ours, prompt) == greedy(programs, theirs, prompt) for prompt in PROMPTS)
            print(f"{kind}{suffix}: {sizes[0]} bytes, llama.cpp {sizes[1]} ({size:+.3%}); perplexity {found[0]:.4f}, "
                  f"llama.cpp {found[1]:.4f} ({loss:+.3%}); {equal} of {len(PROMPTS)} greedy texts equal; blocks that differ: "
                  + ", ".join(f"{name} {a} of {b}" for name, (a, b) in sorted(counts.items())))
            failed |= abs(size) > LIMIT or abs(loss) > LIMIT
            failed |= suffix != "-rows" and any(a > BLOCKS * b for a, b in counts.values())
    sys.exit(failed)


if __name__ == "__main__":
    main()
