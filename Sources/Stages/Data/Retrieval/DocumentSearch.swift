import Engine
import Foundation
import Planner
import Words

/// How near each of a list of documents is to queries that are known beforehand.
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
            let encoder = try SentenceEncoder(
                readingFolder: Self.folder(in: context.input("encoder")), workers: context.workers)
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

    /// The one folder among an encoder's files that has weights beside its `config.json`.
    private static func folder(in source: URL) throws -> URL {
        let files = try FileManager.default.subpathsOfDirectory(atPath: source.path).sorted()
        func folder(of path: String) -> String { (path as NSString).deletingLastPathComponent }
        let withWeights = Set(files.filter { $0.hasSuffix(".safetensors") }.map(folder))
        let folders = files.filter { ($0 as NSString).lastPathComponent == "config.json" }.map(folder).filter(
            withWeights.contains)
        guard folders.count == 1 else {
            let count = folders.isEmpty ? "no config.json with .safetensors files beside it" : "more than one model"
            throw StageFailure(
                "the encoder's source has \(count), but \(files.prefix(8).joined(separator: ", ")); name the model's files "
                    + "as its members")
        }
        return folders[0].isEmpty ? source : source.appending(path: folders[0], directoryHint: .isDirectory)
    }
}
