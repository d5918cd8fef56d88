#!/usr/bin/env python3
"""Small tokenizers with the parts of published ones, and what the `tokenizers` library makes of 1,000 strings with each.

    tokenizer_structures.py write DIRECTORY   tokenizer-structures.json of Tests/EngineFormatsTests/Reference
    tokenizer_structures.py save DIRECTORY    each tokenizer as DIRECTORY/NAME/tokenizer.json, for other programs

The vocabularies are trained here on made-up commands; only the steps around them are those of the published files. Answers
(ids, text, text with special tokens) are kept as hashes (FNV-1a, 32 bits) of their JSON without spaces, so that the file stays
small.

Needs the packages `tokenizers` and, for the table of characters, `sentencepiece`.
"""

import base64
import io
import json
import pathlib
import random
import sys
import tempfile

from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

import tokenizer_comparison
import tokenizer_reference

MARK = "\u2581"
CASE = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)"
UPPER, LOWER = r"[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]", r"[\p{Ll}\p{Lm}\p{Lo}\p{M}]"
LEAD = r"[^\r\n\p{L}\p{N}]?"
SPACES = r"\s*[\r\n]+|\s+(?!\S)|\s+"
O200K = (
    rf"{LEAD}{UPPER}*{LOWER}+{CASE}?|{LEAD}{UPPER}+{LOWER}*{CASE}?|\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{SPACES}"
)
TEKKEN = rf"{LEAD}{UPPER}*{LOWER}+|{LEAD}{UPPER}+{LOWER}*|\p{{N}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n/]*|{SPACES}"
DEEPSEEK3 = (
    r"[!\"#$%&'()*+,\-./:;<=>?@\[\\\]^_`{|}~][A-Za-z]+|[^\r\n\p{L}\p{P}\p{S}]?[\p{L}\p{M}]+| ?[\p{P}\p{S}]+[\r\n]*|" + SPACES
)
CJK = "[\u4e00-\u9fa5\u3040-\u309f\u30a0-\u30ff]+"
DEEPSEEK_LETTERS = "\\s?[A-Za-z\u00b5\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u01ba\u0370-\u0373\u0388-\u03ff\u0400-\u0481\u1e00-\u1fbc]+"
DEEPSEEK_SIGNS = "\\s?[!-/:-~\uff01-\uff0f\uff1a-\uff5e\u2018-\u201f\u3000-\u3002]+"
BLOOM = " ?[^(\\s|[.,!?\u2026\u3002\uff0c\u3001\u0964\u06d4\u060c])]+"
KIMI = (
    rf"[\p{{Han}}]+|{LEAD}[\p{{Lu}}\p{{Lt}}\p{{Lm}}\p{{Lo}}\p{{M}}&&[^\p{{Han}}]]*[\p{{Ll}}\p{{Lm}}\p{{Lo}}\p{{M}}&&[^\p{{Han}}]]+{CASE}?|"
    rf"{LEAD}[\p{{Lu}}\p{{Lt}}\p{{Lm}}\p{{Lo}}\p{{M}}&&[^\p{{Han}}]]+[\p{{Ll}}\p{{Lm}}\p{{Lo}}\p{{M}}&&[^\p{{Han}}]]*{CASE}?|"
    rf"\p{{N}}{{1,3}}| ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|{SPACES}"
)
THOUSANDS = rf"{LEAD}\p{{L}}+|\p{{N}}{{1,3}}(?=(?:\p{{N}}{{3}})*(?:\P{{N}}|$))|\p{{N}}+?| ?[^\s\p{{L}}\p{{N}}]++[\r\n]*|{SPACES}"
WHOLE_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"


def corpus():
    rng = random.Random(33)
    return tokenizer_reference.command_corpus(rng) + tokenizer_comparison.SAMPLES


def saved(tokenizer, added=(), **parts):
    """The file of a tokenizer with some of its parts exchanged; (text, flags) of added tokens, in the order of their ids."""
    file = json.loads(tokenizer.to_str())
    file.update(parts)
    vocabulary = file["model"]["vocab"]
    ids = vocabulary if isinstance(vocabulary, dict) else {piece: id for id, (piece, _) in enumerate(vocabulary)}
    size = len(ids)
    file["added_tokens"] = []
    for content, flags in added:
        if content not in ids:
            ids = ids | {content: size}
            size += 1
        token = {"single_word": False, "lstrip": False, "rstrip": False, "normalized": False, "special": False}
        token |= {flag: True for flag in flags.split()}
        file["added_tokens"].append({"id": ids[content], "content": content, **token})
    file["added_tokens"].sort(key=lambda token: token["id"])
    return file


BYTES = [f"<0x{byte:02X}>" for byte in range(256)]
SPECIAL = [("<unk>", "special"), ("<s>", "special"), ("</s>", "special")]
REPLACE = {"type": "Replace", "pattern": {"String": " "}, "content": MARK}
PREPEND = {"type": "Prepend", "prepend": MARK}
BACK = [
    {"type": "Replace", "pattern": {"String": MARK}, "content": " "}, {"type": "ByteFallback"}, {"type": "Fuse"},
]
STRIP = {"type": "Strip", "content": " ", "start": 1, "stop": 0}


def sequence(name, *steps):
    return {"type": "Sequence", name: list(steps)}


def framed(begin, id):
    return {
        "type": "TemplateProcessing",
        "single": [{"SpecialToken": {"id": begin, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
        "pair": [{"SpecialToken": {"id": begin, "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
                 {"SpecialToken": {"id": begin, "type_id": 1}}, {"Sequence": {"id": "B", "type_id": 1}}],
        "special_tokens": {begin: {"id": begin, "ids": [id], "tokens": [begin]}},
    }


def characters(pre_tokenizer, size=700, normalizer=None, **model):
    """BPE of characters as SentencePiece makes it, with a token for each byte."""
    tokenizer = Tokenizer(models.BPE(unk_token="<unk>", fuse_unk=True, byte_fallback=True, **model))
    tokenizer.pre_tokenizer = pre_tokenizer
    if normalizer:
        tokenizer.normalizer = normalizer
    trainer = trainers.BpeTrainer(
        vocab_size=size, show_progress=False, limit_alphabet=120, special_tokens=["<unk>", "<s>", "</s>", *BYTES])
    tokenizer.train_from_iterator(corpus(), trainer)
    return tokenizer


def unigrams(size=300, fallback=False):
    tokenizer = Tokenizer(models.Unigram())
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    special = ["<unk>", "<s>", "</s>"] + (BYTES if fallback else [])
    trainer = trainers.UnigramTrainer(
        vocab_size=size + len(special), show_progress=False, special_tokens=special, unk_token="<unk>")
    tokenizer.train_from_iterator(tokenizer_reference.command_corpus(random.Random(33)), trainer)
    return tokenizer


def of_bytes(pre_tokenizer, size=420, normalizer=None):
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    if normalizer:
        tokenizer.normalizer = normalizer
    trainer = trainers.BpeTrainer(
        vocab_size=size, show_progress=False, initial_alphabet=pre_tokenizers.ByteLevel.alphabet())
    tokenizer.train_from_iterator(corpus(), trainer)
    return tokenizer


def split(*expressions, last=None):
    last = last or pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
    return pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(e), "isolated") for e in expressions] + [last])


def table_of_characters():
    """A small precompiled_charsmap: SentencePiece compiles a table of our own."""
    import sentencepiece

    rules = {"\uff21": "A", "\u00c5": "A\u030a", "\u212b": "A\u030a", "\ufb01": "fi", "\u2026": "...", "\u3000": " ", "e\u0301": "\u00e9"}
    rules |= {chr(0xFF10 + digit): str(digit) for digit in range(10)} | {"\u200b": "", "\u00bd": "1\u20442", "\t": " "}
    folder = tempfile.TemporaryDirectory()
    path = pathlib.Path(folder.name) / "rules.tsv"
    path.write_text("".join(
        " ".join(f"{ord(c):X}" for c in old) + "\t" + " ".join(f"{ord(c):X}" for c in new) + "\n" for old, new in rules.items()))
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(["turn on the light", "switch off", "kitchen lamp"] * 20), model_writer=model, vocab_size=40,
        normalization_rule_tsv=str(path), minloglevel=3, hard_vocab_limit=False)
    # The field precompiled_charsmap (2) of normalizer_spec (3).
    data = model.getvalue()

    def fields(data):
        place = 0

        def number():
            nonlocal place
            value = shift = 0
            while True:
                byte = data[place]
                place += 1
                value |= (byte & 0x7F) << shift
                shift += 7
                if byte < 0x80:
                    return value

        while place < len(data):
            key = number()
            if key & 7 == 2:
                size = number()
                yield key >> 3, data[place : place + size]
                place += size
            elif key & 7 == 0:
                yield key >> 3, number()
            else:
                place += 4 if key & 7 == 5 else 8

    normalizer = next(value for field, value in fields(data) if field == 3)
    return base64.b64encode(next(value for field, value in fields(normalizer) if field == 2)).decode()


def made():
    metaspace = pre_tokenizers.Metaspace()
    words = characters(metaspace)
    llama = dict(
        normalizer=sequence("normalizers", PREPEND, REPLACE), pre_tokenizer=None,
        decoder=sequence("decoders", *BACK, STRIP), post_processor=framed("<s>", 1))
    flags = [
        ("<unk>", "special normalized"), ("<s>", "special normalized"), ("</s>", "special normalized rstrip"),
        ("[left]", "lstrip"), ("[right]", "rstrip"), ("word", "single_word"), ("caf\u00e9", "normalized"), ("two words", "normalized"),
    ]
    first = {"type": "Metaspace", "replacement": MARK, "prepend_scheme": "first", "split": False}
    across = characters(pre_tokenizers.Split("\n", "isolated"), size=600, normalizer=normalizers.Replace(" ", MARK))
    gemma_added = SPECIAL + [("<start_of_turn>", "special"), ("\n\n", ""), (MARK * 2, ""), (MARK * 4, ""), ("<h1>", ""), ("\t\t", "")]
    falcon = pre_tokenizers.Sequence([
        pre_tokenizers.Punctuation("contiguous"), pre_tokenizers.ByteLevel(add_prefix_space=False), pre_tokenizers.Digits(False),
        pre_tokenizers.Split(Regex("[0-9][0-9][0-9]"), "isolated")])
    coder = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex("[\r\n]"), "isolated"), pre_tokenizers.Split(Regex(DEEPSEEK_LETTERS), "isolated"),
        pre_tokenizers.Split(Regex(DEEPSEEK_SIGNS), "isolated"), pre_tokenizers.Split(Regex("\\s+$"), "isolated"),
        pre_tokenizers.Split(Regex("[\u4e00-\u9fa5\u0800-\u4e00\uac00-\ud7ff]+"), "isolated"), pre_tokenizers.Digits(True),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    chat = [("<|endoftext|>", "special"), ("<|im_start|>", "special"), ("<tool_call>", ""), ("</tool_call>", "")]
    two = unigrams()
    return {
        "Llama 2": saved(words, SPECIAL, **llama),
        "Llama 2 with flags": saved(words, flags, **llama),
        "Mistral": saved(
            words, SPECIAL + [("[INST]", "special"), ("[TOOL_CALLS]", "special")], normalizer=None, pre_tokenizer=first,
            decoder=llama["decoder"], post_processor=framed("<s>", 1)),
        "Mistral with flags": saved(words, flags, normalizer=None, pre_tokenizer=first, decoder=llama["decoder"]),
        "TinyLlama": saved(
            words, SPECIAL, normalizer=None, pre_tokenizer={"type": "Metaspace", "replacement": MARK, "prepend_scheme": "always"},
            decoder={"type": "Metaspace", "replacement": MARK, "prepend_scheme": "always", "split": True}),
        "Gemma": saved(
            words, gemma_added, normalizer=REPLACE,
            pre_tokenizer={"type": "Split", "pattern": {"String": " "}, "behavior": "MergedWithPrevious", "invert": False},
            decoder=sequence("decoders", *BACK), post_processor=framed("<s>", 1)),
        "tokens across words": saved(
            across, SPECIAL, normalizer=REPLACE, pre_tokenizer=None, decoder=sequence("decoders", *BACK)),
        "T5": saved(
            two, SPECIAL, normalizer={"type": "Precompiled", "precompiled_charsmap": table_of_characters()},
            pre_tokenizer={"type": "Metaspace", "replacement": MARK, "add_prefix_space": True},
            decoder={"type": "Metaspace", "replacement": MARK, "add_prefix_space": True}),
        "XLM": saved(
            two, SPECIAL, normalizer=sequence(
                "normalizers", {"type": "NFKC"}, {"type": "Lowercase"}, {"type": "Strip", "strip_left": True, "strip_right": True},
                {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}),
            pre_tokenizer=sequence(
                "pretokenizers", {"type": "WhitespaceSplit"},
                {"type": "Metaspace", "replacement": MARK, "prepend_scheme": "always", "split": True}),
            decoder={"type": "Metaspace", "replacement": MARK, "prepend_scheme": "always", "split": True}),
        "Unigram of bytes": saved(
            unigrams(fallback=True), SPECIAL, normalizer=REPLACE, pre_tokenizer=None,
            decoder=sequence("decoders", *BACK)) ,
        "o200k": saved(of_bytes(split(O200K)), chat),
        "Tekken": saved(of_bytes(split(TEKKEN)), chat),
        "DeepSeek V3": saved(of_bytes(split(r"\p{N}{1,3}", CJK, DEEPSEEK3)), chat),
        "DeepSeek Coder": saved(of_bytes(coder), chat),
        "Falcon": saved(of_bytes(falcon), chat),
        "Bloom": saved(of_bytes(split(BLOOM)), chat),
        "Kimi": saved(of_bytes(split(KIMI)), chat),
        "thousands": saved(of_bytes(split(THOUSANDS)), chat),
        "space before": saved(of_bytes(pre_tokenizers.ByteLevel(add_prefix_space=True)), chat),
        "marks apart": saved(
            of_bytes(pre_tokenizers.ByteLevel(add_prefix_space=False), normalizer=normalizers.Sequence([normalizers.NFD(), normalizers.StripAccents()])),
            chat),
        "words alone": saved(characters(pre_tokenizers.Whitespace()), SPECIAL, decoder=None),
    }


def hashed(ids, *texts):
    result = 0x811C9DC5
    for byte in "\0".join([" ".join(map(str, ids)), *texts]).encode():
        result = (result ^ byte) * 0x01000193 & 0xFFFFFFFF
    return result


def texts():
    rng = random.Random(34)
    words = " ".join(corpus()).split(" ")
    texts = [text[:48] for text in tokenizer_comparison.strings(rng, 700, words)]
    joints = [
        "[left]", "[right]", "<s>", "</s>", "<unk>", "[INST]", "word", "words", "two words", "two  words", "caf\u00e9", "cafe\u0301", " ",
        "  ", "\n", "\n\n", "a", "_", "\u0301", MARK, MARK * 2, "<0x41>", "the", "light", "1234567", "12 345", "\u00b2", "'S", "don't",
        "HTTPServer", "\u4f60\u597d", "\u30c6\u30b9\u30c8", "/", "...", "\U0001f44d", "<tool_call>", "<|im_start|>", "\uf900", "\u8c48",
        "\uff21\uff11", "\u212b", "\u00bd", "\u3000", "\t", "\u0130", "\ufb01",
    ]
    while len(texts) < 1000:
        texts.append("".join(rng.choice(joints) for _ in range(rng.randrange(1, 9))))
    return texts


def write(directory):
    all_texts = texts()
    cases, shared = [], []
    for name, file in made().items():
        tokenizer = Tokenizer.from_str(json.dumps(file))
        file = json.loads(tokenizer.to_str())
        model = file.pop("model")
        if model not in shared:
            shared.append(model)
        answers = []
        for text in all_texts:
            ids = tokenizer.encode(text, add_special_tokens=False).ids
            answers.append(hashed(ids, tokenizer.decode(ids), tokenizer.decode(ids, skip_special_tokens=False)))
        framed = tokenizer.encode(all_texts[0]).ids
        cases.append(
            {"name": name, "model": shared.index(model), "tokenizer": file, "answers": answers, "framed": framed})
    text = json.dumps({"texts": all_texts, "models": shared, "tokenizers": cases}, ensure_ascii=False, separators=(",", ":"))
    (directory / "tokenizer-structures.json").write_text(text + "\n")


def save(directory):
    for name, file in made().items():
        folder = directory / name
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "tokenizer.json").write_text(json.dumps(file, ensure_ascii=False))
    (directory / "texts.jsonl").write_text("".join(json.dumps(text, ensure_ascii=False) + "\n" for text in texts()))


if __name__ == "__main__":
    commands = {"write": write, "save": save}
    if len(sys.argv) != 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](pathlib.Path(sys.argv[2]))
