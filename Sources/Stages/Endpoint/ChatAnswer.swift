import CanonicalJSON
import Engine
import Words

/// What a server's answer says, in Decant's spelling of calls.
struct ChatAnswer: Hashable {
    /// A list of calls; the text as it came where it calls nothing.
    var response: String
    /// Whether it ended by itself.
    var isWhole: Bool

    /// Reads the first choice of a chat completion.
    init(_ answer: JSON) {
        let choice = answer["choices"]?[0]
        isWhole = !["length", "content_filter"].contains(choice?["finish_reason"]?.string ?? "")
        let message = choice?["message"] ?? .null
        var calls = message["tool_calls"]?.array ?? []
        // The interface's older form has one.
        if calls.isEmpty, let call = message["function_call"], call != .null { calls = [["function": call]] }
        let text = message["content"]?.string ?? ""
        response = calls.isEmpty ? Self.response(in: text) : Self.response(of: calls)
    }

    /// Arguments come as a text that should be JSON. Where it is not, it stands in the response as it came, for the judge.
    private static func response(of calls: [JSON]) -> String {
        let spelled = calls.map { call -> String in
            let function = call["function"] ?? .null
            let name = (function["name"] ?? .string("")).canonicalText
            let arguments = function["arguments"] ?? .string("")
            let text = arguments.string.map { $0.isEmpty ? "{}" : $0 } ?? arguments.canonicalText
            let canonical = (try? JSON(parsing: text, maximumDepth: 64))?.canonicalText ?? text
            return #"{"name":\#(name),"arguments":\#(canonical)}"#
        }
        return "[" + spelled.joined(separator: ",") + "]"
    }

    /// Models without an interface for calls write them into their text: as JSON, fenced or not, or between the marks of the
    /// Hermes format. Reasoning before them does not count.
    private static func response(in text: String) -> String {
        var body = text[...]
        if let end = text.range(of: "</think>") { body = text[end.upperBound...] }
        let marked = body.matches(of: /<tool_call>([\s\S]*?)<\/tool_call>/).map { String($0.1) }
        let pieces = marked.isEmpty ? [Self.withoutFence(String(body))] : marked
        var calls: [FunctionCall] = []
        for piece in pieces {
            guard let json = try? JSON(parsing: piece, maximumDepth: 64), let found = Self.calls(in: json) else { return text }
            calls += found
        }
        return PromptStyle.response(of: calls)
    }

    /// The body of a block of code, where the text is one.
    private static func withoutFence(_ text: String) -> String {
        text.wholeMatch(of: /\s*```[A-Za-z]*\s*\n([\s\S]*?)\n?\s*```\s*/).map { String($0.1) } ?? text
    }

    /// Calls that a JSON value spells; `nil` where it is something else.
    private static func calls(in json: JSON) -> [FunctionCall]? {
        let entries = json.array ?? json["tool_calls"]?.array ?? [json]
        var calls: [FunctionCall] = []
        for entry in entries {
            let call = entry["function"]?.object != nil ? entry["function"] : entry
            guard let name = call?["name"]?.string, !name.isEmpty, let given = call?["arguments"] ?? call?["parameters"],
                let arguments = given.object ?? given.string.flatMap({ try? JSON(parsing: $0, maximumDepth: 64) })?.object
            else { return nil }
            calls.append(FunctionCall(name: name, arguments: arguments))
        }
        return calls
    }
}
