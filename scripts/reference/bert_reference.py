"""Writes what the `transformers` and `tokenizers` libraries give for a tiny BERT encoder with known weights, and for BERT's
normalizer on many kinds of characters.

The engine's tests compare with them. Needs the packages torch, transformers and tokenizers; run with the output files as
arguments:

    python3 scripts/reference/bert_reference.py Tests/EngineNumericsTests/Reference/bert.json \
        Tests/EngineFormatsTests/Reference/wordpiece.json
"""

import json
import sys
import unicodedata

import torch
from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
from transformers import BertConfig, BertModel

PIECES = ["turn", "on", "the", "light", "##s", "play", "##ing", "song", "##ful", "room", "un", "##un", "##der", "a", "b", "!", "."]
TEXTS = [
    "turn on the lights", "Play the song!", "a", "", "unseen words", "turn on. turn on. the light room playing a b a b a b a b a b",
    "The lights, the lights, the LIGHTS...", "b ! a",
]

STRINGS = [
    "Turn on the Lights", "ÀÉÎõü Ñandú", "ＦＵＬＬ width", "tabs\tand\nlines\r\n", "no\u00a0break\u2003space", "zero\u200bwidth\u200djoin",
    "soft\u00adhyphen", "control\u0000\u0007\u0085chars", "replacement\ufffdhere", "private\ue000use", "中文字符 mixed with English",
    "日本語のテキスト", "ひらがな カタカナ", "한국어 텍스트", "が ぎ pa\u0301st", "e\u0301\u0323 order \u0323\u0301", "İstanbul ıslak", "ΑΣ ΟΔΟΣ ς",
    "ẞ straße", "ǅ Ǆ", "Привет, Мир!", "ёлка Йод", "مرحبا بالعالم", "שָׁלוֹם", "हिन्दी में", "ไทย ภาษา", "🙂 emoji 👩‍👩‍👧", "math ∑ × ÷ ± ≤",
    "$100 + 5% = £3 €9 ¥7", "quotes “a” ‘b’ «c» „d“", "dash – — ‐ ‑", "under_score and-hyphen", "a.b.c://d/e?f=g&h", "[CLS] and [SEP]",
    "don't can't won't", "¿Qué? ¡Sí!", "…", "\u1735\u166d\u1885\u1734", "\ua9bd\u08d4\u0890", "\u2e43\u2e3a\u2e52", "x" * 101, "y" * 100,
    "un" * 30, "turn" + "s" * 40, "lightful", "lightfuls", "ﬁ ﬂ ligatures", "Å Å ﹏ ﹖", "ﾊﾟ ｶﾞ", "\U0001d7d8\U0001d400", "\U00020000\U0002b820\U0002f800",
    "\U000e0041tag", "a\U0001d16d\U0001d165\u0301\U0001d166b", "\u0345\u0301\u0315", "", "   ", "\u3000wide\u3000", "A\u030a\u0327", "ſ K Å", "1\u20e32", "ꜳ Ꜳ Ɤ",
]


def fill(index: int, name: str, tensor: torch.Tensor) -> None:
    """Known numbers, the same as the engine's tests compute."""
    places = torch.arange(tensor.numel(), dtype=torch.int64)
    values = ((7919 * places + 104_729 * index) % 2003).double() / 2003 - 0.5
    values = values * 0.4 + (1 if name.endswith("LayerNorm.weight") else 0)
    tensor.copy_(values.float().reshape(tensor.shape))


def tokenizer(vocabulary: dict[str, int], lowercase: bool) -> Tokenizer:
    result = Tokenizer(models.WordPiece(vocabulary, unk_token="[UNK]", max_input_chars_per_word=100))
    result.normalizer = normalizers.BertNormalizer(lowercase=lowercase)
    result.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    result.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]", special_tokens=[("[CLS]", vocabulary["[CLS]"]), ("[SEP]", vocabulary["[SEP]"])])
    # Text from outside never becomes a special token.
    result.encode_special_tokens = True
    return result


def vocabulary(pieces: list[str]) -> dict[str, int]:
    return {piece: index for index, piece in enumerate(["[PAD]", "[UNK]", "[CLS]", "[SEP]", *pieces])}


def encoder(path: str) -> None:
    torch.set_num_threads(1)
    known = vocabulary(PIECES)
    config = BertConfig(
        vocab_size=len(known), hidden_size=24, num_hidden_layers=2, num_attention_heads=3, intermediate_size=40,
        max_position_embeddings=20, type_vocab_size=2, layer_norm_eps=1e-12, hidden_act="gelu")
    model = BertModel(config, add_pooling_layer=False).eval()
    names = sorted(name for name, _ in model.named_parameters())
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            fill(names.index(name), name, tensor)
        cut = tokenizer(known, True)
        cut.enable_truncation(config.max_position_embeddings)
        rows = []
        for text in TEXTS:
            ids = cut.encode(text).ids
            hidden = model(torch.tensor([ids])).last_hidden_state[0]
            vector = torch.nn.functional.normalize(hidden.mean(dim=0), dim=0)
            rows.append({"text": text, "ids": ids, "vector": [round(value, 8) for value in vector.tolist()]})
    write(path, {"config": json.loads(config.to_json_string()), "vocabulary": list(known), "rows": rows})


def pieces(path: str) -> None:
    cases = {}
    for lowercase in (True, False):
        # Without decomposition the vocabulary would hold two spellings of one letter, which the engine's JSON refuses.
        texts = [text for text in STRINGS if lowercase or all(unicodedata.normalize("NFC", letter) == letter for letter in text)]
        plain = tokenizer(vocabulary([]), lowercase)
        letters = set()
        for text in texts:
            for word, _ in plain.pre_tokenizer.pre_tokenize_str(plain.normalizer.normalize_str(text)):
                letters.update(word)
        forms = [form + letter for letter in sorted(letters) for form in ("", "##")]
        known = vocabulary(PIECES[:13] + [form for form in forms if form not in PIECES[:13]])
        cut = tokenizer(known, lowercase)
        cases["uncased" if lowercase else "cased"] = {
            "tokenizer": json.loads(cut.to_str()), "texts": texts, "ids": [cut.encode(text).ids for text in texts]}
    write(path, cases)


def write(path: str, reference: dict) -> None:
    with open(path, "w") as file:
        json.dump(reference, file, sort_keys=True, separators=(",", ":"))
        file.write("\n")


if __name__ == "__main__":
    encoder(sys.argv[1])
    pieces(sys.argv[2])
