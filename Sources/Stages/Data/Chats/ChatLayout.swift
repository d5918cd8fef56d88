import CanonicalJSON
import Engine

/// How a record holds a chat; its members say which. All layouts may have `system` and `tools` or `functions` beside the chat.
enum ChatLayout: CaseIterable {
    /// `messages`, as OpenAI, TRL, Hermes and Qwen have them.
    case messages
    /// `conversations` of `from` and `value`, as ShareGPT and LLaMA-Factory have them.
    case conversations
    /// `prompt` and `completion`, as TRL has them: two texts, or two lists of messages of which the second is learned.
    case promptCompletion
    /// `instruction`, `input`, `output` and `history`, as Alpaca and LLaMA-Factory have them.
    case instruction
    /// `system` and `chat`, one text each, as glaive has them.
    case transcript

    init?(of record: JSON) {
        guard let layout = Self.allCases.first(where: { $0.members.allSatisfy { record.stated($0) != nil } }) else {
            return nil
        }
        self = layout
    }

    /// The members that a record of this layout must have.
    private var members: [String] {
        switch self {
        case .messages: ["messages"]
        case .conversations: ["conversations"]
        case .promptCompletion: ["prompt", "completion"]
        case .instruction: ["instruction", "output"]
        case .transcript: ["chat"]
        }
    }

    static func unknown(_ record: JSON) -> RowError {
        let layouts = allCases.map { $0.members.map { "'\($0)'" }.joined(separator: " and ") }
        let found = record.sortedMembers.map { "'\($0.key)'" }.joined(separator: ", ")
        return RowError(
            record.object == nil
                ? "the record is no JSON object"
                : "the record is no chat: it has \(found.isEmpty ? "no members" : found), where a chat has "
                    + layouts.joined(separator: ", or "))
    }

    func turns(of record: JSON) throws(RowError) -> [SaidTurn] {
        for member in ["images", "videos", "audios"] where record[member]?.array?.isEmpty == false {
            throw RowError("the record has '\(member)'; only words and calls can be learned")
        }
        if record.stated("rejected") != nil {
            throw RowError(
                "the record has a 'rejected' answer beside the 'chosen' one; keep the chosen one as the last message")
        }
        var turns: [SaidTurn] = []
        // A transcript's system is part of it.
        if self != .transcript, let system = record.stated("system") {
            turns.append(SaidTurn(.system, try SaidTurn.words(of: system, in: "the record's 'system'")))
        }
        switch self {
        case .messages: turns += try messages("messages", of: record)
        case .conversations: turns += try messages("conversations", of: record)
        case .promptCompletion: turns += try prompt(of: record) + completion(of: record)
        case .instruction: turns += try instruction(of: record)
        case .transcript: turns += try Transcript.turns(of: record)
        }
        guard Self.isBad(record) else { return turns }
        return turns.map { turn in
            var turn = turn
            turn.isBad = true
            return turn
        }
    }

    /// Whether the record is an example of what not to say: TRL's `label` and LLaMA-Factory's `kto_tag`.
    private static func isBad(_ record: JSON) -> Bool { record["label"] == false || record["kto_tag"] == false }

    /// A list of messages, or the JSON text of one.
    private func messages(_ member: String, of record: JSON) throws(RowError) -> [SaidTurn] {
        guard let list = record[member]?.array ?? record[member]?.string.flatMap({ SpelledJSON.value(in: $0)?.array }) else {
            throw RowError("the record's '\(member)' is no list of messages")
        }
        return try list.enumerated().map { index, message throws(RowError) in
            try SaidTurn(message, place: "the message \(index + 1) of '\(member)'")
        }
    }

    private func prompt(of record: JSON) throws(RowError) -> [SaidTurn] {
        if let text = record["prompt"]?.string { return [SaidTurn(.user, text)] }
        return try messages("prompt", of: record).map { turn in
            var turn = turn
            turn.isLearned = false
            return turn
        }
    }

    private func completion(of record: JSON) throws(RowError) -> [SaidTurn] {
        if let text = record["completion"]?.string { return [SaidTurn(.assistant, text)] }
        return try messages("completion", of: record)
    }

    private func instruction(of record: JSON) throws(RowError) -> [SaidTurn] {
        var turns: [SaidTurn] = []
        for pair in record.stated("history")?.array ?? [] {
            guard let question = pair[0]?.string, let answer = pair[1]?.string else {
                throw RowError("the record's 'history' is no list of questions, each with its answer")
            }
            turns += [SaidTurn(.user, question), SaidTurn(.assistant, answer)]
        }
        guard let instruction = record["instruction"]?.string, let output = record["output"]?.string else {
            throw RowError("the record's 'instruction' and 'output' are no texts")
        }
        let input = record["input"]?.string ?? ""
        let asked = [instruction, input].filter { !$0.isEmpty }.joined(separator: "\n")
        return turns + [SaidTurn(.user, asked), SaidTurn(.assistant, output)]
    }
}

extension JSON {
    /// A member that is there and is not null: tables have a column for each member of any record.
    func stated(_ member: String) -> JSON? {
        guard let value = self[member], value != .null else { return Optional.none }
        return value
    }
}

/// Glaive's layout: `USER: … ASSISTANT: … <|endoftext|> FUNCTION RESPONSE: …` in one text, each at the start of a line.
enum Transcript {
    private static let speakers: [(mark: String, speaker: SaidTurn.Speaker)] = [
        ("USER:", .user), ("ASSISTANT:", .assistant), ("FUNCTION RESPONSE:", .result), ("SYSTEM:", .system),
    ]

    static func turns(of record: JSON) throws(RowError) -> [SaidTurn] {
        guard let chat = record["chat"]?.string else { throw RowError("the record's 'chat' is no text") }
        let system = try record["system"]?.string.map { text throws(RowError) in try turns(in: text, first: .system) } ?? []
        return try system.filter { !$0.words.isEmpty } + turns(in: chat, first: nil)
    }

    /// - Parameter first: who says what stands before the first mark.
    private static func turns(in text: String, first: SaidTurn.Speaker?) throws(RowError) -> [SaidTurn] {
        var said: [(speaker: SaidTurn.Speaker?, lines: [Substring])] = [(first, [])]
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            let content = line.drop { $0 == " " }
            if let found = speakers.first(where: { content.hasPrefix($0.mark) }) {
                said.append((found.speaker, [content.dropFirst(found.mark.count)]))
            } else {
                said[said.count - 1].lines.append(line)
            }
        }
        var turns: [SaidTurn] = []
        for (speaker, lines) in said {
            let words = lines.joined(separator: "\n").replacing("<|endoftext|>", with: "").trimmed
            if let speaker {
                turns.append(SaidTurn(speaker, words))
            } else if !words.isEmpty {
                throw RowError("the record's 'chat' begins with no speaker's mark; 'USER:' and 'ASSISTANT:' are some")
            }
        }
        return turns
    }
}
