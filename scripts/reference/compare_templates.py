#!/usr/bin/env python3
"""Published chat templates, rendered by the engine and by `transformers`: the bytes must be equal, or both must refuse.

    compare_templates.py PROGRAM FOLDER…

PROGRAM is the built `TokenizerProgram` (Benchmarks/tokenizing). Each FOLDER is searched for files `*.jinja` and `*.jinja2`, such
as checkouts of repositories that hold published templates; files with the same text count once. Each is rendered with five
conversations with tools; `strftime_now` gives 2026-01-31 on both sides. Prints a line for each template that differs, and the
counts. Exits 1 where a prompt differs. Needs `transformers`.
"""

import collections
import datetime
import json
import pathlib
import subprocess
import sys

from transformers.utils.chat_template_utils import _compile_jinja_template

DAY = datetime.datetime(2026, 1, 31)


def tool(name, description, **properties):
    parameters = {"type": "object", "properties": properties, "required": sorted(properties)[:1]}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


TOOLS = [
    tool("set_light", 'Set a light: "on" or off <b>& so</b>.', level={"type": "integer", "description": "0 to 100"},
         room={"type": "string", "enum": ["Küche", "bath"], "description": "Which room.\nOne of two."}),
    tool("weather", "Tell the weather.", place={"type": ["string", "null"]}, days={"type": "array", "items": {"type": "string"}},
         when={"type": "object", "properties": {"day": {"type": "number"}}, "required": ["day"]}),
]


def call(id, name, **arguments):
    return {"id": id, "type": "function", "function": {"name": name, "arguments": arguments}}


CONVERSATIONS = [
    {"messages": [{"role": "user", "content": "Turn on the light, d'accord?"}], "tools": TOOLS, "add_generation_prompt": True},
    {"messages": [
        {"role": "system", "content": " You are brief.\n"}, {"role": "user", "content": "Hi <there> & you 👍🏽"},
        {"role": "assistant", "content": "Hello."}, {"role": "user", "content": "  What is 1 < 2?  "}],
     "tools": TOOLS, "add_generation_prompt": True},
    {"messages": [
        {"role": "user", "content": "Light at 40 %"},
        {"role": "assistant", "content": "", "tool_calls": [call("abcdef123", "set_light", level=40, room="Küche")]},
        {"role": "tool", "tool_call_id": "abcdef123", "name": "set_light", "content": '{"ok": true}'},
        {"role": "assistant", "content": "Done."}, {"role": "user", "content": "And the weather?"}],
     "tools": TOOLS, "add_generation_prompt": True},
    {"messages": [
        {"role": "system", "content": "Use the tools."}, {"role": "user", "content": "Both, please."},
        {"role": "assistant", "content": "Sure.", "tool_calls": [
            call("abcdef124", "set_light", level=1.5, room=None), call("abcdef125", "weather", days=["a", "b"], when={"day": 1})]},
        {"role": "tool", "tool_call_id": "abcdef124", "name": "set_light", "content": "on"},
        {"role": "tool", "tool_call_id": "abcdef125", "name": "weather", "content": '"sun"'}],
     "tools": TOOLS[:1], "add_generation_prompt": True},
    {"messages": [
        {"role": "user", "content": "q"}, {"role": "assistant", "content": "<think>\nhm\n</think>\n\nanswer", "reasoning_content": "hm"},
        {"role": "user", "content": "r"}, {"role": "assistant", "content": "last"}],
     "tools": TOOLS, "add_generation_prompt": False},
]
SPECIAL = {"bos_token": "<s>", "eos_token": "</s>", "unk_token": "<unk>", "pad_token": "<pad>"}


def theirs(source, context):
    try:
        template = _compile_jinja_template(source)
        template.environment.globals["strftime_now"] = DAY.strftime
        return template.render(**context)
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def ours(program, path, contexts):
    lines = "".join(json.dumps(context, ensure_ascii=False) + "\n" for context in contexts)
    done = subprocess.run([program, "template", str(path), DAY.strftime("%Y-%m-%d")], input=lines, capture_output=True, text=True)
    if done.returncode != 0:
        return [{"error": done.stderr.strip()}] * len(contexts)
    return [json.loads(line) for line in done.stdout.split("\n") if line]


def main(program, folders):
    contexts = [conversation | SPECIAL for conversation in CONVERSATIONS]
    seen, counts, differing, rendered = {}, collections.Counter(), 0, 0
    for folder in folders:
        for path in sorted(p for p in pathlib.Path(folder).rglob("*") if p.suffix in (".jinja", ".jinja2") and p.is_file()):
            source = path.read_bytes().decode("utf-8")
            if source in seen:
                continue
            seen[source] = path
            different = []
            prompts = [theirs(source, c) for c in contexts]
            rendered += any(isinstance(prompt, str) for prompt in prompts)
            for wanted, own in zip(prompts, ours(program, path, contexts), strict=True):
                refused = isinstance(wanted, dict), isinstance(own, dict)
                same = refused == (True, True) or (refused == (False, False) and wanted == own)
                counts["equal" if same and not refused[0] else "refused by both" if same else "different"] += 1
                if not same:
                    different.append((wanted, own))
            if different:
                differing += 1
                wanted, own = different[0]
                print(f"{path}: {len(different)} differ\n  theirs: {str(wanted)[-400:]!r}\n  ours:   {str(own)[-400:]!r}")
    print(f"{len(seen)} templates ({rendered} that render one at least) x {len(contexts)} conversations, {differing} templates differ; "
          f"{dict(counts)}")
    return 1 if differing else 0


if __name__ == "__main__":
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1], sys.argv[2:]))
