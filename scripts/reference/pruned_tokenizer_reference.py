#!/usr/bin/env python3
"""Tokenizers that have lost the tokens that some texts do not need, and what the `tokenizers` library makes of all texts with them.

    pruned_tokenizer_reference.py write   tokenizer-pruned.json of Tests/EngineFormatsTests/Reference
    pruned_tokenizer_reference.py check FOLDER PRUNED [TEXTS]
                                          whether a model folder's tokenizer, pruned to another, gives the same tokens for each
                                          line of TEXTS, and gives 2,000 random texts back
    pruned_tokenizer_reference.py measure FOLDER DOMAIN OTHERS [TOKENS ...]
                                          how many tokens the lines of DOMAIN need of a BPE tokenizer, and how much longer those
                                          of OTHERS become, with these and with so many

`write` takes the tokenizers and texts of tokenizer-structures.json. Every ninth text is of the domain. The tokens that stay are
found here by another way than in Decant: merges are followed one by one, from the beginning of the list, over each token's text.

Needs the package `tokenizers`.
"""

import json
import pathlib
import random
import sys

from tokenizers import Tokenizer

REFERENCE = pathlib.Path(__file__).parent.parent.parent / "Tests/EngineFormatsTests/Reference"
NAMES = [
    "Llama 2", "Mistral", "TinyLlama", "Gemma", "tokens across words", "T5", "XLM", "Unigram of bytes", "o200k", "Tekken",
    "Bloom", "space before", "words alone",
]
MARK = "\u2581"
BYTES = [f"<0x{byte:02X}>" for byte in range(256)]


def byte_symbols():
    printable = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    others = [byte for byte in range(256) if byte not in printable]
    return {byte: chr(byte) for byte in printable} | {byte: chr(0x100 + place) for place, byte in enumerate(others)}


def spelled(file):
    """The text of each id."""
    vocabulary = file["model"]["vocab"]
    ids = {id: text for text, id in vocabulary.items()} if isinstance(vocabulary, dict) else dict(enumerate(t for t, _ in vocabulary))
    return ids | {token["id"]: token["content"] for token in file["added_tokens"]}


def way(text, merges, falls_back, vocabulary):
    """All that merges make on the way to a token, and what they start from."""
    parts = []
    for character in text:
        if character in vocabulary or not falls_back:
            parts.append(character)
        else:
            parts += [BYTES[byte] for byte in character.encode()]
    met = set(parts)
    while True:
        pairs = [(merges[pair], place) for place, pair in enumerate(zip(parts, parts[1:])) if pair in merges]
        if not pairs:
            return met
        _, place = min(pairs)
        parts[place : place + 2] = [parts[place] + parts[place + 1]]
        met.add(parts[place])


def falls_back(file):
    steps = (file["decoder"] or {}).get("decoders", [])
    texts = set(spelled(file).values())
    return (
        file["model"].get("byte_fallback") is True and all(byte in texts for byte in BYTES)
        and any(step["type"] == "ByteFallback" for step in steps))


def needed(file, used):
    """The ids that stay where these are used."""
    texts = spelled(file)
    ids = {text: id for id, text in texts.items()}
    model = file["model"]
    kept = set(used) | {token["id"] for token in file["added_tokens"]}
    singles = {text for text in texts.values() if len(text) == 1}
    fallback = falls_back(file)
    for id, text in texts.items():
        if text in BYTES:
            stays = model.get("byte_fallback")
        elif fallback:
            stays = len(text) == 1 and (text.isascii() or text == MARK)
        else:
            stays = len(text) == 1 or any(character not in singles for character in text)
        if stays:
            kept.add(id)
    if model["type"] == "Unigram":
        scores = [score for _, score in model["vocab"]]
        return kept | {model["unk_id"], scores.index(min(scores))}
    if model.get("unk_token"):
        kept.add(ids[model["unk_token"]])
    merges = {tuple(pair): rank for rank, pair in enumerate(model["merges"])}
    made = {left + right for left, right in merges}
    for id in list(kept):
        if texts[id] in made:
            kept |= {ids[text] for text in way(texts[id], merges, model.get("byte_fallback"), ids)}
    return kept


def pruned(file, kept):
    file = json.loads(json.dumps(file))
    new = {id: place for place, id in enumerate(sorted(kept))}
    model = file["model"]
    if model["type"] == "Unigram":
        model["vocab"] = [piece for id, piece in enumerate(model["vocab"]) if id in new]
        model["unk_id"] = new[model["unk_id"]]
    else:
        model["vocab"] = {text: new[id] for text, id in model["vocab"].items() if id in new}
        texts = set(model["vocab"])
        model["merges"] = [pair for pair in model["merges"] if {pair[0], pair[1], pair[0] + pair[1]} <= texts]
    for token in file["added_tokens"]:
        token["id"] = new[token["id"]]
    for token in ((file["post_processor"] or {}).get("special_tokens") or {}).values():
        token["ids"] = [new[id] for id in token["ids"]]
    return file, new


def encode(tokenizer, text):
    return tokenizer.encode(text, add_special_tokens=False).ids


def hashed(ids):
    result = 0x811C9DC5
    for byte in " ".join(map(str, ids)).encode():
        result = (result ^ byte) * 0x01000193 & 0xFFFFFFFF
    return result


def write():
    source = json.loads((REFERENCE / "tokenizer-structures.json").read_text())
    texts = source["texts"]
    domain = texts[4::9]
    cases = []
    for case in source["tokenizers"]:
        if case["name"] not in NAMES:
            continue
        file = case["tokenizer"] | {"model": source["models"][case["model"]]}
        variants = {case["name"]: file}
        if case["name"] == "o200k":
            variants["o200k, whole pieces"] = file | {"model": file["model"] | {"ignore_merges": True}}
        if case["name"] == "Unigram of bytes":
            variants["Unigram with bytes for the rest"] = file | {"model": file["model"] | {"byte_fallback": True}}
        for name, file in variants.items():
            whole = Tokenizer.from_str(json.dumps(file))
            used = {id for text in domain for id in encode(whole, text)}
            kept = needed(file, used)
            smaller, new = pruned(file, kept)
            tokenizer = Tokenizer.from_str(json.dumps(smaller))
            for text in domain:
                assert [new[id] for id in encode(whole, text)] == encode(tokenizer, text), (name, text)
            lost = 0
            for text in texts:
                before = whole.decode(encode(whole, text), skip_special_tokens=False)
                after = tokenizer.decode(encode(tokenizer, text), skip_special_tokens=False)
                assert before != text or after == text or name == "words alone", (name, text, after)
                lost += before != text
            print(f"{name}: {len(spelled(file))} tokens, {len(used)} used, {len(kept)} stay; {lost} texts do not come back")
            cases.append(
                {"name": name, "kept": sorted(kept), "answers": [hashed(encode(tokenizer, text)) for text in texts[::4]]})
    text = json.dumps(cases, separators=(",", ":"))
    (REFERENCE / "tokenizer-pruned.json").write_text(text + "\n")


def check(folder, other, texts=None):
    whole, smaller = (Tokenizer.from_file(str(pathlib.Path(path) / "tokenizer.json")) for path in (folder, other))
    print(f"{whole.get_vocab_size()} tokens before, {smaller.get_vocab_size()} after")
    lines = pathlib.Path(texts).read_text().splitlines() if texts else []
    named = [
        [[tokenizer.id_to_token(id) for id in encode(tokenizer, line)] for line in lines] for tokenizer in (whole, smaller)]
    print("the lines are the same tokens" if named[0] == named[1] else "the lines are other tokens")
    rng = random.Random(5)
    ranges = [(32, 127), (0xA0, 0xD800), (0x10000, 0x110000)]
    for _ in range(2000):
        text = "".join(chr(rng.randrange(*rng.choice(ranges))) for _ in range(rng.randrange(1, 40)))
        if whole.decode(encode(whole, text)) == text and smaller.decode(encode(smaller, text)) != text:
            sys.exit(f"{text!r} does not come back")
    print("all random texts come back that came back before")


def measure(folder, domain, others, *sizes):
    file = json.loads((pathlib.Path(folder) / "tokenizer.json").read_text())
    file = dict.fromkeys(["normalizer", "pre_tokenizer", "post_processor", "decoder"]) | file
    merges = [pair.split(" ") if isinstance(pair, str) else pair for pair in file["model"]["merges"]]
    file["model"]["merges"] = merges
    whole = Tokenizer.from_str(json.dumps(file))
    domain, others = (pathlib.Path(path).read_text().splitlines() for path in (domain, others))
    used = {id for text in domain for id in encode(whole, text)}
    kept = needed(file, used)
    ids = {text: id for id, text in spelled(file).items()}
    ranks = {tuple(pair): rank for rank, pair in enumerate(merges)}
    before = [len(encode(whole, text)) for text in others]
    print(f"{len(ids)} tokens, {len(used)} used; the other texts have {sum(before) / len(before):.2f} tokens each")
    for size in [len(kept), *map(int, sizes)]:
        more = set(kept)
        for left, right in merges:
            if len(more) < size and ids[left + right] not in more:
                more |= {ids[text] for text in way(left + right, ranks, file["model"].get("byte_fallback"), ids)}
        smaller = Tokenizer.from_str(json.dumps(pruned(file, more)[0]))
        after = [len(encode(smaller, text)) for text in others]
        longer = sum(one < other for one, other in zip(before, after)) / len(before)
        print(f"{len(more)} stay: {longer:.1%} of the other texts are longer, {sum(after) / len(after):.2f} tokens each")


if __name__ == "__main__":
    if sys.argv[1:] == ["write"]:
        write()
    elif len(sys.argv) in (4, 5) and sys.argv[1] == "check":
        check(*sys.argv[2:])
    elif len(sys.argv) > 4 and sys.argv[1] == "measure":
        measure(*sys.argv[2:])
    else:
        sys.exit(__doc__)
