import CanonicalJSON
import Engine
import Records

/// The Berkeley function-calling leaderboard: JSON lines of questions, and JSON lines of their possible answers in files of
/// their own. Which is which, a line's content says: `question` and `function`, or `ground_truth`. They are joined by `id`.
///
/// Read are the categories of one turn in Python's types: simple, multiple, parallel, parallel_multiple, irrelevance, and their
/// live versions. A question of an irrelevance category wants no call; every other one needs possible answers.
struct BFCLReader: RowReader {
    static let needed = ["id"]
    static let readsWholeFiles = true
    static let nested = ["question", "function", "ground_truth"]

    static func read(_ files: [IngestedFile], into rows: inout IngestedRows) throws {
        var reader = BFCLReader()
        for file in files {
            try rows.read(file, for: Self.self) { _, json, place in try reader.read(json, of: file, place: place) }
        }
        for question in try reader.joined() {
            try rows.attempt(at: question.place) { rows in
                try rows.add(question.row, owning: question.functions, set: question.set, place: question.place)
            }
        }
    }

    struct Question {
        var row: Row
        var functions: [FunctionDefinition]
        var set: String
        var place: RecordPlace
    }

    private struct Answer {
        var calls: [PossibleCall]
        var place: RecordPlace
    }

    /// In the order of the files.
    private var questions: [Question] = []
    private var answers: [String: Answer] = [:]

    /// Takes in a line. The number of questions and answers is known only at the end: see `joined`.
    mutating func read(_ json: JSON, of file: IngestedFile, place: RecordPlace) throws(RowError) {
        guard let id = json["id"]?.string, !id.isEmpty else { throw RowError("the line has no 'id'") }
        if let calls = json["ground_truth"] {
            let answer = Answer(calls: try Self.calls(calls, id: id), place: place)
            if let earlier = answers.updateValue(answer, forKey: id) {
                throw RowError("the possible answers of '\(id)' stood before, in \(earlier.place)")
            }
        } else if json["question"] != nil {
            var question = try Self.question(json, id: id, set: file.set, place: place)
            question.row = file.wanted(question.row)
            questions.append(question)
        } else {
            throw RowError("'\(id)' has neither a 'question' nor a 'ground_truth'")
        }
    }

    /// The questions with their answers.
    consuming func joined() throws(StageFailure) -> [Question] {
        var rows: [Question] = []
        for var question in questions {
            let answer = answers.removeValue(forKey: question.row.id)
            let wantsNoCall = Self.category(of: question.row.id).contains("irrelevance")
            if question.row.isUnlabelled {
                rows.append(question)
                continue
            }
            guard wantsNoCall == (answer == nil) else {
                throw StageFailure(
                    wantsNoCall
                        ? "\(question.place): '\(question.row.id)' wants no call, but has possible answers in "
                            + "\(answer.map { "\($0.place)" } ?? ""); take one of the two out"
                        : "\(question.place): '\(question.row.id)' has no possible answers; add the file of the same name in "
                            + "BFCL's folder possible_answer to data.ingest")
            }
            let definitions = Dictionary(question.functions.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
            if let answer {
                question.row.answers = answer.calls.map { $0.firstCall(of: definitions[$0.name]) }
                question.row.possible = answer.calls
            }
            rows.append(question)
        }
        if let (id, answer) = answers.min(by: { $0.key < $1.key }) {
            throw StageFailure(
                "\(answer.place): '\(id)' has possible answers, but no question; add the file of the questions to data.ingest")
        }
        return rows
    }

    private static func question(_ json: JSON, id: String, set: String, place: RecordPlace) throws(RowError) -> Question {
        if let reason = unreadable(category: category(of: id)) {
            throw RowError("'\(id)' is of the category '\(category(of: id))', which \(reason); leave its files out")
        }
        guard let turns = json["question"]?.array, turns.count == 1, let turn = turns[0].array else {
            throw RowError("'\(id)' has no 'question' of one turn: a list that holds one list of messages")
        }
        var messages = try turn.map(ChatMessage.init(json:))
        guard let query = messages.popLast(), query.role == .user else {
            throw RowError("the last message of '\(id)' is not the user's")
        }
        guard let tools = json["function"]?.array else { throw RowError("'\(id)' has no 'function' list") }
        let functions = try tools.map(FunctionDefinition.init(tool:))
        var row = Row(id: id, query: query.content, functions: functions.map(\.name), answers: [])
        row.background.instructions = messages.filter { $0.role == .system }.map(\.content).joined(separator: "\n\n")
        row.background.context = messages.filter { $0.role != .system }
        return Question(row: row, functions: functions, set: set, place: place)
    }

    /// Reads `[{function: {argument: [value, …]}}, …]`.
    private static func calls(_ json: JSON, id: String) throws(RowError) -> [PossibleCall] {
        guard let entries = json.array, !entries.isEmpty else {
            throw RowError("the 'ground_truth' of '\(id)' is no list of calls")
        }
        var calls: [PossibleCall] = []
        for entry in entries {
            guard let members = entry.object, members.count == 1, let (name, arguments) = members.first else {
                throw RowError("a call in the 'ground_truth' of '\(id)' is not one function with its arguments")
            }
            calls.append(try PossibleCall(json: ["name": .string(name), "arguments": arguments]))
        }
        return calls
    }

    /// `live_parallel_multiple` of `live_parallel_multiple_3-2-1`.
    static func category(of id: String) -> String {
        guard let end = id.lastIndex(of: "_") else { return id }
        let number = id[id.index(after: end)...]
        return !number.isEmpty && number.allSatisfy { $0 == "-" || $0.isNumber } ? String(id[..<end]) : id
    }

    /// Why rows of a category are not read; `nil` where they are.
    private static func unreadable(category: String) -> String? {
        if category.hasSuffix("java") || category.hasSuffix("javascript") {
            return "has arguments in the syntax of another language"
        }
        if category.hasSuffix("relevance"), !category.hasSuffix("irrelevance") {
            return "has no answers to learn or to compare"
        }
        let several = ["multi_turn", "memory", "web_search"]
        return several.contains(where: category.hasPrefix) ? "has questions of several turns" : nil
    }
}
