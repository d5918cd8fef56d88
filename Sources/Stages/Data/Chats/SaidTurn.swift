import CanonicalJSON
import Engine
import Foundation

/// A message of a chat as a record states it.
struct SaidTurn {
    enum Speaker {
        case system
        case user
        case assistant
        /// An assistant whose words are calls.
        case calls
        /// What a function gave back.
        case result
    }

    var speaker: Speaker
    var words: String
    /// Calls beside the words.
    var calls: [JSON] = []
    var callID: String?
    /// The speaker of an example that the system's message gives.
    var example: Speaker.Example?
    /// Whether an assistant's message is to be learned, and not only context.
    var isLearned = true
    /// Whether its record is an example of what not to say.
    var isBad = false
    /// Functions that a system's message lists beside its words.
    var tools: JSON?

    init(_ speaker: Speaker, _ words: String) { (self.speaker, self.words) = (speaker, words) }
}

extension SaidTurn.Speaker {
    enum Example: String {
        case user = "example_user"
        case assistant = "example_assistant"
    }

    /// The words that layouts have for who speaks, in lower case and with `_` between their parts.
    private static let words: [String: Self] = [
        "system": .system, "developer": .system, "user": .user, "human": .user, "assistant": .assistant, "gpt": .assistant,
        "model": .assistant, "bot": .assistant, "chatgpt": .assistant, "ai": .assistant, "function_call": .calls,
        "tool_call": .calls, "tool_calls": .calls, "tool": .result, "function": .result, "observation": .result,
        "function_response": .result, "tool_response": .result, "tool_result": .result, "tool_results": .result,
        "ipython": .result,
    ]

    init(_ word: String, place: String) throws(RowError) {
        guard let speaker = Self.words[word.lowercased().replacing("-", with: "_").replacing(" ", with: "_")] else {
            throw RowError("\(place) is by '\(word)'; known are \(Self.words.keys.sorted().joined(separator: ", "))")
        }
        self = speaker
    }
}

extension SaidTurn {
    /// Reads `{"role", "content"}` or `{"from", "value"}` with what belongs to it.
    ///
    /// - Parameter place: of the message, for messages.
    init(_ message: JSON, place: String) throws(RowError) {
        guard let word = (message.stated("role") ?? message.stated("from"))?.string else {
            throw RowError("\(place) has no 'role' or 'from', which says who speaks")
        }
        let speaker = try Speaker(word, place: place)
        let content = ["content", "value", "text"].lazy.compactMap { message.stated($0) }.first
        self.init(speaker, try content.map { content throws(RowError) in try Self.text(content, of: speaker, in: place) } ?? "")
        if message.stated("audio") != nil { throw RowError("\(place) has 'audio'; only words and calls can be learned") }
        calls = try Self.calls(of: message, in: place)
        callID = message["tool_call_id"]?.string
        example = message["name"]?.string.flatMap(Speaker.Example.init(rawValue:))
        isLearned = Self.isLearned(message)
        tools = message.stated("tools") ?? message.stated("functions")
    }

    /// OpenAI's `weight`, and what other trainers call it.
    private static func isLearned(_ message: JSON) -> Bool {
        for member in ["weight", "loss_weight", "train", "loss"] {
            if let value = message.stated(member), value == false || value.double == 0 { return false }
        }
        return true
    }

    /// `tool_calls`, a list or the JSON text of one, the older form `function_call`, and parts of the content that are calls.
    private static func calls(of message: JSON, in place: String) throws(RowError) -> [JSON] {
        var calls = (message["content"]?.array ?? []).filter(isCall).map { $0.stated("value") ?? $0 }
        for (index, call) in calls.enumerated() {
            guard let text = call.string else { continue }
            guard let value = SpelledJSON.value(in: text) else { throw RowError("\(place) has a call that is not JSON") }
            calls[index] = value
        }
        for member in ["tool_calls", "function_call"] {
            guard var stated = message.stated(member) else { continue }
            if let text = stated.string {
                if text.trimmed.isEmpty { continue }
                guard let value = SpelledJSON.value(in: text) else {
                    throw RowError("\(place) has '\(member)' that are not JSON")
                }
                stated = value
            }
            if stated == .null { continue }
            guard let found = stated.array ?? (stated.object == nil ? nil : [stated]) else {
                throw RowError("\(place) has '\(member)' that are no calls")
            }
            calls += found
        }
        return calls
    }

    /// A result may be any JSON value; whatever else is said is words.
    private static func text(_ content: JSON, of speaker: Speaker, in place: String) throws(RowError) -> String {
        switch content {
        case .object where speaker == .result || speaker == .calls: return content.writtenText
        case .array(let elements) where speaker == .result && !elements.contains(where: isPart): return content.writtenText
        case .array where speaker == .calls: return content.writtenText
        case .bool, .integer, .real, .decimal:
            return speaker == .result ? content.writtenText : try words(of: content, in: place)
        default: return try words(of: content, in: place)
        }
    }

    private static func isPart(_ json: JSON) -> Bool { json.string != nil || json["type"]?.string != nil }

    private static func isCall(_ part: JSON) -> Bool { ["tool_call", "tool_use"].contains(part["type"]?.string) }

    /// A text, or a list of parts that are texts. Calls and reasoning are no words.
    static func words(of content: JSON, in place: String) throws(RowError) -> String {
        if let text = content.string { return text }
        guard let parts = content.array else { throw RowError("\(place) has content that is no text and no list of parts") }
        var words = ""
        for part in parts {
            if part == .null || isCall(part) || ["reasoning", "thinking"].contains(part["type"]?.string) { continue }
            let text = ["text", "value", "refusal"].lazy.compactMap { part.stated($0)?.string }.first
            guard let text = part.string ?? text else {
                throw RowError(
                    "\(place) has a part of the type '\(part["type"]?.string ?? "?")'; only words and calls can be learned")
            }
            words += text
        }
        return words
    }

    /// The turns of the message: one, but for several results in one message.
    ///
    /// - Parameter names: of the functions that the record lists.
    func turns(calling names: Set<String>, numbering calls: inout CallNumbers) throws(RowError) -> [ChatTurn] {
        switch speaker {
        case .system: return [ChatTurn(message: ChatMessage(role: .system, content: words))]
        case .user:
            // Prompts that were rendered by a template give results as the user's words.
            guard let results = CallMarkup.results(in: words) else {
                return [ChatTurn(message: ChatMessage(role: .user, content: words))]
            }
            return self.results(results, numbering: &calls)
        case .result: return results(CallMarkup.results(in: words) ?? [words], numbering: &calls)
        case .assistant, .calls: return [try assistant(calling: names, numbering: &calls)]
        }
    }

    private func results(_ texts: [String], numbering calls: inout CallNumbers) -> [ChatTurn] {
        texts.map { ChatTurn(message: ChatMessage(role: .tool, content: $0, callID: calls.call(callID))) }
    }

    private func assistant(calling names: Set<String>, numbering numbers: inout CallNumbers) throws(RowError) -> ChatTurn {
        numbers.startTurn()
        var turn = ChatTurn(message: ChatMessage(role: .assistant, content: words))
        turn.unlearned = isBad ? .badAnswer : isLearned ? nil : .contextOnly
        var stated: [StatedCall] = []
        if !calls.isEmpty {
            stated = try calls.map(StatedCall.init(json:))
        } else {
            var found = CallMarkup.calls(in: words, of: names)
            if speaker == .calls, case .none = found { found = CallMarkup.calls(spelledBy: words) }
            switch found {
            case .none: break
            case .calls(let found, let rest):
                stated = found
                turn.message.content = rest
            case .unreadable: turn.unlearned = turn.unlearned ?? .unreadableCall
            }
        }
        turn.message.calls = stated.map { ChatCall(id: numbers.id($0.id), name: $0.name, arguments: $0.arguments) }
        if stated.isEmpty, turn.message.content.trimmed.isEmpty { turn.unlearned = turn.unlearned ?? .emptyTurn }
        return turn
    }
}

extension String {
    /// Without the white space at both ends.
    var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}
