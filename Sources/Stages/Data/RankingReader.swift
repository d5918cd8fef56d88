import CanonicalJSON
import Engine

/// Texts that are ranked for a question. A record is one of
///
///     {"query", "document", "relevance", "group"?}
///     {"query", "better", "worse"}
///     {"query", "documents": [{"text", "relevance"}, …]}
///
/// A single document's group is its query where none is named; a pair and a list are groups of their own.
enum RankingReader: RowReader {
    static let needed = ["query"]
    static let nested = ["documents"]

    static func read(_ files: [IngestedFile], into rows: inout IngestedRows) throws {
        for file in files {
            var number = 0
            try rows.read(file, for: Self.self) { rows, record, place in
                number += 1
                let name = record["id"]?.string ?? "\(file.name)#\(number)"
                guard let query = record["query"]?.string else { throw RowError("there is no 'query', a text") }
                let texts = try ranked(record, query: query, name: name, isLabelled: !file.isUnlabelled)
                for (index, text) in texts.enumerated() {
                    let id = texts.count == 1 ? name : "\(name)/\(index + 1)"
                    try rows.add(file.wanted(Row(id: id, query: query, ranked: text)), [], set: file.set, place: place)
                }
            }
        }
    }

    private static func ranked(
        _ record: JSON, query: String, name: String, isLabelled: Bool
    ) throws(RowError) -> [RankedText] {
        func relevance(of json: JSON) throws(RowError) -> Double { isLabelled ? try Self.relevance(of: json) : 0 }
        if let list = record["documents"] {
            guard let documents = list.array, !documents.isEmpty else { throw RowError("'documents' is no list of documents") }
            return try documents.map { document throws(RowError) in
                try RankedText(text(document, "text"), relevance: relevance(of: document), group: name)
            }
        }
        if record["better"] != nil || record["worse"] != nil {
            return [
                try RankedText(text(record, "better"), relevance: 1, group: name),
                try RankedText(text(record, "worse"), relevance: 0, group: name),
            ]
        }
        let group = record["group"].map { $0.string ?? $0.canonicalText } ?? query
        return [try RankedText(text(record, "document"), relevance: relevance(of: record), group: group)]
    }

    private static func relevance(of json: JSON) throws(RowError) -> Double {
        if let isRelevant = json["relevance"]?.bool { return isRelevant ? 1 : 0 }
        guard let relevance = json["relevance"]?.double else { throw RowError("there is no 'relevance', a number") }
        return relevance
    }

    private static func text(_ json: JSON, _ name: String) throws(RowError) -> String {
        guard let text = json[name]?.string, !text.isEmpty else { throw RowError("there is no '\(name)', a text") }
        return text
    }
}

extension Row {
    /// A row for each function that is ranked for this row's query.
    func ranking(of pool: [FunctionDefinition], negatives: Int) throws(RowError) -> [Row] {
        let called = Set(answers.map(\.name))
        var others = pool.filter { !called.contains($0.name) }
        if set == RowSets.training {
            let hashes = others.map { (StableHash.unit("negatives", 0, "\(id)/\($0.name)"), $0) }
            others = hashes.sorted { $0.0 < $1.0 }.prefix(negatives).map(\.1)
        }
        return try (pool.filter { called.contains($0.name) } + others).map { function throws(RowError) in
            let relevance: Double = called.contains(function.name) ? 1 : 0
            let text = try RankedText(function.shortText, relevance: relevance, group: id)
            var row = Row(id: "\(id)/\(function.name)", query: query, ranked: text)
            (row.background, row.set) = (background, set)
            if isUnlabelled { row = row.unlabelled }
            return row
        }
    }
}
