"""Compares quantized models' logits with those of `transformers` and `compressed-tensors` on the same folders.

Needs: torch, transformers, safetensors, compressed-tensors. In three steps, with a folder of one's own:

    ./decant export student.W4A16 /tmp/q/w4a16        # one folder of each layout, from any recipe
    python3 scripts/reference/compare_compressed.py prepare /tmp/compressed /tmp/q/w4a16 …
    DECANT_COMPRESSED_MODELS=/tmp/compressed swift test -c release -Xswiftc -enable-testing --filter CompressedModelTests
    python3 scripts/reference/compare_compressed.py check /tmp/compressed

`prepare` copies the folders and lays down the library's logits for random sequences; the test gives Decant's; `check` prints
the differences and exits 1 where one is above 1e-3. INT8 activations are rounded by max/127, as vLLM does and Decant, where the
library alone would emulate max/127.5, whose results hang on the last bit of every token's largest value. Rounded activations
have ties all the same: where they are rounded, eight tokens of ten must be within 1e-3.
"""

import json
import pathlib
import shutil
import sys

import torch
from safetensors.torch import load_file, save_file
from compressed_tensors.quantization.utils import helpers
from transformers import AutoModelForCausalLM

LIMIT = 1e-3
SHARE = 0.8
# Many short ones: a code that falls otherwise at a tie moves all later tokens of its sequence.
LENGTHS = [1, 2, 3, 4, 5, 6, 7, 8] * 8 + [40]


def round_symmetrically():
    """Integers from −127 to 127 in place of −128 to 127. Weights are stored, and not rounded again."""
    asymmetric = helpers._calculate_range

    def symmetric(*arguments):
        least, largest = asymmetric(*arguments)
        return torch.maximum(least, -largest), largest

    helpers._calculate_range = symmetric


def prepare(root, folders):
    round_symmetrically()
    for folder in folders:
        target = root / folder.name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(folder, target)
        model = AutoModelForCausalLM.from_pretrained(target, dtype=torch.float32).eval()
        random = torch.Generator().manual_seed(1)
        sequences = [torch.randint(0, model.config.vocab_size, (length,), generator=random) for length in LENGTHS]
        with torch.no_grad():
            logits = torch.cat([model(sequence[None]).logits[0] for sequence in sequences])
        tensors = {"tokens": torch.cat(sequences), "lengths": torch.tensor(LENGTHS), "logits": logits.float().contiguous()}
        save_file(tensors, target / "expected.safetensors")
        linear = model.model.layers[0].self_attn.o_proj
        scheme = getattr(linear, "quantization_scheme", None)
        print(f"{folder.name}: {type(linear).__name__}, activations {getattr(scheme, 'input_activations', None) is not None}")


def check(root):
    failed = False
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        expected = load_file(folder / "expected.safetensors")["logits"]
        actual = load_file(folder / "actual.safetensors")["logits"]
        layout = json.loads((folder / "config.json").read_text())["quantization_config"]["format"]
        difference = (actual - expected).abs().amax(1)
        close = (difference <= LIMIT).float().mean().item()
        failed |= close < (1 if layout == "pack-quantized" else SHARE)
        print(
            f"{folder.name:16} {layout:16} largest difference {difference.max().item():.1e}, a token's median "
            f"{difference.median().item():.1e}, within {LIMIT}: {close:.1%}; largest |logit| {expected.abs().max().item():.1f}, same "
            f"choice in {(actual.argmax(1) == expected.argmax(1)).sum()} of {len(actual)}")
    return 1 if failed else 0


if __name__ == "__main__":
    if len(sys.argv) >= 4 and sys.argv[1] == "prepare":
        sys.exit(prepare(pathlib.Path(sys.argv[2]), [pathlib.Path(folder) for folder in sys.argv[3:]]))
    if len(sys.argv) == 3 and sys.argv[1] == "check":
        sys.exit(check(pathlib.Path(sys.argv[2])))
    sys.exit(__doc__)
