#!/usr/bin/env python3
"""Constructs of Jinja's language, one a line, and what the `transformers` library makes of them.

    template_constructs.py FILE    template-constructs.json of Tests/ChatTemplatesTests/Reference

Needs `transformers`. `strftime_now` gives 2026-01-31.
"""

import datetime
import json
import pathlib
import sys

from transformers.utils.chat_template_utils import _compile_jinja_template

CONTEXT = {
    "tools": [
        {"type": "function", "function": {"name": "light", "parameters": {"b": 1, "A": 2, "c": {"x": None}}}},
        {"type": "function", "function": {"name": "Door", "parameters": {}}},
    ],
    "l": [{"a": 1, "s": "b"}, {"a": 1, "s": "B"}, {"a": 2, "s": "a"}, {"s": "C"}],
    "d": {"b": 2, "A": 3, "c": 1}, "n": [3, 1, 2], "w": ["b", "B", "a", "Ab"], "t": "one\ntwo\n\nthree", "e": "", "f": 1.5,
    "u": "Straße ΑΣ ǆ ﬁ", "long": 123456789012345678901234567890, "none": None, "yes": True, "name": "x",
}

CONSTRUCTS = r"""
{{ tools | map(attribute='function.name') | list }}
{{ tools | map(attribute='function.parameters.b', default='-') | join(',') }}
{{ tools | selectattr('function.name', 'equalto', 'Door') | list | length }}
{{ tools | rejectattr('function.parameters') | map(attribute='function.name') | list }}
{{ tools | join('|', attribute='function.name') }}
{{ d | dictsort }} {{ d | dictsort(true) }} {{ d | dictsort(false, 'value') }} {{ d | dictsort(reverse=true) }} {{ d | dictsort(by='value', reverse=true) }}
{{ l | unique(attribute='a') | list | length }} {{ w | unique | list }} {{ w | unique(true) | list }}
{{ t | indent }}|{{ t | indent(2, true) }}|{{ t | indent(2, blank=true) }}|{{ t | indent('>>') }}|{{ t | indent(width=1, first=true, blank=true) }}|{{ e | indent(2, true) }}
{{ l | map(attribute='a', default=0) | list }}
{{ 'hello-world of (round) [square] <b>' | title }} {{ "it's o'neill-x" | title }} {{ "it's o'neill 3rd".title() }} {{ u.title() }} {{ u | title }}
{{ (1, 2) }} {{ (1,) }} {{ () }} {{ [(1, 'a'), [2]] }} {{ ('a', 'b') == ['a', 'b'] }} {{ (1, 2) + (3,) }} {{ (1, 2)[::-1] }}
{{ 'x' in undefined_name }} {{ 'x' not in undefined_name }} {{ undefined_name | length }} {{ undefined_name == undefined_other }} {{ undefined_name is defined }}
{{ undefined_name.x }}
{{ undefined_name + 1 }}
{{ undefined_name['x'] }}
{{ none.x }}|{{ d.zzz }}|{{ d.zzz is undefined }}|{{ n[9] }}|{{ 'abc'[9] }}
{{ d.zzz.y }}
{% macro m(a, b='B') %}<{{ a }}{{ b }}{{ varargs }}{{ kwargs }}>{% endmacro %}{{ m(1) }}{{ m(1, 2, 3, 4) }}{{ m(1, c=5, b=6) }}
{% macro m(a, b='B') %}<{{ a }}{{ b }}>{% endmacro %}{{ m(*[1, 2]) }}{{ m(**{'a': 3, 'b': 4}) }}{{ m(*[5], **{'b': 6}) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(1, 2) }}
{% macro m(a) %}{{ a }}{% endmacro %}{{ m(b=2) }}
{% macro m(a) %}{{ a is defined }}{% endmacro %}{{ m() }}
{% macro m(a, b=a) %}{{ b }}{% endmacro %}{{ m(7) }}
{% macro m() %}[{{ caller() }}]{% endmacro %}{% call m() %}in{{ name }}{% endcall %}
{% macro m() %}[{{ caller('p', 2) }}]{% endmacro %}{% call(a, b) m() %}{{ a }}{{ b }}{% endcall %}
{% macro m() %}{{ g }}{% endmacro %}{% set g = 1 %}{{ m() }}{% set g = 2 %}{{ m() }}
{% for i in n %}{% macro m() %}{{ i }}{% endmacro %}{{ m() }}{% endfor %}
{% macro m(ns) %}{% set ns.x = ns.x + 1 %}{% endmacro %}{% set ns = namespace(x=1) %}{{ m(ns) }}{{ m(ns) }}{{ ns.x }}
{% set ns = namespace(x=1) %}{% set other = ns %}{% set other.x = 5 %}{{ ns.x }} {{ ns.y is defined }}
{% set ns = namespace({'a': 1}, b=2) %}{{ ns.a }}{{ ns.b }}{{ ns['a'] }}
{% filter upper %}a{{ name }}{% endfilter %} {% filter trim | replace('b', 'c') %}  ab  {% endfilter %}
{% with a=1, b=name %}{{ a }}{{ b }}{% endwith %}{{ a is defined }}
{% with %}{% set q = 1 %}{{ q }}{% endwith %}{{ q is defined }}
{% raw %}{{ name }} {% if %}{# no #}{% endraw %}|{%- raw -%}  x  {%- endraw -%}  |
{% set x | upper %}ab{{ name }}{% endset %}{{ x }} {% set y | trim | length %}  abc {% endset %}{{ y }}
{% set a, b = 1, 2 %}{{ a }}{{ b }} {% set (c, d2) = (3, 4) %}{{ c }}{{ d2 }} {% set x = 1, 2 %}{{ x }}
{% for a, (b, c) in [(1, (2, 3)), (4, (5, 6))] %}{{ a }}{{ b }}{{ c }};{% endfor %}
{% for x in 1, 2, 3 %}{{ x }}{{ loop.cycle('a', 'b') }}{% endfor %}
{% for x in [1, 1, 2, 2, 1] %}{{ 'C' if loop.changed(x) else '-' }}{% endfor %}
{% for x in [{'v': 1, 'c': [{'v': 2, 'c': [{'v': 3}]}, {'v': 4}]}] recursive %}{{ loop.depth }}{{ x.v }}{% if x.c %}({{ loop(x.c) }}){% endif %}{% endfor %}
{% for x in n if x > 1 %}{{ loop.index }}{{ x }}{{ loop.previtem }}{{ loop.nextitem is defined }}{{ loop.revindex }}{{ loop.depth0 }}{% else %}none{% endfor %}
{% for x in [] %}a{% else %}empty{{ loop is defined }}{% endfor %}
{% for k, v in d.items() %}{{ k }}{{ v }}{{ ',' if not loop.last }}{% endfor %} {% for k in d %}{{ k }}{% endfor %} {% for k, v in d | items %}{{ k }}{% endfor %}
{% for i in range(3) %}{% set q = i %}{% endfor %}{{ q is defined }} {% if true %}{% set z = 1 %}{% endif %}{{ z }}
{% for i in range(2) %}{{ z is defined }}{% set z = 1 %}{% endfor %}
{% for c in 'héł' %}{{ c }}.{% endfor %} {% for i in range(5, 0, -2) %}{{ i }}{% endfor %}
{% for i in range(4) %}{% if i == 1 %}{% continue %}{% endif %}{% if i == 3 %}{% break %}{% endif %}{{ i }}{% endfor %}
{% generation %}a{{ name }}{% set inner = 1 %}{% endgeneration %}{{ inner is defined }}
{% block title %}b{{ name }}{% endblock %} {% block x %}y{% endblock x %}
{% print name %} {% print 1, 2 %}
{% if 1, 2 %}t{% endif %}{% if none %}a{% elif e %}b{% elif n %}c{% else %}d{% endif %}
{% do n.append(1) %}
{{ n.append(4) }}
{{ d.update({'x': 1}) }}
{{ d.pop('b') }}
{{ d.setdefault('q', 1) }}
{{ d.copy() }} {{ n.copy() }} {{ n.index(1) }} {{ n.count(2) }} {{ (1, 2, 1).count(1) }}
{{ n.index(77) }}
{{ n | sort }} {{ w | sort }} {{ w | sort(true) }} {{ w | sort(case_sensitive=true) }} {{ l | sort(attribute='s') | map(attribute='s') | list }} {{ l[:3] | sort(attribute='a,s', reverse=true) | map(attribute='s') | join }}
{{ n | sum }} {{ l[:3] | sum(attribute='a') }} {{ n | sum(start=10) }} {{ [[1], [2]] | sum(start=[]) }}
{{ n | min }} {{ n | max }} {{ w | min }} {{ w | max(true) }} {{ l[:3] | max(attribute='a') }} {{ [] | min }}|
{{ 2.5 | round }} {{ 3.5 | round }} {{ 42.55 | round(1) }} {{ 42.55 | round(1, 'floor') }} {{ 42.51 | round(method='ceil') }} {{ 42 | round }} {{ -2.5 | round }} {{ 2.675 | round(2) }} {{ 1234 | round(-2) }}
{{ '<a href="x">\'&' | escape }} {{ '<' | e }} {{ 5 | e }}
{{ '%s-%d-%05.2f|%5s|%-5s|%x|%r|%%|%+d' | format('a', 3, 2.5, 'r', 'l', 255, 'q', 7) }} {{ '%(a)s %(b)03d' | format(a='x', b=5) }}
{{ '%s' % 'a' }} {{ '%s %s' % ('a', 1) }} {{ '%.3e|%g|%G|%c|%i|%o' % (12345.678, 0.0001, 1e20, 'c', 3.9, 8) }}
{{ '%s' % ('a', 'b') }}
{{ '{} {}'.format('a', 1) }} {{ '{0}{1}{0}'.format('a', 'b') }} {{ '{x}-{y:>4}|{y:<4}|{y:^5}|{y:04d}'.format(x=1, y=2) }} {{ '{:.2f} {:,} {:e} {!r} {:%}'.format(3.14159, 1234567, 1.5, 'q', 0.25) }} {{ '{{}}'.format() }} {{ '{0[a]} {1.b}'.format({'a': 1}, {'b': 2}) }}
{{ l | groupby('a', default=0) | map('first') | list }} {% for g in l[:3] | groupby('s') %}{{ g.grouper }}:{{ g.list | length }};{% endfor %} {% for k, v in w | groupby(0) %}{{ k }}{{ v }}{% endfor %}
{{ n | batch(2) | list }} {{ n | batch(2, 'x') | list }} {{ n | slice(2) | list }} {{ n | slice(2, 'y') | list }}
{{ 'a b&c/ä?' | urlencode }} {{ {'a b': 'c/d', 'x': 1} | urlencode }} {{ [('q', 'ä ')] | urlencode }}
{{ 'a,b,c'.rsplit(',', 1) }} {{ ' a  b c '.rsplit(none, 1) }} {{ 'a b'.split(' ', 1) }} {{ ' a  b c '.split(maxsplit=1) }} {{ 'a,b,,c'.split(',', 2) }}
{{ 'abc'.split('') }}
{{ 'abc'.split('b') }} {{ ''.split() }} {{ ''.split(',') }} {{ 'a\u00a0b\x1cc'.split() }}
{{ 'a\nb\r\nc\n'.splitlines() }} {{ 'a\nb'.splitlines(true) }} {{ 'x'.partition('-') }} {{ 'a-b-c'.partition('-') }} {{ 'a-b-c'.rpartition('-') }}
{{ 'prefix-x'.removeprefix('prefix-') }} {{ 'x.py'.removesuffix('.py') }} {{ 'x'.removeprefix('y') }}
{{ '12'.isdigit() }} {{ '²'.isdigit() }} {{ '²'.isdecimal() }} {{ '½'.isnumeric() }} {{ 'ab1'.isalnum() }} {{ 'ab'.isalpha() }} {{ ' \t'.isspace() }} {{ ''.isdigit() }} {{ 'Ab'.istitle() }} {{ 'AB'.isupper() }} {{ 'ab1'.islower() }} {{ 'é'.isascii() }}
{{ 'abc'.startswith(('x', 'ab')) }} {{ 'abc'.endswith(('bc', 'x')) }} {{ 'abc'.startswith('b', 1) }} {{ 'abc'.endswith('b', 0, 2) }}
{{ 'abc'.startswith(['a']) }}
{{ 'banana'.find('an') }} {{ 'banana'.rfind('an') }} {{ 'banana'.find('an', 2) }} {{ 'banana'.find('x') }} {{ 'banana'.index('n') }} {{ 'banana'.count('an') }} {{ 'banana'.count('') }} {{ 'äöü'.find('ü') }} {{ 'banana'.rindex('a') }}
{{ 'banana'.index('x') }}
{{ 'aaa'.replace('a', 'b', 2) }} {{ 'abc'.replace('', '-') }} {{ 'aaa' | replace('a', 'b', 1) }} {{ 'abc' | replace('', '.') }} {{ 'a1' | replace(1, 2) }}
{{ '7'.zfill(3) }} {{ '-7'.zfill(4) }} {{ 'ab'.center(5, '*') }} {{ 'ab'.ljust(4, '.') }}| {{ 'ab'.rjust(4) }} {{ 'abc' | center(8) }}| {{ 'a\tb'.expandtabs(4) }} {{ 'aBc'.swapcase() }}
{{ u.upper() }} {{ u.lower() }} {{ u.capitalize() }} {{ u | upper }} {{ u | lower }} {{ u | capitalize }} {{ 'ΑΣ Σ'.lower() }} {{ u.casefold() is string }}
{{ 'xxabxx'.strip('x') }} {{ 'xyab'.lstrip('xy') }} {{ 'abxy'.rstrip('yx') }} {{ '\u2003a\x1f'.strip() }} {{ '..a..' | trim('.') }} {{ ' a ' | trim }}| {{ ','.join(['a', 'b']) }} {{ ','.join('ab') }}
{{ ','.join([1]) }}
{{ 5 is even }} {{ 5 is odd }} {{ 6 is divisibleby 3 }} {{ 6 is divisibleby(4) }} {{ 3 is gt 2 }} {{ 3 is greaterthan(5) }} {{ 2 is lt(3) }} {{ 2 is ge 2 }} {{ 2 is le 1 }} {{ 2 is eq 2 }} {{ 2 is ne 2 }} {{ 2 is sameas 2 }} {{ 1 is sameas true }} {{ 2 is in [1, 2] }} {{ 'a' is in 'cat' }}
{{ 'abc' is lower }} {{ 'ABC' is upper }} {{ 'trim' is filter }} {{ 'nope' is filter }} {{ 'even' is test }} {{ true is boolean }} {{ 1 is boolean }} {{ 1 is integer }} {{ true is integer }} {{ 1.0 is float }} {{ true is number }} {{ 'a' is escaped }}
{{ d is mapping }} {{ n is mapping }} {{ n is sequence }} {{ d is sequence }} {{ 'a' is sequence }} {{ 1 is sequence }} {{ n is iterable }} {{ 1 is iterable }} {{ none is iterable }} {{ (n | map('abs')) is iterable }} {{ (n | map('abs')) is sequence }} {{ range is callable }} {{ 'a' is callable }} {{ none is none }} {{ undefined_name is none }} {{ true is true }} {{ 1 is true }} {{ false is false }}
{{ [1, '1', 2, none] | select('string') | list }} {{ n | select('>', 1) | list }} {{ n | reject('odd') | list }} {{ [0, 1, '', 'a'] | select | list }} {{ n | select('in', [1, 2]) | list }} {{ l | selectattr('a') | list | length }} {{ l | selectattr('a', 'defined') | list | length }}
{{ ['a', 'b'] | map('upper') | list }} {{ ['1', 'x'] | map('int', 7) | list }} {{ [[1, 2], [3]] | map('join', '-') | list }} {{ [' a '] | map('trim') | map('length') | list }}
{{ messages | map('nope') | list }}
{{ n | first }} {{ n | last }} {{ [] | first }}| {{ 'abc' | first }} {{ 'abc' | last }} {{ d | first }} {{ (n | map('abs')) | first }}
{{ (n | map('abs')) | last }}
{{ (n | map('abs')) | length }}
{{ (n | map('abs'))[0] }}|
{% set g = n | map('abs') %}{{ g | list }}{{ g | list }}{{ 'T' if g else 'F' }}
{{ n | reverse | list }} {{ 'abc' | reverse }} {{ n | reverse | join }} {{ d | list }} {{ 'ab' | list }} {{ d | length }} {{ d | count }}
{{ d | tojson }} {{ d | tojson(indent=2) }} {{ n | tojson(separators=(',', ':')) }} {{ d | tojson(sort_keys=true) }} {{ 'é<' | tojson }} {{ 'é😀' | tojson(ensure_ascii=true) }} {{ d | tojson(indent=1, separators=(',', '=')) }} {{ (1, none, true, 1.0) | tojson }} {{ '\x00\x1f\x7f\n' | tojson }} {{ [] | tojson(indent=2) }}
{{ d | tojson(2) is string }} {{ {1: 'a', none: 'b', true: 'c'} | tojson }} {{ {'a': {}} | tojson(indent='--') }} {{ long | tojson }}
{{ d | tojson(nope=1) }}
{{ (n | map('abs')) | tojson }}
{{ d.items() | tojson }}
{{ undefined_name | tojson }}
{{ '12' | int }} {{ 'x' | int }} {{ 'x' | int(5) }} {{ 'ff' | int(base=16) }} {{ '0x1f' | int(0, 16) }} {{ 3.9 | int }} {{ '3.9' | int }} {{ true | int }} {{ none | int }} {{ ' 12 ' | int }} {{ '1_000' | int }} {{ '1e3' | int }}
{{ '1.5' | float }} {{ 'x' | float }} {{ 'x' | float(2.0) }} {{ 1 | float }} {{ '1e5' | float }} {{ 'inf' | float }} {{ none | float }} {{ '.5' | float }}
{{ -5 | abs }} {{ -1.5 | abs }} {{ (-5) | abs }}
{{ 'a' | default('b') }} {{ e | default('b') }} {{ e | default('b', true) }} {{ undefined_name | d('x') }} {{ none | default('b') }} {{ none | default('b', boolean=true) }}
{{ 'foo bar baz qux' | truncate(9) }} {{ 'foo bar baz qux' | truncate(9, True) }} {{ 'foo bar baz qux' | truncate(11) }} {{ 'foo bar baz qux' | truncate(11, False, '..', 0) }} {{ 'a b c' | wordcount }} {{ d | attr('items') is callable }}
{{ 'a' | nope }}
{{ 'a' is nope }}
{{ 'a' | trim('x', 'y') }}
{{ 'a' | upper(1) }}
{{ n | join(',', nope=1) }}
{{ 1 + 2 * 3 }} {{ (1 + 2) * 3 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 3 }} {{ 2 ** -1 }} {{ -2 ** 2 }} {{ 2 ** 3 ** 2 }} {{ 7.5 // 2 }} {{ 7.5 % 2 }} {{ -7.5 // 2 }} {{ 1e3 }} {{ 1.5e-7 }} {{ 1e16 }} {{ 123456789.123 }} {{ 0x1F }} {{ 0b101 }} {{ 0o17 }} {{ 1_000 }} {{ +5 }} {{ - - 5 }}
{{ 'a' ~ 1 ~ none ~ true ~ 1.0 ~ [1] ~ {'a': 'b'} }} {{ 'a' * 3 }} {{ 3 * 'a' }} {{ [1] * 2 }} {{ [1] + [2] }} {{ 'a' 'b' }} {{ true + 1 }}
{{ 'a' + 1 }}
{{ [1] + (2,) }}
{{ 1 / 0 }}
{{ 'a' < 'b' }} {{ [1, 2] < [1, 3] }} {{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }} {{ 1 == 1.0 }} {{ 1 == true }} {{ 'a' != 'b' }} {{ not 1 == 2 }} {{ 1 in [1] and 2 not in [1] }} {{ 'k' in {'k': 1} }} {{ none == undefined_name }} {{ 1 if false }}| {{ 1 if true else 2 }} {{ (1 if false else 2) + 1 }}
{{ 1 < 'a' }}
{{ 1 in 5 }}
{{ 1 in 'abc' }}
{{ n[0] }} {{ n[-1] }} {{ n[1:] }} {{ n[:-1] }} {{ n[::-1] }} {{ 'hello'[1:3] }} {{ 'hello'[::-2] }} {{ n[5:] }} {{ d['b'] }} {{ d.b }} {{ n.0 }} {{ [[1, 2], [3]].0.1 }} {{ d['items'] is callable }} {{ d.items is callable }} {{ {'items': 1}['items'] }} {{ {'items': 1}.items is callable }} {{ {1: 'a', (1, 2): 'b'}[1] }} {{ {(1, 2): 'b'}[(1, 2)] }}
{{ {[1]: 2} }}
{{ d.get('b') }} {{ d.get('q') }} {{ d.get('q', 7) }} {{ d.keys() | list }} {{ d.values() | list }} {{ d.items() | list }} {{ d.keys() }} {{ d.items() }} {{ dict(a=1, b=2) }} {{ dict([('x', 1)], y=2) }} {{ dict({'q': 1}) }}
{{ d.items()[0] }}|
{{ [1, none, true, 'it\'s', "q\"", 'a\nb', 'é', '\x07', '\u200b', 1.0, {'k': (1,)}] }}
{{ none }} {{ true }} {{ [] }} {{ {} }} {{ 1.0 }} {{ long }} {{ [undefined_name] }}
{{ "a\tb\\n\x41\u00e9\101\q\
c" }} {{ 'a\'b' }}
{{- ' x ' -}}  y  {{ '' -}}   z
{# c #}a{#- d -#}  b  {#+ e #}
{{ strftime_now('%Y-%m-%d') }} {{ strftime_now('%d %b %Y, %A %B %-d %j %y %H:%M:%S %p %%') }} {{ strftime_now('%e %a %I %w %u') }}
{{ raise_exception('no: ' ~ name) }}
{{ name if name is string and name | length == 1 else 'other' }} {{ [1, 2] | length > 1 }} {{ 'a' if not e }} {{ n is sequence and n is not string }} {{ n is not none }}
{{ namespace(_x=1) }}
{% set ns = namespace() %}{% set ns._x = 1 %}
{% set d.x = 1 %}
{{ (name | upper) | lower }} {{ name | upper | lower ~ 'z' }} {{ -1 | abs }} {{ not e | length }} {{ 'a' in w | map('lower') | list }} {{ ('a' ~ 'b') | upper }} {{ [1, 2, 3][1:] | first }}
{{ w | map('lower') | unique | sort | join(' ') }} {{ 'a-b_c' | replace('-', '_') | replace('_', ' ') | title }} {{ "%.2f" | format(1.005) }} {{ '%d%%' % 5 }}
{%- for tool in tools -%}
{{ tool.function.name }}
{%- if not loop.last %}, {% endif -%}
{%- endfor -%}
"""


def constructs():
    lines = CONSTRUCTS.strip("\n").split("\n")
    # A line that starts none of its own belongs to the one before: strings and whole loops have several lines.
    joined = []
    for line in lines:
        if joined and (line.startswith('c" }}') or joined[-1].startswith("{%- for tool") and "endfor" not in joined[-1]):
            joined[-1] += "\n" + line
        else:
            joined.append(line)
    return joined


def render(source):
    try:
        template = _compile_jinja_template(source)
        template.environment.globals["strftime_now"] = datetime.datetime(2026, 1, 31).strftime
        return template.render(**CONTEXT)
    except Exception:
        return None


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    cases = [{"source": source, "text": render(source)} for source in constructs()]
    text = json.dumps({"context": CONTEXT, "constructs": cases}, ensure_ascii=False, separators=(",", ":"))
    pathlib.Path(sys.argv[1]).write_text(text + "\n")
