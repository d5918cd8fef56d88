"""Compares the engine's reading and writing of model files with `transformers` and the `gguf` package.

Needs: torch, transformers, safetensors, tokenizers, gguf. In three steps, with a folder of one's own:

    python3 scripts/reference/compare_model_files.py prepare /tmp/models [--gguf MODEL.gguf]
    DECANT_FOREIGN_MODELS=/tmp/models swift test -c release -Xswiftc -enable-testing --filter ForeignModelTests
    python3 scripts/reference/compare_model_files.py check /tmp/models

`prepare` saves random models of every family in several types and shards, GGUF files of random blocks of every type, and takes
a published GGUF file along; beside each lie the weights and logits of the library. The test reads every model, notes
the differences, and writes each again in every format. `check` reads that with the libraries and prints all figures; it
exits 1 where a limit is passed.
"""

import argparse
import json
import pathlib
import sys

import numpy as np
import torch
from gguf import GGMLQuantizationType, GGUFReader, GGUFWriter
from gguf.quants import dequantize, quantize
from safetensors.torch import load_file, save_file
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from transformers import (
    AutoModelForCausalLM, Gemma3TextConfig, LlamaConfig, MistralConfig, Olmo2Config, Phi3Config, Qwen2Config, Qwen3Config,
    SmolLM3Config)

from gguf_reference import READ, random_blocks

LOGIT_LIMIT = 2e-4
ENDS = dict(bos_token_id=None, eos_token_id=258, pad_token_id=None)
LLAMA3 = {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
          "original_max_position_embeddings": 8192}
YARN = {"rope_type": "yarn", "rope_theta": 1000000.0, "factor": 4.0, "original_max_position_embeddings": 4096}
GEMMA = {"full_attention": {"rope_type": "linear", "factor": 8.0, "rope_theta": 1000000.0},
         "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}}
SHAPE = dict(vocab_size=320, hidden_size=256, num_hidden_layers=3, num_attention_heads=8, num_key_value_heads=2,
             intermediate_size=512, max_position_embeddings=16384)
VARIANTS = {
    "qwen2-f32": (Qwen2Config, dict(tie_word_embeddings=True), torch.float32, "50GB"),
    "qwen2-f16-sharded": (Qwen2Config, dict(tie_word_embeddings=True, rope_theta=1000000.0), torch.float16, "1MB"),
    "qwen2-bf16-untied": (Qwen2Config, dict(tie_word_embeddings=False, rms_norm_eps=1e-5), torch.bfloat16, "50GB"),
    "llama-f32-llama3-head-dim": (
        LlamaConfig, dict(tie_word_embeddings=False, head_dim=48, rope_parameters=LLAMA3), torch.float32, "50GB"),
    "llama-f16": (LlamaConfig, dict(tie_word_embeddings=True), torch.float16, "50GB"),
    "llama-bf16-sharded-llama3": (
        LlamaConfig, dict(tie_word_embeddings=False, rope_parameters=LLAMA3), torch.bfloat16, "700KB"),
    # The library reads no width of heads from a GGUF file of this family: it takes 128.
    "qwen3-f32": (Qwen3Config, dict(tie_word_embeddings=False, head_dim=128, rope_theta=1000000.0), torch.float32, "50GB"),
    "qwen3-bf16-sharded": (Qwen3Config, dict(tie_word_embeddings=True, head_dim=128), torch.bfloat16, "700KB"),
    "qwen3-yarn": (Qwen3Config, dict(tie_word_embeddings=True, head_dim=128, rope_parameters=YARN), torch.float32, "50GB"),
    "qwen2-windows": (
        Qwen2Config, dict(use_sliding_window=True, sliding_window=48, max_window_layers=1), torch.float32, "50GB"),
    "mistral-windows": (MistralConfig, dict(sliding_window=64, head_dim=40), torch.bfloat16, "700KB"),
    "mistral-full": (MistralConfig, dict(sliding_window=None), torch.float16, "50GB"),
    "gemma3-bf16": (
        Gemma3TextConfig, dict(head_dim=64, query_pre_attn_scalar=64, sliding_window=40, rope_parameters=GEMMA,
                               layer_types=["sliding_attention", "full_attention", "sliding_attention"]),
        torch.bfloat16, "50GB"),
    "olmo2-f32-sharded": (Olmo2Config, dict(tie_word_embeddings=False), torch.float32, "1MB"),
    "smollm3-bf16": (SmolLM3Config, dict(num_hidden_layers=4), torch.bfloat16, "50GB"),
    "phi3-windows": (Phi3Config, dict(sliding_window=72), torch.float32, "50GB"),
}
# What the library reads from a GGUF file of these families is not what it stored.
UNREAD = ("olmo2", "smollm3", "phi3", "gemma3", "mistral-windows", "qwen2-windows")


def byte_tokenizer() -> Tokenizer:
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    vocabulary = {symbol: place for place, symbol in enumerate(alphabet)} | {"th": 256, "the": 257}
    tokenizer = Tokenizer(models.BPE(vocabulary, [("t", "h"), ("th", "e")]))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens(["<|end|>"])
    return tokenizer


def save_expected(folder: pathlib.Path, model, tokens: list[int]) -> None:
    with torch.no_grad():
        logits = model(torch.tensor([tokens])).logits[0]
    save_file({"tokens": torch.tensor(tokens), "logits": logits.float().contiguous()}, folder / "expected.safetensors")
    weights = {name: tensor.detach().float().contiguous() for name, tensor in model.named_parameters()}
    save_file(weights, folder / "weights.safetensors")


def prepare(root: pathlib.Path, published: pathlib.Path | None) -> None:
    torch.manual_seed(3)
    for name, (config, options, dtype, shard) in VARIANTS.items():
        folder = root / name
        model = AutoModelForCausalLM.from_config(config(**(SHAPE | options | ENDS))).eval()
        with torch.no_grad():
            for parameter in model.parameters():
                # Far from the start of training, where logits hardly differ.
                parameter.add_(torch.randn_like(parameter) * (0.05 if parameter.dim() > 1 else 0.2))
        model.to(dtype).save_pretrained(folder, max_shard_size=shard)
        byte_tokenizer().save(str(folder / "tokenizer.json"))
        (folder / "tokenizer_config.json").write_text('{"eos_token": "<|end|>"}')
        save_expected(folder, AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval(),
                      [int(token) for token in torch.randint(0, 320, (200,))])
    for kind in READ:
        random_gguf(root / f"gguf-{kind.name}", kind)
    if published:
        folder = root / "published"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "model.gguf").write_bytes(published.read_bytes())
        model = AutoModelForCausalLM.from_pretrained(folder, gguf_file="model.gguf", dtype=torch.float32).eval()
        save_expected(folder, model, [int(token) for token in torch.randint(20, model.config.vocab_size, (96,))])


def random_gguf(folder: pathlib.Path, kind) -> None:
    """A model whose every matrix is random blocks, and what the `gguf` package restores from them."""
    folder.mkdir(parents=True, exist_ok=True)
    random = np.random.default_rng(kind.value)
    writer = GGUFWriter(folder / "model.gguf", "qwen2")
    writer.add_context_length(128)
    writer.add_embedding_length(256)
    writer.add_block_count(1)
    writer.add_feed_forward_length(512)
    writer.add_head_count(4)
    writer.add_head_count_kv(2)
    writer.add_layer_norm_rms_eps(1e-6)
    writer.add_rope_freq_base(10000.0)
    shapes = {
        "token_embd.weight": (320, 256), "output_norm.weight": (256,), "blk.0.attn_norm.weight": (256,),
        "blk.0.ffn_norm.weight": (256,), "blk.0.attn_q.weight": (256, 256), "blk.0.attn_k.weight": (128, 256),
        "blk.0.attn_v.weight": (128, 256), "blk.0.attn_q.bias": (256,), "blk.0.attn_k.bias": (128,),
        "blk.0.attn_v.bias": (128,), "blk.0.attn_output.weight": (256, 256), "blk.0.ffn_gate.weight": (512, 256),
        "blk.0.ffn_up.weight": (512, 256), "blk.0.ffn_down.weight": (256, 512)}
    weights = {}
    for name, shape in shapes.items():
        if len(shape) == 1:
            data = random.standard_normal(shape).astype(np.float32)
            writer.add_tensor(name, data)
        else:
            per_block = 32 if kind.name in ("F16", "BF16") or not kind.name.endswith("K") else 256
            packed = random_blocks(kind, shape[0] * shape[1] // per_block, random).reshape(shape[0], -1)
            data = dequantize(packed, kind)
            writer.add_tensor(name, packed.view(np.float16) if kind.name == "F16" else packed,
                              raw_dtype=None if kind.name == "F16" else kind)
        weights[library_name(name)] = torch.from_numpy(np.ascontiguousarray(data.reshape(shape)))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    save_file(weights, folder / "weights.safetensors")


def library_name(name: str, family: str = "") -> str:
    modules = {"attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm", "attn_q": "self_attn.q_proj",
               "attn_k": "self_attn.k_proj", "attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm",
               "attn_v": "self_attn.v_proj", "attn_output": "self_attn.o_proj", "attn_qkv": "self_attn.qkv_proj",
               "post_attention_norm": "post_attention_layernorm", "post_ffw_norm": "post_feedforward_layernorm",
               "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj"}
    if family == "gemma3":
        modules["ffn_norm"] = "pre_feedforward_layernorm"
    if family == "phi3":
        modules["ffn_up"] = "mlp.gate_up_proj"
    parts = name.split(".")
    if parts[0] == "blk":
        return f"model.layers.{parts[1]}.{modules[parts[2]]}.{parts[3]}"
    return {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}[parts[0]] + "." + parts[1]


def check(root: pathlib.Path) -> bool:
    whole = True
    for folder in sorted(path for path in root.iterdir() if path.is_dir()):
        result = json.loads((folder / "result.json").read_text())
        differing, delta = result.get("differing_weights"), result.get("largest_logit_difference")
        fits = differing == 0 and (delta is None or delta <= LOGIT_LIMIT)
        notes = [f"weights that differ {differing}"] + ([f"max |Δ logit| {delta:.2e}"] if delta is not None else [])
        for step in (check_resaved, check_exported):
            good, note = step(folder)
            fits &= good
            notes += note
        print(("ok     " if fits else "FAILED ") + f"{folder.name}: " + ", ".join(notes))
        whole &= fits
    return whole


def check_resaved(folder: pathlib.Path):
    """The folder that the engine wrote, loaded by the library: its weights, and what its configuration says."""
    resaved = folder / "resaved"
    if not resaved.exists():
        return True, []
    model = AutoModelForCausalLM.from_pretrained(resaved, dtype=torch.float32).eval()
    expected = load_file(folder / "weights.safetensors")
    found = dict(model.named_parameters())
    good = found.keys() == expected.keys() and all(torch.equal(found[name].data, expected[name]) for name in expected)
    if (folder / "expected.safetensors").exists():
        reference = load_file(folder / "expected.safetensors")
        with torch.no_grad():
            good &= torch.equal(model(reference["tokens"][None]).logits[0], reference["logits"])
    return good, ["saved again: " + ("equal" if good else "DIFFERENT")]


def check_exported(folder: pathlib.Path):
    notes, whole = [], True
    weights = load_file(folder / "weights.safetensors")
    for kind in ("F16", "Q8_0", "Q4_0"):
        path = folder / f"exported-{kind.lower()}.gguf"
        if not path.exists():
            continue
        reader = GGUFReader(path)
        fields = {name: field.contents() for name, field in reader.fields.items() if not name.startswith("tokenizer")}
        family = fields["general.architecture"]
        good = True
        for tensor in reader.tensors:
            if tensor.name == "rope_freqs.weight":
                continue
            rows = weights[library_name(tensor.name, family)].numpy()
            if family == "gemma3" and rows.ndim == 1:
                rows = rows + np.float32(1)
            if family in ("llama", "smollm3") and tensor.name.split(".")[-2] in ("attn_q", "attn_k"):
                heads = fields[f"{family}.attention.head_count" + ("_kv" if "attn_k" in tensor.name else "")]
                rows = rows.reshape(heads, 2, -1, rows.shape[1]).swapaxes(1, 2).reshape(rows.shape)
            if rows.ndim == 1:
                good &= tensor.tensor_type == GGMLQuantizationType.F32 and np.array_equal(tensor.data, rows)
            elif tensor.tensor_type == GGMLQuantizationType.F16:
                good &= np.array_equal(tensor.data, rows.astype(np.float16))
            else:
                good &= np.array_equal(tensor.data, quantize(rows, GGMLQuantizationType[kind]))
        if folder.name.startswith(UNREAD):
            whole &= good
            notes.append(f"{path.name} " + ("equal" if good else "DIFFERENT"))
            continue
        # The library's own reading of the file, un-permuted by it.
        loaded = dict(AutoModelForCausalLM.from_pretrained(
            folder, gguf_file=path.name, dtype=torch.float32).named_parameters())
        for name, tensor in loaded.items():
            rows = weights[name].numpy()
            if rows.ndim == 2 and kind != "F16":
                rows = dequantize(quantize(rows, GGMLQuantizationType[kind]), GGMLQuantizationType[kind])
            elif rows.ndim == 2:
                rows = rows.astype(np.float16).astype(np.float32)
            good &= np.array_equal(tensor.detach().numpy(), rows)
        whole &= good
        notes.append(f"{path.name} " + ("equal" if good else "DIFFERENT"))
    return whole, notes


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("step", choices=["prepare", "check"])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--gguf", type=pathlib.Path)
    options = parser.parse_args()
    torch.set_num_threads(2)
    if options.step == "prepare":
        prepare(options.folder, options.gguf)
    elif not check(options.folder):
        sys.exit(1)


if __name__ == "__main__":
    main()
