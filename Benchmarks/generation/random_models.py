"""Writes model folders with random weights for the benchmark: the quickstart's student, a model of 6.8M parameters, and
SmolLM2-135M's shape. Argument: the folder. Needs the packages torch and transformers."""

import sys

import torch
from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

torch.manual_seed(1)
COMMON = dict(max_position_embeddings=2048, tie_word_embeddings=True)
MODELS = {
    "quickstart": Qwen2ForCausalLM(Qwen2Config(
        vocab_size=512, hidden_size=160, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2,
        intermediate_size=320, **COMMON)),
    "small": Qwen2ForCausalLM(Qwen2Config(
        vocab_size=4096, hidden_size=256, num_hidden_layers=6, num_attention_heads=8, num_key_value_heads=2,
        intermediate_size=1024, **COMMON)),
    "smollm2": LlamaForCausalLM(LlamaConfig(
        vocab_size=49152, hidden_size=576, num_hidden_layers=30, num_attention_heads=9, num_key_value_heads=3,
        intermediate_size=1536, rope_theta=100000.0, rms_norm_eps=1e-5, **COMMON)),
}
for name, model in MODELS.items():
    model.float().save_pretrained(f"{sys.argv[1]}/{name}")
