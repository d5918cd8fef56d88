import CanonicalJSON
import Engine
import Foundation

/// A call as a chat states it.
struct StatedCall {
    var id: String?
    var name: String
    /// An object, with the order and the numbers that were written.
    var arguments: JSON

    /// Reads `{"id", "function": {"name", "arguments"}}`, or the inner object alone. Its arguments are an object or the JSON
    /// text of one; none, null or an empty text mean that there are none.
    init(json: JSON) throws(RowError) {
        let function = if let inner = json["function"], inner.object != nil { inner } else { json }
        guard let name = function["name"]?.string ?? json["function"]?.string, !name.isEmpty else {
            throw RowError("a tool call has no function name")
        }
        let stated = ["arguments", "parameters", "args", "input"].lazy.compactMap { function.stated($0) }.first
        guard let arguments = Self.arguments(stated) else {
            throw RowError("the arguments of the call of '\(name)' are not a JSON object")
        }
        self.init(id: json["id"]?.string, name: name, arguments: arguments)
    }

    init(id: String? = nil, name: String, arguments: JSON) { (self.id, self.name, self.arguments) = (id, name, arguments) }

    private static func arguments(_ stated: JSON?) -> JSON? {
        var value = stated ?? .null
        // Some servers spell the arguments twice.
        for _ in 0..<2 {
            guard let text = value.string else { break }
            if text.trimmed.isEmpty { return [:] }
            guard let spelled = SpelledJSON.value(in: text) else { return Optional.none }
            value = spelled
        }
        if value == .null { return [:] }
        return value.object == nil ? Optional.none : value
    }
}

/// Calls and results in the words of a message, as models write them.
enum CallMarkup {
    enum Found {
        /// The words are words.
        case none
        /// Calls, and the words beside them.
        case calls([StatedCall], rest: String)
        /// The words mark a call that cannot be read.
        case unreadable
    }

    /// What marks a call's beginning, and what ends it; without an end it goes on to the end of the text.
    private static let marks: [(start: String, end: String)] = [
        ("<tool_call>", "</tool_call>"), ("<tool_calls>", "</tool_calls>"), ("<function_call>", "</function_call>"),
        ("<functioncall>", "</functioncall>"), ("<|tool_call|>", "<|/tool_call|>"), ("<|python_tag|>", "<|eom_id|>"),
        ("[TOOL_CALLS]", "</s>"),
    ]

    /// The calls that an assistant's words mark, or that they consist of.
    ///
    /// - Parameter names: of the functions that may be called: words that only spell calls of them are calls.
    static func calls(in words: String, of names: Set<String>) -> Found {
        var text = words[...]
        // Words of a reasoning call nothing.
        if let end = words.range(of: "</think>", options: .backwards) { text = words[end.upperBound...] }
        guard
            let first = marks.compactMap({ mark in text.range(of: mark.start).map { (mark, $0.lowerBound) } }).min(by: {
                $0.1 < $1.1
            })
        else {
            let spelled = String(text)
            guard let calls = bareCalls(spelled, of: names) else { return .none }
            return .calls(calls, rest: String(words[..<text.startIndex]))
        }
        let mark = first.0
        var rest = words[..<text.startIndex] + text[..<first.1]
        var calls: [StatedCall] = []
        while let start = text.range(of: mark.start) {
            if start.lowerBound > text.startIndex, !calls.isEmpty { rest += text[..<start.lowerBound] }
            let end = text.range(of: mark.end, range: start.upperBound..<text.endIndex)
            guard
                case .calls(let found, _) = Self.calls(
                    spelledBy: String(text[start.upperBound..<(end?.lowerBound ?? text.endIndex)]))
            else { return .unreadable }
            calls += found
            text = text[(end?.upperBound ?? text.endIndex)...]
        }
        rest += text
        return .calls(calls, rest: String(rest).trimmed)
    }

    /// The calls that a text spells: JSON or Python's literals, one or several, in a list or one after the other.
    static func calls(spelledBy text: String) -> Found {
        let text = withoutEndings(text)
        guard let values = SpelledJSON.values(in: text), !values.isEmpty else { return .unreadable }
        let stated = values.flatMap { $0.array ?? [$0] }.map { $0.stated("tool_calls")?.array ?? [$0] }.flatMap { $0 }
        guard let calls = try? stated.map(StatedCall.init(json:)), !calls.isEmpty else { return .unreadable }
        return .calls(calls, rest: "")
    }

    /// Tokens that end a response, and the marks of a block of code.
    private static func withoutEndings(_ text: String) -> String {
        var text = text.trimmed
        for ending in ["<|endoftext|>", "<|im_end|>", "<|eot_id|>", "<|eom_id|>", "</s>"] where text.hasSuffix(ending) {
            text = String(text.dropLast(ending.count)).trimmed
        }
        return text.withoutFence(labels: "_")
    }

    /// Words that are nothing but calls of known functions, as JSON or as Python's calls: `[get_weather(city="Oslo")]`.
    private static func bareCalls(_ words: String, of names: Set<String>) -> [StatedCall]? {
        guard !names.isEmpty, let first = withoutEndings(words).first else { return nil }
        let found: [StatedCall]?
        switch calls(spelledBy: words) {
        case .calls(let calls, _) where "[{".contains(first): found = calls
        default: found = SpelledJSON.calls(in: withoutEndings(words), of: names)
        }
        guard let found, found.allSatisfy({ names.contains($0.name) }) else { return nil }
        return found
    }

    /// The results that a text consists of, each between the marks of one; `nil` where it is something else.
    static func results(in words: String) -> [String]? {
        let (start, end) = ("<tool_response>", "</tool_response>")
        var text = words.trimmed[...]
        guard text.hasPrefix(start) else { return nil }
        var results: [String] = []
        while text.hasPrefix(start), let close = text.range(of: end) {
            results.append(String(text.dropFirst(start.count)[..<close.lowerBound]).trimmed)
            text = text[close.upperBound...].drop(while: \.isWhitespace)
        }
        return text.isEmpty ? results : nil
    }
}
