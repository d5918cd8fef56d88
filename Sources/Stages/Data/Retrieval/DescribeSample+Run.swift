import CanonicalJSON
import Engine
import Kinds
import Words

extension DescribeSample: RunnableStage {
    private static let candidates = File<JSON>("candidates.json")
    private static let summary = File<JSON>("summary.json")
    package static let artifact: [Output] = [
        .file(DataFiles.functions), .file(DataFiles.task), .file(DataFiles.train), .file(candidates), .figures(summary),
    ]

    package func run(in context: StageContext) throws {
        let functions = try context.describedFunctions()
        let rows = try context.read(DataFiles.train, from: "data").filter { !$0.isPassage }
        let queries = Self.queries(of: rows)
        let asked = functions.indices.filter { queries[functions[$0].name] != nil }
        guard !asked.isEmpty else { throw StageFailure("no training row calls a function that could be described") }
        let texts = try DescriptionWriter(in: context).texts(
            about: asked.map { functions[$0] }, prompt, samples: samples, temperature: temperature, maxTokens: maxTokens,
            seed: seed, checkpoint: context.resultCheckpoint(of: asked.count * samples, unit: "description"))
        let trial = try DescriptionTrial(
            self, functions, queries: queries, texts: zip(asked, texts).map { ($0, $1) }, in: context)
        var (lessons, lines, before, after) = ([Row](), [JSON](), 0.0, 0.0)
        for (place, texts) in zip(asked, texts) {
            let function = functions[place]
            let own = try trial.found(place, document: function.document(document))
            var best: (text: String, found: FoundRanks)?
            for text in Set(texts).sorted() {
                let found = try trial.found(place, document: function.described(by: text).document(document))
                let isBetter = found.isBetter(than: best?.found ?? own)
                if isBetter { best = (text, found) }
                lines.append(found.line(function.name, text))
            }
            before += own.recall
            after += (best?.found ?? own).recall
            guard let best else { continue }
            var lesson = DescriptionWriter.question(about: function, prompt)
            lesson.reply = best.text
            lessons.append(lesson)
        }
        guard !lessons.isEmpty else {
            throw StageFailure(
                "none of the \(lines.count) descriptions finds more training queries than the function's own; take another "
                    + "model, more samples, or leave 'describe' out")
        }
        try context.write(FunctionPool([FunctionDefinition]()), to: DataFiles.functions)
        try context.write(DescriptionWriter.task, to: DataFiles.task)
        try context.write(lessons, to: DataFiles.train)
        try context.write(JSON.array(lines), to: Self.candidates)
        let count = Double(asked.count)
        try context.write(
            [
                "functions": .count(asked.count), "descriptions": .count(lines.count), "accepted": .count(lessons.count),
                "top_k": .count(topK), "recall_before": .number(before / count), "recall_after": .number(after / count),
            ],
            to: Self.summary)
    }

    /// The training queries of each function that they call.
    private static func queries(of rows: [Row]) -> [String: [String]] {
        var queries: [String: [String]] = [:]
        for row in rows { for name in Set(row.answers.map(\.name)) { queries[name, default: []].append(row.query) } }
        return queries
    }
}

/// How soon a function comes for the queries that want it.
struct FoundRanks {
    /// Share of the queries for which it is among the first k.
    let recall: Double
    /// Mean of 1/rank.
    let reciprocal: Double

    func isBetter(than other: FoundRanks) -> Bool { (other.recall, other.reciprocal) < (recall, reciprocal) }

    func line(_ function: String, _ text: String) -> JSON {
        ["function": .string(function), "text": .string(text), "recall": .number(recall), "mrr": .number(reciprocal)]
    }
}

/// Tries documents in the place of a function's own.
private struct DescriptionTrial {
    private let topK: Int
    private let documents: [String]
    private let queries: [[String]]
    /// `nil` where words are compared.
    private let vectors: [String: SentenceEmbedding]?
    private let instruction: String

    /// - Parameter texts: descriptions by the place of their function.
    init(
        _ kind: DescribeSample, _ functions: [FunctionDefinition], queries: [String: [String]], texts: [(Int, [String])],
        in context: StageContext
    ) throws {
        (topK, instruction) = (kind.topK, kind.queryInstruction)
        documents = functions.map { $0.document(kind.document) }
        self.queries = functions.map { queries[$0.name] ?? [] }
        switch kind.method {
        case .bm25: vectors = nil
        case .classifier: throw StageFailure("a classifier reads no descriptions; describe functions for bm25 or embedding")
        case .embedding:
            try context.checkThatThereIsAnEncoder(for: kind.method)
            let encoder = try context.textEncoder()
            let candidates = texts.flatMap { place, texts in
                texts.map { functions[place].described(by: $0).document(kind.document) }
            }
            let asked = self.queries.joined().map { kind.queryInstruction + $0 }
            let all = Set(documents + candidates + asked).sorted()
            // The stage's checkpoint is that of the descriptions.
            let found = try encoder.embeddings(of: all, workers: context.workers)
            vectors = Dictionary(uniqueKeysWithValues: zip(all, found))
        }
    }

    /// Where the function at a place comes among all for its queries, with this document.
    func found(_ place: Int, document: String) throws -> FoundRanks {
        let ranks = vectors.map { self.ranks(of: place, document, by: $0) } ?? ranksByWords(of: place, document)
        let count = Double(max(ranks.count, 1))
        return FoundRanks(
            recall: Double(ranks.count { $0 <= topK }) / count,
            reciprocal: ranks.reduce(0.0) { $0 + 1 / Double($1) } / count)
    }

    private func ranksByWords(of place: Int, _ document: String) -> [Int] {
        var documents = documents
        documents[place] = document
        let index = BM25(documents: documents)
        return queries[place].map { Self.rank(of: place, in: index.scores(for: $0)) }
    }

    private func ranks(of place: Int, _ document: String, by vectors: [String: SentenceEmbedding]) -> [Int] {
        queries[place].map { query in
            guard let asked = vectors[instruction + query] else { return documents.count }
            let scores = documents.enumerated().map { index, own in
                vectors[index == place ? document : own]?.similarity(to: asked) ?? -1
            }
            return Self.rank(of: place, in: scores)
        }
    }

    /// From 1; of equal scores the first has the better rank.
    private static func rank(of place: Int, in scores: [Double]) -> Int {
        1 + scores.indices.count { scores[$0] > scores[place] || (scores[$0] == scores[place] && $0 < place) }
    }
}
