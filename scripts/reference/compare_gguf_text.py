"""Compares the greedy text that llama.cpp gives on an exported GGUF file with the engine's on the weights that the file holds.

Needs: llama-cpp-python built from source. Export a model with `--format gguf --type q8_0` (or q4_0), import the file again as a
recipe's source (so that the engine has the very numbers that its blocks stand for), export that folder, and run:

    swift build -c release --product GenerationBenchmark
    python3 scripts/reference/compare_gguf_text.py .build/release/GenerationBenchmark FOLDER model.gguf [TOKENS [PROMPTS]]

PROMPTS is a file with a prompt in each line, special tokens spelled out (`<|user|>lights on<|assistant|>`); without it a chat model
in ChatML, such as SmolLM2-Instruct, is asked twenty questions.

llama.cpp rounds activations to eight bits where it multiplies by Q8_0 and Q4_0 blocks, the engine does not: texts may part where
two tokens are about equally likely. For each prompt that parts, the gap between the two tokens in llama.cpp's logits is printed.
Exits 1 where a gap is above 0.5, or all texts part.
"""

import subprocess
import sys
import tempfile

import numpy
from llama_cpp import Llama

GAP = 0.5
QUESTIONS = [
    "What is the capital of France?", "Name three fruits.", "How many legs has a spider?", "Write a sentence about the sea.",
    "What is two plus three?", "Who wrote Hamlet?", "Give me a synonym of 'quick'.", "What colour is the sky at noon?",
    "List the days of the week.", "What does a baker do?", "Translate 'good morning' into Spanish.", "Why do leaves fall?",
    "What is the largest planet?", "Tell me a short story about a fox.", "How do I boil an egg?", "What is a triangle?",
    "Name a river in Africa.", "What is the opposite of 'cold'?", "When is it summer in Australia?", "What do bees make?",
]


def continued(model, prompt, tokens):
    """Greedy tokens up to the end of the answer, and the logits that each was chosen by."""
    model.reset()
    model.eval(prompt)
    answer, logits = [], []
    for _ in range(tokens):
        logits.append(numpy.array(model.scores[model.n_tokens - 1]))
        answer.append(int(logits[-1].argmax()))
        if answer[-1] == model.token_eos():
            break
        model.eval(answer[-1:])
    return answer, logits


def main():
    program, folder, file = sys.argv[1:4]
    tokens = int(sys.argv[4]) if len(sys.argv) > 4 else 48
    model = Llama(file, n_ctx=512, logits_all=True, verbose=False)
    texts = open(sys.argv[5]).read().splitlines() if len(sys.argv) > 5 else [
        f"<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n" for question in QUESTIONS]
    prompts = [model.tokenize(text.encode(), add_bos=False, special=True) for text in texts]
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as lines:
        lines.write("\n".join(" ".join(map(str, prompt)) for prompt in prompts))
        lines.flush()
        output = subprocess.run(
            [program, folder, lines.name, "0", str(tokens), "2", "0"], check=True, capture_output=True, text=True).stdout
    ours = [list(map(int, line.split())) for line in output.splitlines()]
    equal, worst = 0, 0.0
    for place, (prompt, mine) in enumerate(zip(prompts, ours)):
        theirs, logits = continued(model, prompt, tokens)
        parted = next((i for i, pair in enumerate(zip(mine, theirs)) if pair[0] != pair[1]), None)
        if parted is None:
            equal += 1
            continue
        gap = float(logits[parted][theirs[parted]] - logits[parted][mine[parted]])
        worst = max(worst, gap)
        print(f"prompt {place + 1}: parts at token {parted + 1}, where llama.cpp prefers its token by {gap:.3f}")
    print(f"{equal} of {len(ours)} texts of at most {tokens} tokens are equal; largest gap {worst:.3f} (limit {GAP})")
    sys.exit(1 if worst > GAP or equal == 0 else 0)


if __name__ == "__main__":
    main()
