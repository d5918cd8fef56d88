"""Compares greedy continuations of 50 prompts by 64 tokens with the transformers library, in float32.

Random Qwen2 and Llama models are drawn here; further model folders may be named. Where two continuations part, the gap
between the library's two largest logits at that place says whether it is a tie in float32 (below 1e-4) or an error.
Needs the packages torch and transformers. Build the program that continues prompts first, then run:

    swift build -c release --product GenerationBenchmark
    python3 scripts/reference/greedy_continuations.py .build/release/GenerationBenchmark [MODEL_FOLDER ...]

Exits 1 where a continuation differs that is no tie.
"""

import subprocess
import sys
import tempfile

import torch
from transformers import AutoModelForCausalLM, LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

PROMPTS, LENGTH, TOKENS, TIE = 50, 24, 64, 1e-4
SHAPE = dict(vocab_size=1000, hidden_size=128, num_hidden_layers=4, num_attention_heads=8, num_key_value_heads=2,
             intermediate_size=352, max_position_embeddings=256, initializer_range=0.1)


def random_models(folder: str):
    for seed, (name, config, kind) in enumerate([
            ("qwen2", Qwen2Config(**SHAPE, tie_word_embeddings=True), Qwen2ForCausalLM),
            ("llama", LlamaConfig(**SHAPE, tie_word_embeddings=False), LlamaForCausalLM)]):
        torch.manual_seed(seed)
        kind(config).float().save_pretrained(f"{folder}/{name}")
        yield f"{folder}/{name}"


def compare(program: str, folder: str) -> tuple[int, int, int]:
    """Continuations that are equal, that part at a tie, and that are wrong."""
    output = subprocess.run(
        [program, folder, str(PROMPTS), str(LENGTH), str(TOKENS), "2", "0"], check=True, capture_output=True, text=True).stdout
    ours = [list(map(int, line.split())) for line in output.splitlines()]
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    model.generation_config.eos_token_id = None
    size = model.config.vocab_size
    equal = ties = wrong = 0
    prompts = torch.tensor([[(p * 7919 + i * i * 31 + i * 7 + 11) % size for i in range(LENGTH)] for p in range(PROMPTS)])
    with torch.inference_mode():
        continued = model.generate(
            prompts, attention_mask=torch.ones_like(prompts), do_sample=False, max_new_tokens=TOKENS, min_new_tokens=TOKENS,
            eos_token_id=None, pad_token_id=0)[:, LENGTH:].tolist()
    for prompt, theirs in enumerate(continued):
        if theirs == ours[prompt]:
            equal += 1
            continue
        place = next(i for i in range(TOKENS) if theirs[i] != ours[prompt][i])
        with torch.inference_mode():
            logits = model(torch.cat([prompts[prompt : prompt + 1], torch.tensor([theirs[:place]], dtype=torch.long)], 1)).logits[0, -1]
        gap = (logits.max() - logits[ours[prompt][place]]).item()
        print(f"prompt {prompt} parts at token {place}: {theirs[place]} against {ours[prompt][place]}, gap {gap:.2e}")
        ties, wrong = (ties + 1, wrong) if gap < TIE else (ties, wrong + 1)
    return equal, ties, wrong


def main() -> int:
    torch.set_num_threads(1)
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        for model in [*random_models(folder), *sys.argv[2:]]:
            equal, ties, wrong = compare(sys.argv[1], model)
            print(f"{model.rsplit('/', 1)[-1]}: {equal} of {PROMPTS} equal, {ties} part at a tie, {wrong} wrong")
            failed |= wrong > 0
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
