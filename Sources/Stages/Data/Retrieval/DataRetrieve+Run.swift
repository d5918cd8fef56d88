import CanonicalJSON
import Engine
import Foundation
import Kinds
import Words

extension DataRetrieve: RunnableStage {
    private static let recall = File<JSON>("recall.json")
    package static let artifact: [Output] = [
        .file(DataFiles.functions), .file(DataFiles.task, isOptional: true), .sets, .figures(recall),
    ]

    package func run(in context: StageContext) throws {
        let sets = try context.readSets()
        let elsewhere = sets.functionsOfNamedSets
        let functions = try context.readFunctions("data").values
            .filter { !elsewhere.contains($0.name) }
            .sorted { $0.name.utf8.lexicographicallyPrecedes($1.name.utf8) }
        let search = try DocumentSearch(
            method, documents: functions.map(\.searchText), queries: sets.queries, in: context)
        let hidden = sets.unseenInTraining
        let pool = functions.indices.filter { !hidden.contains(functions[$0].name) }
        var recalls: [String: Recall] = [:]
        let retrieved = sets.mapRows { row, set in
            guard !RowSets.isNamed(set) else { return row }
            let isTraining = set == RowSets.training
            let places = search.scores(for: row.query).nearest(topK, among: isTraining ? pool : Array(functions.indices))
            let ranked = places.map { functions[$0].name }
            if !row.isUnlabelled { recalls[set, default: Recall(upTo: topK)].add(row, ranked: ranked) }
            var row = row
            row.functions = isTraining && addMissed ? Self.adding(row.answers.map(\.name), to: ranked) : ranked
            return row
        }
        try context.write(retrieved)
        try context.copy(DataFiles.functions.name, from: "data")
        try context.write(context.readTaskDescription())
        try context.write(
            [
                "method": .string(method.rawValue), "functions": .count(functions.count),
                "training_functions": .count(pool.count), "sets": .object(recalls.mapValues(\.json)),
            ], to: Self.recall)
    }

    /// The list with all wanted names: missing ones replace the farthest names that are not wanted.
    private static func adding(_ wanted: [String], to ranked: [String]) -> [String] {
        let missed = Set(wanted).subtracting(ranked).sorted()
        var left = ranked
        for _ in missed {
            if let place = left.lastIndex(where: { !wanted.contains($0) }) { left.remove(at: place) }
        }
        return left + missed
    }
}

extension FunctionDefinition {
    /// The text of a function that is ranked: its name cut into words, and its description.
    var shortText: String { [Self.words(of: name), summary].filter { !$0.isEmpty }.joined(separator: "\n") }

    /// The text of a function for the search: its name cut into words, its description, and a line for each parameter.
    var searchText: String {
        let parameters = properties.map { name, schema in
            ([Self.words(of: name)] + [schema["description"]?.string].compactMap { $0 }).joined(separator: ": ")
        }
        return ([Self.words(of: name), summary] + parameters).filter { !$0.isEmpty }.joined(separator: "\n")
    }

    private static func words(of name: String) -> String { SearchTerms.words(of: name).joined(separator: " ") }
}

/// The number of rows whose wanted functions are all among the first k retrieved ones.
struct Recall {
    /// 1, 2, 3, 5, 8, 10, 15, 20, 30, 50, 80, … up to `last`, and `last`.
    let places: [Int]
    private var found: [Int]
    private var rows = 0
    private var withoutCall = 0

    init(upTo last: Int) {
        let steps = [1, 2, 3, 5, 8, 10, 15, 20, 30, 50, 80, 100, 150, 200, 300, 500, 800]
        places = steps.filter { $0 < last } + [last]
        found = places.map { _ in 0 }
    }

    /// - Parameter ranked: names, the nearest first. A row without a call is counted apart.
    mutating func add(_ row: Row, ranked: [String]) {
        let wanted = Set(row.answers.map(\.name))
        if wanted.isEmpty {
            withoutCall += 1
            return
        }
        rows += 1
        let ranks = wanted.map { ranked.firstIndex(of: $0) ?? Int.max }
        for (index, place) in places.enumerated() where (ranks.max() ?? 0) < place { found[index] += 1 }
    }

    /// Shares between 0 and 1 by k; `null` where no row has a call.
    var json: JSON {
        let shares = zip(places, found).map { place, found in
            (String(place), rows == 0 ? JSON.null : .number(Double(found) / Double(rows)))
        }
        return [
            "rows": .count(rows), "rows_without_call": .count(withoutCall),
            "recall": .object(Dictionary(uniqueKeysWithValues: shares)),
        ]
    }
}

/// Scores of documents for queries that are known beforehand.
enum DocumentSearch {
    case words(BM25)
    /// Vectors of the documents, and of the queries by their text.
    case meanings([SentenceEmbedding], [String: SentenceEmbedding])

    /// - Parameter context: holds the input `encoder` where the method is `embedding`; its checkpoint keeps vectors.
    init(_ method: RetrievalMethod, documents: [String], queries: [String], in context: StageContext) throws {
        switch method {
        case .bm25: self = .words(BM25(documents: documents))
        case .embedding:
            guard context.hasInput("encoder") else { throw StageFailure("the method embedding needs the input 'encoder'") }
            let encoder = try context.withPublishedFiles(of: "encoder") { files in
                try SentenceEncoder(readingFolder: files.encoder(), workers: context.workers)
            }
            let texts = documents + queries
            let vectors = try encoder.embeddings(
                of: texts, workers: context.workers, checkpoint: context.resultCheckpoint(of: texts.count, unit: "text"))
            let found = Dictionary(uniqueKeysWithValues: zip(queries, vectors.dropFirst(documents.count)))
            self = .meanings(Array(vectors.prefix(documents.count)), found)
        }
    }

    /// A score for each document, larger for nearer ones; the query is one of those given.
    func scores(for query: String) -> [Double] {
        switch self {
        case .words(let index): index.scores(for: query)
        case .meanings(let documents, let queries):
            queries[query].map { vector in documents.map { $0.similarity(to: vector) } } ?? []
        }
    }
}
