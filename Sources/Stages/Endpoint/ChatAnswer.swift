import CanonicalJSON
import Engine
import Foundation
import Words

/// A server's answer, with calls in Decant's spelling.
struct ChatAnswer: Hashable {
    /// A list of calls; the unchanged text where it calls nothing. An answer in words has no reasoning before it and no fence
    /// around it.
    var response: String
    /// Whether it ended by itself.
    var isWhole: Bool
    /// What the model reasoned before it; `nil` where the server shows nothing of it.
    var reasoning: String?

    /// Reads the first choice of a chat completion.
    init(_ answer: JSON, readsCalls: Bool = true) {
        let choice = answer["choices"]?[0]
        isWhole = !["length", "content_filter"].contains(choice?["finish_reason"]?.string ?? "")
        let message = choice?["message"] ?? .null
        var calls = message["tool_calls"]?.array ?? []
        // The interface's older form has one.
        if calls.isEmpty, let call = message["function_call"], call != .null { calls = [["function": call]] }
        let text = message["content"]?.string ?? ""
        reasoning = Self.reasoning(in: message, text)
        guard readsCalls else {
            response = String(Self.withoutReasoning(text)).withoutFence().trimmed
            return
        }
        response = calls.isEmpty ? Self.response(in: text) : Self.response(of: calls)
    }

    /// The answer in a style. One that wants reasoning has the model's own; without any it stays as it is, and the judge
    /// rejects it.
    func response(in style: AnswerStyle) -> String {
        guard style == .reasoning, let reasoning else { return response }
        return ReasonedResponse(reasoning: reasoning, answer: response).text
    }

    /// What servers put beside the answer, by either of its names, or before it between `<think>` and `</think>`.
    private static func reasoning(in message: JSON, _ text: String) -> String? {
        let beside = message["reasoning_content"]?.string ?? message["reasoning"]?.string
        let before = text.firstRange(of: "</think>").map { end in
            let start = text[..<end.lowerBound].firstRange(of: "<think>")?.upperBound ?? text.startIndex
            return String(text[start..<end.lowerBound])
        }
        let reasoning = (beside ?? before ?? "").trimmed
        return reasoning.isEmpty ? nil : reasoning
    }

    /// Arguments come as a text that should be JSON. A text that is not JSON stays unchanged, and the judge decides.
    private static func response(of calls: [JSON]) -> String {
        let spelled = calls.map { call -> String in
            let function = call["function"] ?? .null
            let name = (function["name"] ?? .string("")).canonicalText
            let arguments = function["arguments"] ?? .string("")
            let text = arguments.string.map { $0.isEmpty ? "{}" : $0 } ?? arguments.canonicalText
            let canonical = (try? JSON(parsingAsWritten: text.utf8, maximumDepth: 64))?.canonical.canonicalText ?? text
            return #"{"name":\#(name),"arguments":\#(canonical)}"#
        }
        return "[" + spelled.joined(separator: ",") + "]"
    }

    /// Models without an interface for calls write them into their text: as JSON, fenced or not, or between the marks of the
    /// Hermes format. Reasoning before them does not count.
    private static func response(in text: String) -> String {
        let body = withoutReasoning(text)
        let marked = String(body).parts(from: "<tool_call>", to: "</tool_call>")
        let pieces = marked.isEmpty ? [String(body).withoutFence()] : marked
        var calls: [FunctionCall] = []
        for piece in pieces {
            guard let json = try? JSON(parsing: piece, maximumDepth: 64), let found = Self.calls(in: json) else { return text }
            calls += found
        }
        return PromptStyle.response(of: calls)
    }

    private static func withoutReasoning(_ text: String) -> Substring {
        text.firstRange(of: "</think>").map { text[$0.upperBound...] } ?? text[...]
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
