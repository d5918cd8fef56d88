"""Writes the logits and gradients that the `transformers` library gives for a tiny Qwen3 model with known weights: norms of
queries' and keys' heads, heads wider than the hidden size has room for, grouped queries, a tied head.

The engine's tests compare with them. Needs the packages torch and transformers; run with the output file as argument:

    python3 scripts/reference/qwen3_reference.py Tests/EngineNumericsTests/Reference/qwen3.json
"""

import sys

from transformers import Qwen3Config, Qwen3ForCausalLM

from llama_reference import write

INSIDE = ["input_layernorm", "q_proj", "k_proj", "v_proj", "q_norm", "k_norm", "o_proj", "post_attention", "gate_proj", "up_proj",
          "down_proj"]


def main(path: str) -> None:
    config = Qwen3Config(
        vocab_size=37, hidden_size=24, num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=10,
        intermediate_size=40, max_position_embeddings=128, rms_norm_eps=1e-6, tie_word_embeddings=True,
        bos_token_id=1, eos_token_id=[2, 5], pad_token_id=None,
        rope_parameters={"rope_type": "default", "rope_theta": 1000000.0})
    write(path, config, Qwen3ForCausalLM(config), INSIDE)


if __name__ == "__main__":
    main(sys.argv[1])
