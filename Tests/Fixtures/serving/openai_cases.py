"""Asks a server with OpenAI's own client, and says what does not fit: openai_cases.py URL MODEL"""
import json
import sys

import openai

url, model = sys.argv[1:3]
client = openai.OpenAI(base_url=url + "v1", api_key="none", max_retries=0, timeout=60)
chats = client.chat.completions
question = [{"role": "user", "content": "kitchen light on"}]
wave = {"type": "function", "function": {"name": "wave", "description": "Wave.", "parameters": {
    "type": "object", "properties": {"hand": {"enum": ["left", "right"]}, "times": {"type": "integer"}},
    "required": ["hand", "times"]}}}
nod = {"type": "function", "function": {"name": "nod", "parameters": {"type": "object", "properties": {}}}}
place = {"type": "json_schema", "json_schema": {"name": "place", "strict": True, "schema": {
    "type": "object", "additionalProperties": False, "required": ["room", "floor", "tags"], "properties": {
        "room": {"type": "string", "enum": ["hall", "kitchen"]}, "floor": {"type": "integer"},
        "tags": {"type": "array", "items": {"type": "boolean"}}}}}}

cases = []


def case(function):
    cases.append((function.__name__, function))
    return function


def cases_of(values):
    def add(function):
        for value in values:
            cases.append((f"{function.__name__}({value!r})", lambda value=value: function(value)))
        return function
    return add


def ask(**members):
    return chats.create(**({"model": model, "messages": question} | members))


def calls(choice):
    return [(call.function.name, json.loads(call.function.arguments)) for call in choice.message.tool_calls or []]


def refused(error, status, field=None, **members):
    try:
        ask(**members)
    except error as fault:
        assert fault.status_code == status, fault.status_code
        assert fault.body["message"] and fault.body["type"], fault.body
        assert field is None or fault.param == field, fault.param
        return
    raise AssertionError("it was answered")


def wrong(field, **members):
    refused(openai.BadRequestError, 400, field, **members)


# Models

@case
def models_are_listed():
    assert model in [listed.id for listed in client.models.list()]


@case
def a_model_is_found():
    assert client.models.retrieve(model).object == "model"


@case
def an_unknown_model_is_not_found():
    refused(openai.NotFoundError, 404, model="nobody")


# Answers

@case
def an_answer_has_its_form():
    answer = ask()
    assert answer.object == "chat.completion" and answer.model == model and answer.id.startswith("chatcmpl-")
    assert len(answer.system_fingerprint) == 40 and answer.choices[0].message.role == "assistant"


@case
def tokens_are_counted():
    usage = ask().usage
    assert usage.prompt_tokens > 0 and usage.completion_tokens > 0
    assert usage.total_tokens == usage.prompt_tokens + usage.completion_tokens


@case
def a_known_prompt_is_cached():
    long = [{"role": "user", "content": "kitchen light on and " * 8}]
    ask(messages=long)
    assert ask(messages=long).usage.prompt_tokens_details.cached_tokens > 0


@case
def equal_requests_have_equal_answers():
    assert ask().choices[0].message == ask().choices[0].message


@cases_of([0, 0.5, 1, 2])
def a_seed_gives_one_answer(temperature):
    first, second = [ask(temperature=temperature, seed=7).choices[0].message for _ in range(2)]
    assert first == second


@cases_of([0.1, 0.9, 1])
def tokens_come_from_the_nucleus(top_p):
    assert ask(temperature=1, top_p=top_p, seed=1).choices


@cases_of([1, 2, 5])
def there_are_as_many_answers(n):
    assert [choice.index for choice in ask(n=n, temperature=1, seed=2).choices] == list(range(n))


@cases_of([1, 3])
def an_answer_has_at_most_so_many_tokens(most):
    answer = ask(max_tokens=most, tool_choice="none")
    assert answer.usage.completion_tokens <= most
    assert answer.choices[0].finish_reason in ("length", "stop")


@case
def the_newer_name_of_the_limit_is_known():
    assert ask(max_completion_tokens=2, tool_choice="none").usage.completion_tokens <= 2


@case
def a_system_message_makes_the_prompt_longer():
    system = [{"role": "system", "content": "Be brief."}]
    developer = [{"role": "developer", "content": [{"type": "text", "text": "Be brief."}]}]
    alone, told = ask().usage.prompt_tokens, ask(messages=system + question).usage.prompt_tokens
    assert told > alone and told == ask(messages=developer + question).usage.prompt_tokens


@case
def a_conversation_with_calls_goes_on():
    call = {"id": "abcdefghi", "type": "function", "function": {"name": "wave", "arguments": '{"hand":"left","times":1}'}}
    messages = question + [{"role": "assistant", "content": None, "tool_calls": [call]},
                           {"role": "tool", "tool_call_id": "abcdefghi", "content": "done"}]
    assert ask(messages=messages, tools=[wave]).choices


# Calls

@case
def functions_of_the_domain_are_known():
    answer = ask(tool_choice="required").choices[0]
    assert calls(answer) and answer.finish_reason == "tool_calls"


@case
def functions_of_the_request_are_called():
    names = {name for name, _ in calls(ask(tools=[wave, nod], tool_choice="required").choices[0])}
    assert names and names <= {"wave", "nod"}


@case
def arguments_have_the_schema():
    for name, arguments in calls(ask(tools=[wave], tool_choice="required").choices[0]):
        assert name == "wave" and arguments["hand"] in ("left", "right") and isinstance(arguments["times"], int)


@case
def one_function_is_required_by_name():
    chosen = {"type": "function", "function": {"name": "nod"}}
    assert calls(ask(tools=[wave, nod], tool_choice=chosen).choices[0]) == [("nod", {})]


@case
def no_function_is_called():
    assert not ask(tools=[wave], tool_choice="none").choices[0].message.tool_calls


@case
def no_functions_are_no_calls():
    assert not ask(tools=[]).choices[0].message.tool_calls


@case
def there_is_at_most_one_call():
    assert len(calls(ask(tools=[wave, nod], tool_choice="required", parallel_tool_calls=False, temperature=2,
                         seed=4).choices[0])) == 1


@case
def every_answer_calls_what_is_required():
    answer = ask(tools=[wave, nod], tool_choice="required", temperature=2, seed=5, n=64)
    assert all(calls(choice) for choice in answer.choices)


@case
def calls_have_names_of_their_own():
    answer = ask(tools=[nod], tool_choice="required", temperature=2, seed=5, n=16)
    names = [call.id for choice in answer.choices for call in choice.message.tool_calls]
    assert len(set(names)) == len(names) and all(len(name) == 9 for name in names)


# Objects

@case
def an_object_has_its_schema():
    found = json.loads(ask(response_format=place).choices[0].message.content)
    assert list(found) == ["room", "floor", "tags"] and found["room"] in ("hall", "kitchen")
    assert isinstance(found["floor"], int) and all(isinstance(tag, bool) for tag in found["tags"])


@case
def any_words_are_an_answer():
    assert ask(response_format={"type": "text"}).choices


@cases_of(["pattern", "minLength", "format", "minimum"])
def what_a_grammar_cannot_hold_is_refused(word):
    schema = {"type": "object", "properties": {"a": {"type": "string", word: 1}}}
    if word == "format":
        assert ask(response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema}}).choices
    else:
        wrong("response_format", response_format={"type": "json_schema", "json_schema": {"name": "x", "schema": schema}})


# Likelihoods

@case
def every_token_has_its_likelihood():
    answer = ask(logprobs=True, tool_choice="required")
    told = answer.choices[0].logprobs.content
    assert len(told) == answer.usage.completion_tokens and all(token.logprob <= 0 for token in told)


@cases_of([1, 5, 20])
def alternatives_are_told(count):
    for token in ask(logprobs=True, top_logprobs=count).choices[0].logprobs.content:
        others = [other.logprob for other in token.top_logprobs]
        assert len(others) == count and others == sorted(others, reverse=True)


# Streams

def streamed(**members):
    text, arguments, reasons, usage, tokens = "", [], [], None, 0
    for chunk in ask(stream=True, **members):
        usage = chunk.usage or usage
        for choice in chunk.choices:
            text += choice.delta.content or ""
            tokens += len(choice.logprobs.content) if choice.logprobs else 0
            reasons += [choice.finish_reason] if choice.finish_reason else []
            for call in choice.delta.tool_calls or []:
                if call.function.name:
                    arguments.append([call.function.name, ""])
                arguments[call.index][1] += call.function.arguments or ""
    return text, [(name, json.loads(told)) for name, told in arguments], reasons, usage, tokens


@cases_of(["auto", "required", "none"])
def a_stream_comes_to_the_same(choice):
    whole = ask(tool_choice=choice).choices[0]
    text, called, reasons, _, _ = streamed(tool_choice=choice)
    assert (text, called, reasons) == (whole.message.content or "", calls(whole), [whole.finish_reason])


@case
def a_stream_tells_its_usage():
    usage = streamed(stream_options={"include_usage": True})[3]
    assert usage == ask().usage or usage.completion_tokens == ask().usage.completion_tokens


@case
def a_stream_tells_likelihoods():
    _, _, _, usage, tokens = streamed(logprobs=True, stream_options={"include_usage": True})
    assert tokens == usage.completion_tokens


@case
def a_stream_may_be_left():
    stream = ask(stream=True, tool_choice="none", temperature=2)
    next(iter(stream))
    stream.close()
    assert ask().choices


# Completions

def complete(**members):
    return client.completions.create(**({"model": model, "prompt": "kitchen"} | members))


@case
def a_text_goes_on():
    answer = complete(max_tokens=4)
    assert answer.object == "text_completion" and answer.usage.completion_tokens <= 4


@case
def several_prompts_have_several_answers():
    assert len(complete(prompt=["kitchen", "hall", "light"], max_tokens=2).choices) == 3


@case
def a_prompt_may_be_tokens():
    assert complete(prompt=[5, 6, 7], max_tokens=2).choices


@case
def a_stop_text_ends_an_answer():
    text = complete(max_tokens=20).choices[0].text
    stop = text[1:3] or "zz"
    assert complete(max_tokens=20, stop=[stop]).choices[0].text == text.split(stop)[0]


@case
def a_completion_tells_likelihoods():
    told = complete(max_tokens=4, logprobs=2).choices[0].logprobs
    assert len(told.tokens) == len(told.token_logprobs) == len(told.top_logprobs)


@case
def a_completion_streams():
    parts = [chunk.choices[0].text for chunk in complete(max_tokens=8, stream=True) if chunk.choices]
    assert "".join(parts) == complete(max_tokens=8).choices[0].text


# What is wrong

@cases_of([("temperature", 3), ("top_p", 2), ("n", 0), ("max_tokens", 0), ("seed", 1.5), ("presence_penalty", 1),
           ("logit_bias", {"1": 5}), ("messages", []), ("tool_choice", "never")])
def what_is_wrong_is_named(pair):
    field, value = pair
    wrong(field, **{field: value})


@case
def an_unknown_field_is_named():
    wrong("surprise", extra_body={"surprise": 1})


@case
def a_prompt_that_is_too_long_is_refused():
    wrong(None, messages=[{"role": "user", "content": "light " * 20_000}])


failed = 0
for name, function in cases:
    try:
        function()
    except Exception as fault:
        failed += 1
        print(f"{name}: {type(fault).__name__}: {fault}")
print(f"{len(cases) - failed} passed, {failed} failed")
sys.exit(failed > 0)
