/// Chat templates of the tests' own that write calls as families of published models do.
package struct ToolTemplate: Sendable {
    /// The form that a model folder names.
    package let form: String
    package var text: String
    /// The tokenizer's special tokens, its end token first.
    package var specialTokens: [String]
    /// Tokens that are added and not special.
    package var addedTokens: [String] = []
    /// An answer with the call `set_light(level=40, room="Ann's")`.
    package let call: String

    package static let all = [hermes, llama, pythonic, mistral, mistralArguments, functionGemma]

    package static func named(_ form: String) -> ToolTemplate? { all.first { $0.form == form } }

    /// As Qwen's and Hermes's: the marks are added tokens that are not special.
    package static let hermes = ToolTemplate(
        form: "hermes",
        text: """
            {%- if tools -%}
            {{- '<|im_start|>system\\nCall these:\\n' -}}
            {%- for tool in tools -%}{{- (tool | tojson) + '\\n' -}}{%- endfor -%}
            {{- '<|im_end|>\\n' -}}
            {%- endif -%}
            {%- for m in messages -%}
            {{- '<|im_start|>' + m.role + '\\n' -}}
            {%- if m.role == 'assistant' and loop.last -%}{{- '<think></think>' -}}{%- endif -%}
            {{- m.content -}}
            {%- for c in m.tool_calls or [] -%}
            {{- '' if loop.first and not m.content else '\\n' -}}
            {{- '<tool_call>\\n{"name": "' + c.function.name + '", "arguments": ' -}}
            {{- (c.function.arguments | tojson) + '}\\n</tool_call>' -}}
            {%- endfor -%}
            {{- '<|im_end|>\\n' -}}
            {%- endfor -%}
            {%- if add_generation_prompt -%}
            {{- '<|im_start|>assistant\\n' -}}
            {%- if enable_thinking is defined and not enable_thinking -%}{{- '<think></think>' -}}{%- endif -%}
            {%- endif -%}
            """,
        specialTokens: ["<|im_end|>", "<|endoftext|>", "<|im_start|>"], addedTokens: ["<tool_call>", "</tool_call>"],
        call: "<tool_call>\n{\"name\": \"set_light\", \"arguments\": {\"level\": 40, \"room\": \"Ann's\"}}\n</tool_call>")

    /// As Llama 3's: one call an answer, and another end token beside the usual one.
    package static let llama = ToolTemplate(
        form: "llama",
        text: """
            {{- bos_token -}}
            {%- for m in messages -%}
            {{- '<|start_header_id|>' + m.role + '<|end_header_id|>\\n\\n' -}}
            {%- if m.tool_calls is defined -%}
            {%- if m.tool_calls | length != 1 -%}{{- raise_exception('one call at a time') -}}{%- endif -%}
            {%- set c = m.tool_calls[0].function -%}
            {{- '{"name": "' + c.name + '", "parameters": ' + (c.arguments | tojson) + '}' -}}
            {%- else -%}
            {%- if tools and loop.first -%}
            {{- 'Call one of these:\\n' -}}
            {%- for tool in tools -%}{{- (tool | tojson(indent=2)) + '\\n\\n' -}}{%- endfor -%}
            {%- endif -%}
            {{- m.content | trim -}}
            {%- endif -%}
            {{- '<|eot_id|>' -}}
            {%- endfor -%}
            {%- if add_generation_prompt -%}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' -}}{%- endif -%}
            """,
        specialTokens: ["<|end_of_text|>", "<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"],
        call: "{\"name\": \"set_light\", \"parameters\": {\"level\": 40, \"room\": \"Ann's\"}}")

    /// A list of Python's calls.
    package static let pythonic = ToolTemplate(
        form: "pythonic",
        text: """
            {%- for m in messages -%}
            {{- '<|' + m.role + '|>' -}}
            {%- if tools and loop.first -%}{{- (tools | tojson) + '\\n' -}}{%- endif -%}
            {{- m.content -}}
            {%- if m.tool_calls -%}
            {{- '[' -}}
            {%- for c in m.tool_calls -%}
            {{- c.function.name + '(' -}}
            {%- for name, value in c.function.arguments.items() -%}
            {{- name + '=' + ([value] | string)[1:-1] + ('' if loop.last else ', ') -}}
            {%- endfor -%}
            {{- ')' + ('' if loop.last else ', ') -}}
            {%- endfor -%}
            {{- ']' -}}
            {%- endif -%}
            {{- '<|end|>' -}}
            {%- endfor -%}
            {%- if add_generation_prompt -%}{{- '<|assistant|>' -}}{%- endif -%}
            """,
        specialTokens: ["<|end|>", "<|user|>", "<|assistant|>", "<|system|>", "<|tool|>"],
        call: "[set_light(level=40, room=\"Ann's\")]")

    /// As Mistral's of 2024: all calls in one list, each with an id.
    package static let mistral = ToolTemplate(
        form: "mistral",
        text: """
            {{- bos_token -}}
            {%- set asked = messages | selectattr('role', 'equalto', 'user') | list -%}
            {%- for m in messages -%}
            {%- if m.role == 'user' -%}
            {%- if tools and m == asked[-1] -%}{{- '[AVAILABLE_TOOLS] ' + (tools | tojson) + '[/AVAILABLE_TOOLS]' -}}{%- endif -%}
            {{- '[INST] ' + m.content + '[/INST]' -}}
            {%- elif m.tool_calls is defined -%}
            {{- '[TOOL_CALLS] [' -}}
            {%- for c in m.tool_calls -%}
            {%- if c.id | length != 9 -%}{{- raise_exception('an id has nine characters') -}}{%- endif -%}
            {{- '{"name": "' + c.function.name + '", "arguments": ' + (c.function.arguments | tojson) -}}
            {{- ', "id": "' + c.id + '"}' + ('' if loop.last else ', ') -}}
            {%- endfor -%}
            {{- ']' + eos_token -}}
            {%- else -%}
            {{- ' ' + m.content + eos_token -}}
            {%- endif -%}
            {%- endfor -%}
            """,
        specialTokens: ["</s>", "<s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_CALLS]"],
        call: #"[TOOL_CALLS] [{"name": "set_light", "arguments": {"level": 40, "room": "Ann's"}, "id": "call00000"}]"#)

    /// As Mistral's since 2025: each call behind its name.
    package static let mistralArguments = ToolTemplate(
        form: "mistral-args",
        text: """
            {{- bos_token -}}
            {%- if tools -%}{{- '[AVAILABLE_TOOLS]' + (tools | tojson) + '[/AVAILABLE_TOOLS]' -}}{%- endif -%}
            {%- for m in messages -%}
            {%- if m.role == 'user' -%}
            {{- '[INST]' + m.content + '[/INST]' -}}
            {%- else -%}
            {{- m.content -}}
            {%- for c in m.tool_calls or [] -%}
            {{- '[TOOL_CALLS]' + c.function.name + '[ARGS]' + (c.function.arguments | tojson) -}}
            {%- endfor -%}
            {{- eos_token -}}
            {%- endif -%}
            {%- endfor -%}
            """,
        specialTokens: [
            "</s>", "<s>", "[INST]", "[/INST]", "[AVAILABLE_TOOLS]", "[/AVAILABLE_TOOLS]", "[TOOL_CALLS]", "[ARGS]",
        ],
        call: "[TOOL_CALLS]set_light[ARGS]{\"level\": 40, \"room\": \"Ann's\"}")

    /// As FunctionGemma's: texts between marks of their own, and a token of its own that ends calls.
    package static let functionGemma = ToolTemplate(
        form: "functiongemma",
        text: """
            {%- macro given(value) -%}
            {%- if value is string -%}{{- '<escape>' + value + '<escape>' -}}
            {%- elif value is boolean -%}{{- 'true' if value else 'false' -}}
            {%- elif value is mapping -%}
            {{- '{' -}}
            {%- for name, part in value | dictsort -%}{{- name + ':' + given(part) + ('' if loop.last else ',') -}}{%- endfor -%}
            {{- '}' -}}
            {%- elif value is iterable -%}
            {{- '[' -}}
            {%- for part in value -%}{{- given(part) + ('' if loop.last else ',') -}}{%- endfor -%}
            {{- ']' -}}
            {%- else -%}{{- value -}}{%- endif -%}
            {%- endmacro -%}
            {{- bos_token -}}
            {%- if tools -%}
            {{- '<start_of_turn>developer\\n' -}}
            {%- for tool in tools -%}{{- 'declaration:' + tool.function.name -}}{%- endfor -%}
            {{- '<end_of_turn>\\n' -}}
            {%- endif -%}
            {%- for m in messages -%}
            {{- '<start_of_turn>' + ('model' if m.role == 'assistant' else m.role) + '\\n' + m.content -}}
            {%- for c in m.tool_calls or [] -%}
            {{- '<start_function_call>call:' + c.function.name + given(c.function.arguments) + '<end_function_call>' -}}
            {%- endfor -%}
            {{- '<start_function_response>' if m.tool_calls else '<end_of_turn>\\n' -}}
            {%- endfor -%}
            {%- if add_generation_prompt -%}{{- '<start_of_turn>model\\n' -}}{%- endif -%}
            """,
        specialTokens: [
            "<eos>", "<bos>", "<start_of_turn>", "<end_of_turn>", "<start_function_call>", "<end_function_call>", "<escape>",
            "<start_function_response>",
        ],
        call: "<start_function_call>call:set_light{level:40,room:<escape>Ann's<escape>}<end_function_call>")
}
