"""Writes the logits and gradients that the `transformers` library gives for tiny models with known weights, a family each: what
a family has of its own is there (windows, local rotary embeddings, layers without one, norms behind a block).

The engine's tests compare with them. Needs the packages torch and transformers; run with the folder of the references, and the
names of families where not all are wanted:

    python3 scripts/reference/family_reference.py Tests/EngineNumericsTests/Reference gemma3
"""

import sys

import transformers

from llama_reference import INSIDE, write

SIZES = dict(
    vocab_size=37, hidden_size=24, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, intermediate_size=40,
    max_position_embeddings=128, bos_token_id=1, eos_token_id=[2, 5], pad_token_id=None)
BIASES = ["input_layernorm", "q_proj.weight", "k_proj.weight", "v_proj.weight", "q_proj.bias", "k_proj.bias", "v_proj.bias",
          "o_proj", "post_attention", "gate_proj", "up_proj", "down_proj"]
GEMMA = ["input_layernorm", "q_proj", "k_proj", "v_proj", "q_norm", "k_norm", "o_proj", "post_attention", "pre_feedforward",
         "gate_proj", "up_proj", "down_proj", "post_feedforward"]
OLMO = ["q_proj", "k_proj", "v_proj", "q_norm", "k_norm", "o_proj", "post_attention", "gate_proj", "up_proj", "down_proj",
        "post_feedforward"]
PHI = ["input_layernorm", "qkv_proj", "o_proj", "post_attention", "gate_up_proj", "down_proj"]


def rope(theta: float, **others) -> dict:
    return {"rope_type": "default", "rope_theta": theta, **others}


FAMILIES = {
    "mistral": ("Mistral", INSIDE, dict(
        head_dim=10, sliding_window=9, tie_word_embeddings=False, rms_norm_eps=1e-5, rope_parameters=rope(50000.0))),
    "qwen2-windows": ("Qwen2", BIASES, dict(
        use_sliding_window=True, sliding_window=7, max_window_layers=1, tie_word_embeddings=True,
        rope_parameters=rope(10000.0))),
    "gemma3": ("Gemma3Text", GEMMA, dict(
        head_dim=10, sliding_window=8, layer_types=["sliding_attention", "sliding_attention", "full_attention"],
        query_pre_attn_scalar=14, tie_word_embeddings=True, rope_parameters={
            "full_attention": {"rope_type": "linear", "factor": 4.0, "rope_theta": 1000000.0},
            "sliding_attention": rope(10000.0)})),
    "olmo2": ("Olmo2", OLMO, dict(tie_word_embeddings=False, rms_norm_eps=1e-6, rope_parameters=rope(500000.0))),
    "smollm3": ("SmolLM3", INSIDE, dict(
        no_rope_layers=[1, 0, 1], use_sliding_window=True, sliding_window=11, tie_word_embeddings=True,
        rope_parameters=rope(2000000.0))),
    "phi3": ("Phi3", PHI, dict(
        hidden_size=40, sliding_window=12, tie_word_embeddings=False, rms_norm_eps=1e-5,
        rope_parameters=rope(10000.0, partial_rotary_factor=0.8))),
    "linear": ("Llama", INSIDE, dict(
        tie_word_embeddings=True, rope_parameters=rope(10000.0) | {"rope_type": "linear", "factor": 2.5})),
    "yarn": ("Qwen3", GEMMA[:7] + INSIDE[5:], dict(
        head_dim=16, tie_word_embeddings=True, rope_parameters=rope(
            10000.0) | {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32})),
}


def main(folder: str, names: list[str]) -> None:
    for name in names or FAMILIES:
        library, inside, own = FAMILIES[name]
        config = getattr(transformers, library + "Config")(**(SIZES | own))
        write(f"{folder}/{name}.json", config, transformers.AutoModelForCausalLM.from_config(config), inside)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
