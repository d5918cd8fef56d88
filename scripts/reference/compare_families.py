"""Takes a random model of every family through the program, and compares what comes out with `transformers`.

Needs: torch, transformers, safetensors, compressed-tensors, gguf. In three steps, with the folder of compare_model_files.py:

    python3 scripts/reference/compare_model_files.py prepare /tmp/models
    python3 scripts/reference/compare_families.py prepare /tmp/models /tmp/families ./decant
    DECANT_COMPRESSED_MODELS=/tmp/families/steps swift test -c release -Xswiftc -enable-testing --filter CompressedModelTests
    python3 scripts/reference/compare_families.py check /tmp/families

`prepare` builds a recipe for each model: import, SFT, width pruning, W4A16 with GPTQ; it exports each result as a folder, the
trained model as a GGUF file too, and imports that file again. The library's logits for random sequences come to lie beside each
folder; the test gives Decant's. `check` prints a row a model and exits 1 where a difference is above 1e-3 (float models 2e-4).
"""

import json
import pathlib
import shutil
import subprocess
import sys

import torch
from safetensors.torch import load_file

import compare_compressed

MODELS = ["qwen2-f32", "qwen2-windows", "qwen3-yarn", "llama-f32-llama3-head-dim", "mistral-windows", "gemma3-bf16",
          "olmo2-f32-sharded", "smollm3-bf16", "phi3-windows"]
STEPS = ["import", "train", "prune", "W4A16", "GGUF read back"]
LIMITS = {"W4A16": 1e-3}
FLOAT_LIMIT = 2e-4
TEMPLATE = "{% for m in messages %}{{ m.role }}: {{ m.content }}<|end|>{% endfor %}assistant: "
TEXT = "".join(f"Turn on the light in room {number}, and set it to {number * 7 % 100} percent.\n\n" for number in range(120))
TRAINED = """decant: 1
name: families
sources:
  model: {path: ./source}
  text: {path: text.txt}
data:
  ingest: {format: text, train: text}
  split: {test: 0%, valid: 0%}
student: {from: model}
sample: none
transfer: "SFT(steps: 10, batch: 4)"
prune: {method: width, ratio: 20%, granularity: {hidden: 32, intermediate: 32}, recover: none}
quantize: {scheme: W4A16, method: gptq, group_size: 32, num_calibration_samples: 16}
"""
READ_BACK = TRAINED.replace("./source", "gguf/model.gguf")
TARGETS = {"import": "model.model", "train": "student.sft", "prune": "student.sft.prune[20%]", "W4A16": "student.sft.prune[20%].W4A16"}


def run(folder, *command):
    result = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if result.returncode:
        sys.exit(f"{' '.join(map(str, command))}\n{result.stdout[-2000:]}{result.stderr[-2000:]}")


def prepare(models, root, decant):
    decant = pathlib.Path(decant).resolve()
    (root / "steps").mkdir(parents=True, exist_ok=True)
    folders = []
    for name in MODELS:
        folder = root / "builds" / name
        shutil.rmtree(folder, ignore_errors=True)
        source = folder / "source"
        source.mkdir(parents=True)
        for file in models.joinpath(name).iterdir():
            if file.name.startswith(("model", "config", "generation", "tokenizer")):
                shutil.copy(file, source)
        (source / "chat_template.jinja").write_text(TEMPLATE)
        (folder / "text.txt").write_text(TEXT)
        (folder / "trained.yaml").write_text(TRAINED)
        (folder / "back.yaml").write_text(READ_BACK)
        for target in TARGETS.values():
            run(folder, decant, "build", "trained.yaml", target, "--cache", "cache")
        for step, target in TARGETS.items():
            run(folder, decant, "export", target, step, "--cache", "cache")
        run(folder, decant, "export", "student.sft", "gguf", "--format", "gguf", "--type", "f16", "--cache", "cache")
        run(folder, decant, "build", "back.yaml", "model.model", "--cache", "cache")
        run(folder, decant, "export", "model.model", "GGUF read back", "--cache", "cache")
        for step in STEPS:
            target = root / "exports" / f"{name}.{step}"
            shutil.rmtree(target, ignore_errors=True)
            target.parent.mkdir(exist_ok=True)
            shutil.copytree(folder / step, target)
            folders.append(target)
        print(f"{name}: built", flush=True)
    compare_compressed.prepare(root / "steps", folders)


def rounded_weights_differ(folder):
    """The largest difference between the weights that came back and those that were written, rounded to float16."""
    written, back = (load_file(folder / step / "model.safetensors") for step in ("train", "GGUF read back"))
    return max(
        (back[key] - (weights.half().float() if weights.ndim == 2 else weights)).abs().max().item()
        for key, weights in written.items() if key in back)


def check(root):
    failed = False
    print("| model | " + " | ".join(STEPS) + " | weights read back |\n|---|" + "---|" * (len(STEPS) + 1))
    for name in MODELS:
        cells = []
        for step in STEPS:
            folder = root / "steps" / f"{name}.{step}"
            expected, actual = (load_file(folder / file)["logits"] for file in ("expected.safetensors", "actual.safetensors"))
            difference = (expected - actual).abs().max().item()
            failed |= difference > LIMITS.get(step, FLOAT_LIMIT)
            cells.append(f"{difference:.1e}")
        weights = rounded_weights_differ(root / "builds" / name)
        # A norm around zero is stored with one added, whose last bit goes.
        failed |= weights > 1e-7
        print(f"| {name} | " + " | ".join(cells) + f" | {weights:g} |")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) == 5 and sys.argv[1] == "prepare":
        sys.exit(prepare(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3]), sys.argv[4]))
    if len(sys.argv) == 3 and sys.argv[1] == "check":
        sys.exit(check(pathlib.Path(sys.argv[2])))
    sys.exit(__doc__)
