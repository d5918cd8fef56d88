#!/usr/bin/env python3
"""What the `compressed-tensors` library makes of small matrices, and whether it loads what Decant quantized.

    quant_reference.py write FILE             the reference file Tests/EngineFormatsTests/Reference/quantization.json
    quant_reference.py check FLOAT QUANTIZED  loads both model folders in `transformers`; the quantized model's logits must
                                              equal those of the float model with weights that are dequantized here

Needs `torch`, `safetensors`, `transformers` and `compressed-tensors`.
"""

import json
import pathlib
import random
import sys

import numpy
import torch


def write(path):
    from compressed_tensors.compressors.pack_quantized.helpers import pack_to_int32
    from compressed_tensors.quantization import QuantizationArgs
    from compressed_tensors.quantization.lifecycle.forward import dequantize, quantize

    rng = random.Random(4)
    cases = []
    for bits, group, rows, columns in [(4, 8, 3, 24), (4, 0, 2, 13), (8, 16, 2, 32), (8, 0, 3, 7)]:
        # Multiples of 1/64: exact in JSON, and some fall halfway between two codes.
        weights = torch.tensor([[rng.randrange(-96, 97) / 64 for _ in range(columns)] for _ in range(rows)])
        weights[0, : group or columns] = 0
        weights[1, 0] = 2 ** (bits - 1) - 1  # makes the scale of a group 1: its halves are ties
        size = group or columns
        scale = weights.reshape(rows, -1, size).abs().amax(-1) / (2 ** (bits - 1) - 1)
        scale[scale == 0] = 1
        strategy = {"strategy": "group", "group_size": group} if group else {"strategy": "channel"}
        args = QuantizationArgs(num_bits=bits, type="int", symmetric=True, **strategy)
        codes = quantize(weights, scale, torch.zeros_like(scale, dtype=torch.int8), args, dtype=torch.int8)
        cases.append(
            {
                "bits": bits, "group_size": group, "rows": rows, "columns": columns,
                "weights": weights.flatten().tolist(),
                "packed": pack_to_int32(codes, bits).flatten().tolist(),
                "scale_bits": scale.numpy().view(numpy.uint32).flatten().tolist(),
                "dequantized_bits": dequantize(codes, scale, None, args).numpy().view(numpy.uint32).flatten().tolist(),
            }
        )
    path.write_text(json.dumps(cases, separators=(",", ":")) + "\n")


def dequantized(folder):
    """The float weights of a quantized folder, from the layout's definition alone."""
    from safetensors.numpy import load_file

    tensors = load_file(folder / "model.safetensors")
    scheme = json.loads((folder / "config.json").read_text())["quantization_config"]["config_groups"]["group_0"]["weights"]
    bits = scheme["num_bits"]
    result = {}
    for name, tensor in tensors.items():
        module, _, kind = name.rpartition(".")
        if kind == "weight_packed":
            rows, columns = tensors[module + ".weight_shape"]
            shifts = numpy.arange(0, 32, bits, dtype=numpy.uint32)
            codes = (tensor.view(numpy.uint32)[:, :, None] >> shifts) & (2**bits - 1)
            codes = codes.reshape(rows, -1)[:, :columns].astype(numpy.int32) - 2 ** (bits - 1)
            scale = tensors[module + ".weight_scale"]
            result[module + ".weight"] = codes.astype(numpy.float32) * numpy.repeat(scale, columns // scale.shape[1], axis=1)
        elif kind not in ("weight_scale", "weight_shape"):
            result[name] = tensor
    return {name: torch.tensor(tensor) for name, tensor in result.items()}


def check(float_folder, quantized_folder):
    from transformers import AutoModelForCausalLM

    tokens = torch.randint(0, 64, (2, 17), generator=torch.Generator().manual_seed(1))
    reference = AutoModelForCausalLM.from_pretrained(float_folder, dtype=torch.float32)
    with torch.no_grad():
        before = reference(tokens).logits
        missing, unexpected = reference.load_state_dict(dequantized(quantized_folder), strict=False)
        expected = reference(tokens).logits
        quantized = AutoModelForCausalLM.from_pretrained(quantized_folder, dtype=torch.float32)
        actual = quantized(tokens).logits
    print(type(quantized.model.layers[0].self_attn.q_proj).__name__, quantized.config.quantization_config)
    print(f"missing {missing}, unexpected {unexpected}")
    print(f"max |logit|                      {expected.abs().max():.4f}")
    print(f"quantized against dequantized    {(actual - expected).abs().max():.2e}")
    print(f"quantized against float          {(actual - before).abs().max():.2e}")
    return 0 if (actual - expected).abs().max() <= 2e-5 else 1


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "write":
        sys.exit(write(pathlib.Path(sys.argv[2])))
    if len(sys.argv) == 4 and sys.argv[1] == "check":
        sys.exit(check(pathlib.Path(sys.argv[2]), pathlib.Path(sys.argv[3])))
    sys.exit(__doc__)
