import CanonicalJSON
import Engine
import Records
import Words

/// Utterances with labelled spans, as Span-ConveRT's data sets are published (RESTAURANTS-8K, DSTC8): a JSON list of
/// `{"userInput": {"text"}, "context": {"requestedSlots"}, "labels": [{"slot", "valueSpan": {"startIndex", "endIndex"}}]}`.
///
/// The reply is an object of the slots with their verbatim spans, white space around them left out; a slot with several spans
/// has a list of them. The slots that were asked for are the assistant's message before the query.
///
/// Where the recipe names a function that rows call, a row is a call of it: each slot is an argument, whose value is its first
/// span. A row without spans is left out. The function's parameters are the slots that any row of it has: texts that are copied
/// from the question, none of them required. A function of the recipe's own file stays as it is.
enum SpanReader: RowReader {
    static let needed = ["userInput"]
    static let nested = ["userInput", "context", "labels"]

    static func read(_ files: [IngestedFile], into rows: inout IngestedRows) throws {
        // Files of one name share their numbering: not all of the data sets have ids of their own.
        var counts: [String: Int] = [:]
        var calls = SpanCalls()
        for file in files {
            let name = "\(file.set)/\(file.name)"
            try rows.read(file, for: Self.self) { rows, json, place in
                counts[name, default: 0] += 1
                let utterance = try SpannedUtterance(json, id: "\(name)#\(counts[name] ?? 0)")
                if file.calls.isEmpty {
                    try rows.add(file.wanted(utterance.reply), [], set: file.set, place: place)
                } else if !file.isUnlabelled, utterance.spans.isEmpty {
                    rows.skip(.noSpan, place: place)
                } else {
                    calls.take(utterance, of: file, place: place)
                }
            }
        }
        try calls.add(to: &rows)
    }
}

/// A text with the spans of its slots.
struct SpannedUtterance {
    let id: String
    let text: String
    /// In the order of the labels.
    private(set) var spans: [String: [String]] = [:]
    /// The slots that were asked for.
    let asked: [String]

    init(_ json: JSON, id: String) throws(RowError) {
        guard let text = json["userInput"]?["text"]?.string else { throw RowError("the row has no 'userInput' with 'text'") }
        (self.id, self.text) = (id, text)
        asked = (json["context"]?["requestedSlots"]?.array ?? []).compactMap(\.string)
        let characters = Array(text.unicodeScalars)
        for label in json["labels"]?.array ?? [] {
            guard let slot = label["slot"]?.string else { throw RowError("a label has no 'slot'") }
            // A span at the beginning of the text may leave its start out.
            let start = label["valueSpan"]?["startIndex"]?.integer ?? 0
            guard let end = label["valueSpan"]?["endIndex"]?.integer, 0 <= start, start < end, end <= characters.count else {
                throw RowError("the label '\(slot)' has no 'valueSpan' within the text")
            }
            spans[slot, default: []].append(String(String.UnicodeScalarView(characters[start..<end])).trimmed)
        }
    }

    /// A row that is answered with an object of the spans.
    var reply: Row {
        var row = self.row(answers: [])
        row.reply = JSON.object(spans.mapValues { $0.count == 1 ? .string($0[0]) : .array($0.map(JSON.string)) }).canonicalText
        return row
    }

    /// A row that calls a function with the spans.
    func call(of function: String) -> Row {
        row(answers: [FunctionCall(name: function, arguments: spans.compactMapValues { $0.first.map(JSON.string) })])
    }

    private func row(answers: [FunctionCall]) -> Row {
        var row = Row(id: id, query: text, answers: answers)
        if !asked.isEmpty {
            row.background.context = [ChatMessage(role: .assistant, content: asked.joined(separator: ", ") + "?")]
        }
        return row
    }
}

/// Utterances that are calls. They wait until all are read: a function has the slots of all of them.
private struct SpanCalls {
    private var waiting: [(utterance: SpannedUtterance, file: IngestedFile, place: RecordPlace)] = []

    mutating func take(_ utterance: SpannedUtterance, of file: IngestedFile, place: RecordPlace) {
        waiting.append((utterance, file, place))
    }

    func add(to rows: inout IngestedRows) throws {
        var slots: [String: Set<String>] = [:]
        for (utterance, file, _) in waiting { slots[file.calls, default: []].formUnion(utterance.spans.keys) }
        let known = rows.functions
        let made = slots.filter { known[$0.key] == nil }.reduce(into: [String: FunctionDefinition]()) { functions, entry in
            functions[entry.key] = Self.function(entry.key, slots: entry.value)
        }
        for (utterance, file, place) in waiting {
            let definitions = made[file.calls].map { [$0] } ?? []
            try rows.attempt(at: place) { rows in
                try rows.add(file.wanted(utterance.call(of: file.calls)), definitions, set: file.set, place: place)
            }
        }
    }

    private static func function(_ name: String, slots: Set<String>) -> FunctionDefinition {
        let words = name.split { $0 == "_" || $0 == "-" || $0 == " " }.joined(separator: " ")
        let properties = Dictionary(
            uniqueKeysWithValues: slots.map { ($0, ["type": "string", SchemaMember.copy: true] as JSON) })
        return FunctionDefinition(
            name: name, summary: "\(words.prefix(1).uppercased())\(words.dropFirst()).",
            parameters: ["type": "object", "properties": .object(properties), "required": []])
    }
}
