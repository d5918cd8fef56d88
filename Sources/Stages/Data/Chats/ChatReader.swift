import BuildModel
import CanonicalJSON
import Engine

/// Chats as the tools that people fine-tune with write them: see `ChatLayout`. Each assistant's turn that is to be learned is a
/// row, with what was said before it as context.
enum ChatReader: RecordReader {
    static let nested = ["messages", "conversations", "history"]

    static func parts(of record: JSON) throws(RowError) -> [ReadPart] { try Chat(record).parts() }

    static func unlabelled(_ record: JSON) -> JSON { record.asQuestion }
}

/// A conversation and the functions that it may call.
struct Chat {
    /// Of the first row; those of further turns end in `/2`, `/3`, ….
    var id: String
    var functions: [FunctionDefinition] = []
    var turns: [ChatTurn] = []
    var examples: [RowBackground.Example] = []
    /// Whether its answers count for nothing: then the user may have the last word.
    private let isQuestion: Bool

    init(_ record: JSON) throws(RowError) {
        isQuestion = record["expect"] == Row.unknown
        guard let layout = ChatLayout(of: record) else { throw ChatLayout.unknown(record) }
        // Records without an id are named by their content.
        id = Self.id(of: record) ?? "openai-" + Digest(hashing: record.canonical.canonicalBytes).hex.prefix(16)
        let said = try layout.turns(of: record)
        functions = try ToolList.functions(of: record)
        try add(said)
        if isQuestion, turns.last?.message.role == .user {
            turns.append(ChatTurn(message: ChatMessage(role: .assistant, content: "")))
        }
        guard turns.contains(where: { $0.message.role == .assistant }) else {
            throw RowError("the chat has no assistant's message")
        }
    }

    private static func id(of record: JSON) -> String? {
        switch record["id"] {
        case .string(let id) where !id.isEmpty: id
        case .integer(let id): String(id)
        case .decimal(let id): id
        default: nil
        }
    }

    /// Makes turns of what was said: functions come out of system messages, calls out of words.
    private mutating func add(_ said: [SaidTurn]) throws(RowError) {
        var said = said
        for place in said.indices where said[place].speaker == .system {
            let listed = try ToolList.functions(inSystem: &said[place])
            functions += listed.filter { new in !functions.contains { $0 == new } }
        }
        let names = Set(functions.map(\.name))
        var question: String?
        var calls = CallNumbers()
        for turn in said {
            switch turn.example {
            case .user: question = turn.words
            case .assistant:
                if let asked = question { examples.append(.init(query: asked, response: turn.words)) }
                question = nil
            case nil: turns += try turn.turns(calling: names, numbering: &calls)
            }
        }
    }

    /// A row or a reason for each assistant's turn.
    func parts() -> [ReadPart] {
        let places = turns.indices.filter { turns[$0].message.role == .assistant }
        let learned = places.enumerated().map { number, place in part(number: number + 1, at: place) }
        let rows = learned.count {
            if case .row = $0 { true } else { false }
        }
        guard rows > 1 else { return learned }
        return learned.map { part in
            guard case .row(var row, let functions) = part else { return part }
            row.record = id
            return .row(row, functions)
        }
    }

    /// - Parameter number: of the turn among the assistant's, from 1.
    private func part(number: Int, at place: Int) -> ReadPart {
        let turn = turns[place]
        if let reason = turn.unlearned { return .skipped(reason) }
        guard let asked = turns[..<place].lastIndex(where: { $0.message.role == .user }) else { return .skipped(.noQuestion) }
        let calls = turn.message.calls.map(\.call)
        if !isQuestion, calls.contains(where: { call in !functions.contains { $0.name == call.name } }) {
            return .skipped(.unlistedFunction)
        }
        var row = Row(id: number == 1 ? id : "\(id)/\(number)", query: turns[asked].message.content, answers: calls)
        if calls.isEmpty { row.reply = turn.message.content }
        let before = turns[..<place].map(\.message)
        row.background.instructions = before.filter { $0.role == .system }.map(\.content).filter { !$0.isEmpty }
            .joined(separator: "\n\n")
        row.background.examples = examples
        row.background.context = before[..<asked].filter { $0.role != .system }
        row.background.steps = before[(asked + 1)...].filter { $0.role != .system }
        return .row(isQuestion ? row.unlabelled : row, functions)
    }
}

/// A message of a chat, and what an assistant's one teaches.
struct ChatTurn {
    var message: ChatMessage
    /// Why an assistant's message is no row.
    var unlearned: SkipReason?
}

/// Names for calls that have none, and calls for results that do not say whose they are.
struct CallNumbers {
    private var made = 0
    /// The calls whose results have not come.
    private var open: [String] = []

    mutating func id(_ written: String?) -> String {
        made += 1
        let id = written ?? "call_\(made)"
        open.append(id)
        return id
    }

    /// The call that a result belongs to: the one that it names, else the first without a result.
    mutating func call(_ named: String?) -> String? {
        guard let named else { return open.isEmpty ? nil : open.removeFirst() }
        open.removeAll { $0 == named }
        return named
    }

    mutating func startTurn() { open = [] }
}
