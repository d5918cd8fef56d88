extension Page {
    /// What users and models say is only ever set as text, never read as HTML.
    static let script = #"""
        "use strict";

        const part = id => document.getElementById(id);
        const models = new Map();

        function element(name, properties = {}, children = []) {
            const made = Object.assign(document.createElement(name), properties);
            made.append(...children);
            return made;
        }

        async function fetched(path, body) {
            const headers = {};
            if (part("key").value) headers["Authorization"] = "Bearer " + part("key").value;
            if (body) headers["Content-Type"] = "application/json";
            const response = await fetch(path, {method: body ? "POST" : "GET", headers, body: body && JSON.stringify(body)});
            if (response.status === 401) part("key-field").hidden = false;
            if (!response.ok) {
                const told = await response.json().catch(() => null);
                throw new Error(told?.error?.message ?? "the server answered with status " + response.status);
            }
            return response;
        }

        function tell(error) {
            part("fault").textContent = error ? error.message : "";
            part("fault").hidden = !error;
        }

        // Models

        async function loadModels() {
            const list = await (await fetched("/v1/models")).json();
            const chosen = part("model").value;
            part("model").replaceChildren(...list.data.map(model => element("option", {value: model.id, textContent: model.id})));
            if (list.data.some(model => model.id === chosen)) part("model").value = chosen;
            await showModel();
        }

        async function showModel() {
            const name = part("model").value;
            const path = "/v1/models/" + encodeURIComponent(name);
            const model = await (await fetched(path)).json();
            models.set(name, model);
            part("options-field").hidden = !["choice", "rank"].includes(model.task);
            const lineage = await (await fetched(path + "/lineage")).json();
            part("commit").textContent = "commit " + lineage.commit;
            part("lineage").replaceChildren(...lineage.stages.map(stage => {
                const name = stage.name ?? stage.commit.slice(0, 12);
                const changed = settings(stage.not_default ?? {}).join(" · ");
                return element("li", {}, [
                    name + " ", element("code", {textContent: stage.kind}),
                    element("span", {className: "settings", textContent: changed})]);
            }));
        }

        // What differs from the defaults, `a.b` for a member of a member. Of hashes, the first digits say enough.
        function settings(value, name = "") {
            if (value && typeof value === "object" && !Array.isArray(value))
                return Object.entries(value).flatMap(([key, inner]) => settings(inner, name ? name + "." + key : key));
            const text = typeof value === "string" ? value : JSON.stringify(value);
            return [name + " " + (/^[0-9a-f]{40,}$/.test(text) ? text.slice(0, 12) + "…" : text)];
        }

        // Asking

        async function ask(event) {
            event?.preventDefault();
            tell(null);
            part("send").disabled = true;
            try {
                const model = models.get(part("model").value);
                part("result").hidden = false;
                part("answer").replaceChildren();
                part("tokens").replaceChildren();
                part("alternatives").hidden = true;
                if (["choice", "rank"].includes(model.task)) await weigh(model);
                else await chat(model);
            } catch (error) {
                tell(error);
            } finally {
                part("send").disabled = false;
            }
        }

        async function chat(model) {
            const messages = [{role: "user", content: part("question").value}];
            const instructions = part("instructions").value;
            if (instructions) messages.unshift({role: "system", content: instructions});
            const began = performance.now();
            const response = await fetched("/v1/chat/completions", {
                model: model.id, messages, stream: true, stream_options: {include_usage: true}, logprobs: true, top_logprobs: 5,
                temperature: Number(part("temperature").value), seed: Number(part("seed").value),
            });
            const answer = {content: "", calls: [], tokens: [], usage: null, first: null};
            for await (const chunk of events(response)) {
                if (chunk.error) throw new Error(chunk.error.message);
                answer.usage = chunk.usage ?? answer.usage;
                for (const choice of chunk.choices) {
                    answer.content += choice.delta.content ?? "";
                    for (const call of choice.delta.tool_calls ?? []) {
                        const known = answer.calls[call.index] ??= {name: "", arguments: ""};
                        known.name += call.function.name ?? "";
                        known.arguments += call.function.arguments ?? "";
                    }
                    answer.tokens.push(...(choice.logprobs?.content ?? []));
                    if (answer.tokens.length) answer.first ??= performance.now() - began;
                }
                if (!answer.calls.length) part("answer").textContent = answer.content;
            }
            showAnswer(answer, model, performance.now() - began);
        }

        // The values of a stream of server-sent events.
        async function* events(response) {
            const decoder = new TextDecoder();
            let open = "";
            for (const reader = response.body.getReader(); ;) {
                const {value, done} = await reader.read();
                if (done) return;
                open += decoder.decode(value, {stream: true});
                const parts = open.split("\n\n");
                open = parts.pop();
                for (const text of parts) {
                    const data = text.replace(/^data: /, "");
                    if (data !== "[DONE]") yield JSON.parse(data);
                }
            }
        }

        async function weigh(model) {
            const lines = part("options").value.split("\n").filter(line => line.trim());
            const began = performance.now();
            let rows;
            if (model.task === "rank") {
                const body = {model: model.id, query: part("question").value, documents: lines};
                const told = await (await fetched("/v1/rerank", body)).json();
                rows = told.results.map(result => [result.document.text, result.relevance_score.toFixed(4)]);
            } else {
                const body = {model: model.id, input: part("question").value, options: lines};
                const told = await (await fetched("/v1/classify", body)).json();
                rows = told.data.map(answer => [answer.label, percent(answer.log_probability)]);
            }
            part("answer").replaceChildren(...rows.map(([text, weight]) =>
                element("p", {}, [element("strong", {textContent: text}), " " + weight])));
            part("timing").textContent = Math.round(performance.now() - began) + " ms";
        }

        // Telling

        function showAnswer(answer, model, time) {
            if (answer.calls.length) part("answer").replaceChildren(...answer.calls.map(call => callForm(call, model)));
            else part("answer").textContent = answer.content || "No call.";
            const usage = answer.usage;
            const first = (answer.first ?? time).toFixed(1);
            const told = ["first token after " + first + " ms", "all after " + time.toFixed(1) + " ms"];
            if (usage) {
                const known = usage.prompt_tokens_details.cached_tokens;
                told.push(usage.prompt_tokens + " tokens of prompt, " + known + " known before");
                told.push(usage.completion_tokens + " of answer");
            }
            part("timing").textContent = told.join(", ");
            part("tokens").replaceChildren(...answer.tokens.map(token => {
                const button = element("button", {type: "button", textContent: token.token, title: percent(token.logprob)});
                button.addEventListener("click", () => showAlternatives(token, button));
                return button;
            }));
        }

        // A call as a form whose fields have the types of the function's parameters.
        function callForm(call, model) {
            const tool = (model.functions ?? []).find(tool => tool.function.name === call.name);
            const schemas = tool?.function.parameters?.properties ?? {};
            let values;
            try { values = JSON.parse(call.arguments); } catch { values = null; }
            if (!values) return element("pre", {textContent: call.name + " " + call.arguments});
            const fields = Object.entries(values).map(([name, value]) =>
                element("label", {title: schemas[name]?.description ?? ""}, [name, field(value, schemas[name] ?? {})]));
            return element("fieldset", {}, [element("legend", {textContent: call.name}), ...fields]);
        }

        function field(value, schema) {
            if (schema.enum) {
                const options = schema.enum.map(option => element("option", {textContent: String(option)}));
                return Object.assign(element("select", {}, options), {value: String(value)});
            }
            if (typeof value === "boolean") return element("input", {type: "checkbox", checked: value});
            if (typeof value === "number") return element("input", {type: "number", step: "any", value});
            return element("input", {value: typeof value === "string" ? value : JSON.stringify(value)});
        }

        function showAlternatives(token, button) {
            for (const other of part("tokens").children) other.setAttribute("aria-pressed", other === button);
            const rows = token.top_logprobs.map(other => element("tr", {}, [
                element("td", {textContent: other.token}), element("td", {textContent: percent(other.logprob)}),
                element("td", {}, [element("meter", {min: 0, max: 1, value: Math.exp(other.logprob)})]),
            ]));
            part("alternatives").tBodies[0].replaceChildren(...rows);
            part("alternatives").hidden = false;
        }

        const percent = logarithm => (100 * Math.exp(logarithm)).toFixed(2) + " %";

        part("ask").addEventListener("submit", ask);
        part("model").addEventListener("change", () => showModel().then(() => tell(null), tell));
        part("key").addEventListener("change", () => loadModels().then(() => tell(null), tell));

        // A question behind '#' in the address is asked at once.
        async function askFromAddress() {
            if (location.hash.length < 2) return;
            part("question").value = decodeURIComponent(location.hash.slice(1));
            await ask(null);
        }

        loadModels().then(askFromAddress).catch(tell);

        """#
}
