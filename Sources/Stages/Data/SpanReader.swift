import CanonicalJSON
import Engine
import Words

/// Utterances with labelled spans, as Span-ConveRT's data sets are published (RESTAURANTS-8K, DSTC8): a JSON list of
/// `{"userInput": {"text"}, "context": {"requestedSlots"}, "labels": [{"slot", "valueSpan": {"startIndex", "endIndex"}}]}`.
///
/// The reply is an object of the slots with their verbatim spans, white space around them left out; a slot with several spans
/// has a list of them. The slots that were asked for are the assistant's message before the query.
enum SpanReader: RowReader {
    static let needed = ["userInput"]
    static let nested = ["userInput", "context", "labels"]

    static func read(_ files: [IngestedFile], into rows: inout IngestedRows) throws {
        // Files of one name share their numbering: not all of the data sets have ids of their own.
        var counts: [String: Int] = [:]
        for file in files {
            let name = "\(file.set)/\(file.name)"
            try rows.read(file, for: Self.self) { rows, json, place in
                counts[name, default: 0] += 1
                let row = try row(json, id: "\(name)#\(counts[name] ?? 0)")
                try rows.add(file.wanted(row), [], set: file.set, place: place)
            }
        }
    }

    static func row(_ json: JSON, id: String) throws(RowError) -> Row {
        guard let text = json["userInput"]?["text"]?.string else { throw RowError("the row has no 'userInput' with 'text'") }
        let characters = Array(text.unicodeScalars)
        var spans: [String: [JSON]] = [:]
        for label in json["labels"]?.array ?? [] {
            guard let slot = label["slot"]?.string else { throw RowError("a label has no 'slot'") }
            // A span at the beginning of the text may leave its start out.
            let start = label["valueSpan"]?["startIndex"]?.integer ?? 0
            guard let end = label["valueSpan"]?["endIndex"]?.integer, 0 <= start, start < end, end <= characters.count else {
                throw RowError("the label '\(slot)' has no 'valueSpan' within the text")
            }
            let span = String(String.UnicodeScalarView(characters[start..<end])).trimmed
            spans[slot, default: []].append(.string(span))
        }
        var row = Row(id: id, query: text, answers: [])
        row.reply = JSON.object(spans.mapValues { $0.count == 1 ? $0[0] : .array($0) }).canonicalText
        let asked = (json["context"]?["requestedSlots"]?.array ?? []).compactMap(\.string)
        if !asked.isEmpty {
            row.background.context = [ChatMessage(role: .assistant, content: asked.joined(separator: ", ") + "?")]
        }
        return row
    }
}
