import CanonicalJSON
import Engine

/// A question in other words, and why it cannot stand for the first one.
struct Paraphrase {
    let row: Row
    let text: String
    /// `nil` where nothing speaks against it.
    var reason: String?

    /// Characters of the longer text for each one of the shorter, at most, after a few for the shortest texts.
    private static let mostGrowth = 3
    private static let someCharacters = 12

    /// - Parameter words: those that the row's answer takes from its question.
    init(of row: Row, reply: JudgingReply, keeping words: ProtectedWords) {
        self.row = row
        text = Self.question(in: reply.text)
        reason = Self.problem(with: text, of: row.query, isWhole: reply.isWhole, words)
    }

    /// Rejects a question that was asked before, or adds it to those that were.
    mutating func rejectIfKnown(_ known: inout Set<String>) {
        guard reason == nil, !known.insert(text.questionIdentity).inserted else { return }
        reason = "the question is there already"
    }

    private static func problem(with text: String, of query: String, isWhole: Bool, _ words: ProtectedWords) -> String? {
        guard isWhole else { return "it does not end" }
        guard !text.isEmpty else { return "it is empty" }
        let (shorter, longer) = (min(text.count, query.count), max(text.count, query.count))
        guard longer <= mostGrowth * shorter + someCharacters else { return "it is much longer or shorter" }
        let asked = query.questionIdentity
        let said = text.questionIdentity
        for value in words.exact.union(words.anyCase).sorted() {
            let word = value.questionIdentity
            if asked.firstWholeRange(of: word) != nil, said.firstWholeRange(of: word) == nil { return "it lacks '\(value)'" }
        }
        return nil
    }

    /// The first line that says something, without what models put around it: numbers of a list, quotation marks.
    static func question(in reply: String) -> String {
        let lines = reply.split(whereSeparator: \.isNewline).map { $0.trimmed }
        guard var line = lines.first(where: { !$0.isEmpty && !$0.hasSuffix(":") }) else { return "" }
        if let mark = line.prefixMatch(of: /(?:\d+[.)]|[-*•])\s+/) { line = line[mark.range.upperBound...].trimmed }
        if let label = line.prefixMatch(of: /(?i:paraphrase|rephrased|question|answer)[^:]{0,20}:\s*/) {
            line = line[label.range.upperBound...].trimmed
        }
        for (open, close) in [("\"", "\""), ("'", "'"), ("“", "”"), ("`", "`")] where line.count > 1 {
            if line.hasPrefix(open), line.hasSuffix(close) { line = line.dropFirst().dropLast() }
        }
        return String(line)
    }

    /// `{"id", "query", "paraphrase", "reason"?}`
    var json: JSON {
        var members: [String: JSON] = [
            "id": .string(row.id), "query": .string(row.query), "paraphrase": .string(text),
        ]
        if let reason { members["reason"] = .string(reason) }
        return .object(members)
    }
}

extension Substring {
    fileprivate var trimmed: Substring {
        let rest = drop(while: \.isWhitespace)
        return rest.dropLast(rest.reversed().prefix(while: \.isWhitespace).count)
    }
}

extension String {
    /// The same for questions that differ in case, marks or white space alone.
    var questionIdentity: String {
        lowercased().split { !$0.isWordCharacter && $0 != "'" }.joined(separator: " ")
    }
}
