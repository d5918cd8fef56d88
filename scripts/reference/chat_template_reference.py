#!/usr/bin/env python3
"""Chat templates rendered by the `transformers` library, on conversations with and without tools.

    chat_template_reference.py write FILE              the reference file of Tests/ChatTemplatesTests/Reference: small templates
                                                       of our own, which use what published templates use
    chat_template_reference.py check PROGRAM TEMPLATE…  compares the engine with the library on templates of models (files)

PROGRAM is the built `TokenizerProgram` (Benchmarks/tokenizing). Needs `transformers`. Exits 1 where a prompt differs.
"""

import itertools
import json
import pathlib
import subprocess
import sys

from transformers.utils.chat_template_utils import _compile_jinja_template

TOOL = {
    "function": {
        "description": "Set a light's state: \"on\" or off <b>& so</b>.",
        "name": "set_light",
        "parameters": {
            "properties": {"level": {"type": "integer"}, "room": {"enum": ["Küche", "bath"], "type": "string"}},
            "required": ["room"],
            "type": "object",
        },
    },
    "type": "function",
}
CALL = {"function": {"arguments": {"level": 40, "room": "Küche", "x": [1.5, True, None]}, "name": "set_light"}, "type": "function"}
PLAIN_CALL = {"arguments": {"a": {}}, "name": "other"}


def message(role, content, **more):
    return {"role": role, "content": content} | more


MESSAGES = [
    [message("user", "Hi")],
    [message("system", " Be brief.\n"), message("user", "  Turn on the light, d'accord?  ")],
    [message("user", "a"), message("assistant", "b"), message("user", "c <|im_end|> 👍🏽")],
    [message("user", "on"), message("assistant", "", tool_calls=[CALL]), message("tool", '{"ok": true}'),
     message("assistant", "Done."), message("user", "thanks")],
    [message("user", "on"), message("assistant", "Sure.", tool_calls=[CALL, PLAIN_CALL]), message("tool", "1"),
     message("tool", "2"), message("user", "and now?")],
    [message("user", "q"), message("assistant", "<think>\nhm\n</think>\n\nanswer"), message("user", "r")],
    [message("user", "q"), message("assistant", "<think>\nhm\n</think>\n\nanswer")],
    [message("user", "q", name="Ada"), message("assistant", "text", reasoning_content="\nbecause\n")],
]


def contexts():
    for messages, tools, prompt in itertools.product(MESSAGES, [None, [TOOL], [TOOL, TOOL]], [True, False]):
        yield {"messages": messages, "tools": tools, "add_generation_prompt": prompt, "bos_token": "<|begin_of_text|>",
               "eos_token": "<|eot_id|>"}


# What published templates use, in words of our own.
TEMPLATES = {
    "chatml": "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n'}}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}",
    "blocks": """{%- if tools %}
    {{- '<sys>' }}
    {%- for tool in tools %}
        {{- "\\n" ~ (tool | tojson) }}
    {%- endfor %}
{%- elif messages[0].role == "system" %}
  {{ messages[0]['content'] | trim }}
{%- else %}
none
{% endif %}
{% for m in messages if m.role != 'system' %}
  {# a comment #}
  {%- if m.tool_calls is defined and m.tool_calls %}
    {%- for call in m.tool_calls %}
      {%- if call.function is defined %}{% set call = call.function %}{% endif %}
      {{ loop.index }}/{{ loop.length }} {{ call.name }}({% for key, value in call.arguments | items %}{{ key }}={{ value | tojson }}
      {%- if not loop.last %}, {% endif %}{% endfor %})
    {%- endfor %}
  {%- else %}
[{{ m.role | upper }}{{ ':' if m.content is string else '?' }}{{ m['content'] }}]
  {%- endif %}
{% else %}
nothing
{% endfor %}
{{ bos_token -}}
   end
""",
    "values": """{%- set ns = namespace(count=0, roles=[]) -%}
{%- for m in messages -%}
  {%- set ns.count = ns.count + m.content | length -%}
  {%- set ns.roles = ns.roles + [m.role] -%}
{%- endfor -%}
{{ ns.count }} {{ ns.roles | join('-') }} {{ ns.roles[1:] }} {{ ns.roles[::-1] }} {{ ns.roles[-1] }}
{{ messages[0].missing is defined }} {{ messages[0].missing or 'default' }} {{ x | default('d') }} {{ none is none }}
{{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 * 3 + 1 }} {{ 1 < 2 < 3 }} {{ 'ab' * 2 }}
{{ 'a' in 'cat' and 'z' not in 'cat' }} {{ 'user' in ns.roles }} {{ 'content' in messages[0] }} {{ not 1 == 2 }}
{{ {'a': 1, 'b': [true, none, 'x\\'y']} }} {{ ('a', 'b') | list }} {{ {'a': {'b': []}} | tojson(indent=2) }}
{%- set a, b = ['first', 'second'] %} {{ a ~ '-' ~ b ~ 1.5 ~ true }}
{%- set text %}block {{ a }}{% endset %} {{ text | replace('block', 'set') | capitalize | indent(2) }}
{%- macro show(m, mark='*') %}{{ mark }}{{ m.role }}{{ mark }}{% endmacro %}
{{ show(messages[0]) }}{{ show(messages[0], mark='_') }} {{ messages | map(attribute='role') | join(',') }}
{{ messages | selectattr('role', 'equalto', 'user') | list | length }} {{ messages | rejectattr('tool_calls') | list | count }}
{{ ' x '.strip() }}|{{ '\\nx\\n'.lstrip('\\n') }}|{{ 'a b  c'.split() }}|{{ 'a,b'.split(',')[-1] }}|{{ 'abc'[1:] }}|{{ 'abc'[-1] }}
{{ 'abc'.startswith('ab') }} {{ 'abc'.endswith('bc') }} {{ 'a-b'.replace('-', '+') }} {{ 'hello world'.title() }}
{%- for i in range(5) %}{% if i == 1 %}{% continue %}{% endif %}{% if i == 3 %}{% break %}{% endif %} {{ i }}{% endfor %}
{{ messages[0].get('name', 'nobody') }} {{ messages[0].items() | list | length }} {{ [1, 2, 3] | last }} {{ 'x' if false }}.
""",
    "refusal": "{% if messages | length > 2 %}\n{{ raise_exception('too long: ' ~ messages | length) }}{% endif %}ok",
}


def render(source, context):
    # Without a clock, as the engine renders.
    template = _compile_jinja_template(source)
    template.environment.globals.pop("strftime_now", None)
    try:
        return template.render(**context)
    except Exception as error:
        return {"error": str(error)}


def write(path):
    cases = list(contexts())
    rendered = [
        {"name": name, "template": source, "prompts": [render(source, case) for case in cases]} for name, source in TEMPLATES.items()
    ]
    text = json.dumps({"contexts": cases, "templates": rendered}, ensure_ascii=False, separators=(",", ":"))
    pathlib.Path(path).write_text(text + "\n")


def check(program, files):
    differing = 0
    lines = "".join(json.dumps(case) + "\n" for case in contexts())
    for file in files:
        done = subprocess.run([program, "template", file], input=lines, capture_output=True, text=True, check=True)
        ours = [json.loads(line) for line in done.stdout.split("\n") if line]
        wanted = [render(pathlib.Path(file).read_text(), case) for case in contexts()]
        bad = [(w, o) for w, o in zip(wanted, ours, strict=True)
               if (isinstance(w, dict) != isinstance(o, dict)) or (isinstance(w, str) and w != o)]
        refused = sum(isinstance(w, dict) for w in wanted)
        print(f"{file}: {len(wanted)} conversations ({refused} refused by both), {len(bad)} differ")
        for w, o in bad[:3]:
            print("  theirs:", repr(w)[:600], "\n  ours:  ", repr(o)[:600])
        differing += len(bad)
    return 1 if differing else 0


if __name__ == "__main__":
    if len(sys.argv) < 3 or sys.argv[1] not in ("write", "check"):
        sys.exit(__doc__)
    sys.exit(write(sys.argv[2]) if sys.argv[1] == "write" else check(sys.argv[2], sys.argv[3:]))
