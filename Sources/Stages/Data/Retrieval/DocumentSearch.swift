import Engine
import Foundation
import Kinds
import Words

/// Scores of documents for queries that are known beforehand.
enum DocumentSearch {
    case words(BM25)
    /// Vectors of the documents, and of the queries by their text.
    case meanings([SentenceEmbedding], [String: SentenceEmbedding])
    /// Of each document its label among a classifier's, if it has one; logits of the labels by query.
    case labels([Int?], [String: [Float]])

    /// - Parameters:
    ///   - names: of the documents, where a classifier may rank them.
    ///   - instruction: a text before each query that is embedded.
    ///   - context: holds the input `encoder` but for `bm25`; its checkpoint keeps vectors.
    init(
        _ method: RetrievalMethod, documents: [String], named names: [String] = [], queries: [String],
        instruction: String = "", in context: StageContext
    ) throws {
        if method != .bm25 { try context.checkThatThereIsAnEncoder(for: method) }
        switch method {
        case .bm25: self = .words(BM25(documents: documents))
        case .embedding:
            let encoder = try context.textEncoder()
            let texts = documents + queries.map { instruction + $0 }
            let vectors = try encoder.embeddings(
                of: texts, workers: context.workers, checkpoint: context.resultCheckpoint(of: texts.count, unit: "text"))
            let found = Dictionary(uniqueKeysWithValues: zip(queries, vectors.dropFirst(documents.count)))
            self = .meanings(Array(vectors.prefix(documents.count)), found)
        case .classifier:
            let unlabelled = StageFailure(
                "the input 'encoder' has no labels for what is to be ranked; train it with encoder.train")
            let folder = context.input("encoder")
            guard FileManager.default.fileExists(atPath: folder.appending(path: EncoderHead.file).path) else {
                throw unlabelled
            }
            let encoder = try TunedEncoder(readingFolder: folder)
            guard let head = encoder.head(EncoderTrain.functionHead), encoder.heads[head].reading == .text, !names.isEmpty
            else { throw unlabelled }
            let labels = encoder.heads[head].labels
            let tokens = queries.map { encoder.tokenizer.encode($0, atMost: encoder.sequenceLimit) }
            let scores = try EncoderScorer(encoder, workers: context.workers).scores(of: tokens, workers: context.workers)
            self = .labels(
                names.map { labels.firstIndex(of: $0) },
                Dictionary(uniqueKeysWithValues: zip(queries, scores.map { $0.logits[head] })))
        }
    }

    /// Whether a document can be ranked at all.
    func canFind(_ document: Int) -> Bool {
        if case .labels(let labels, _) = self { labels[document] != nil } else { true }
    }

    /// A score for each document, larger for nearer ones; the query is one of those given.
    func scores(for query: String) -> [Double] {
        switch self {
        case .words(let index): index.scores(for: query)
        case .meanings(let documents, let queries):
            queries[query].map { vector in documents.map { $0.similarity(to: vector) } } ?? []
        case .labels(let labels, let queries):
            queries[query].map { logits in labels.map { label in label.map { Double(logits[$0]) } ?? -.infinity } } ?? []
        }
    }
}

extension StageContext {
    func checkThatThereIsAnEncoder(for method: RetrievalMethod) throws(StageFailure) {
        guard hasInput("encoder") else { throw StageFailure("the method \(method.rawValue) needs the input 'encoder'") }
    }

    /// The published encoder of the input `encoder`, which makes vectors of texts.
    func textEncoder() throws -> TextEncoder {
        try withPublishedFiles(of: "encoder") { files in
            try TextEncoder(readingFolder: files.encoder(), products: products, workers: workers)
        }
    }
}
