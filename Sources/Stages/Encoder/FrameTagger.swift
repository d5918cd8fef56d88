import Engine
import Foundation
import Kinds
import Words

/// A tagger of domain, intent and slots, as a stage trained it.
struct FrameTagger {
    private let scorer: EncoderScorer
    private let reader: FrameReader
    private let functions: [String: FunctionDefinition]
    private let workers: WorkerPool

    /// Whether an input is a tuned encoder, and no model that writes its answers.
    static func isTagger(_ input: String, in context: StageContext) -> Bool {
        FileManager.default.fileExists(atPath: context.input(input, EncoderHead.file).path)
    }

    /// - Parameter input: of `encoder.train`; the functions are those of the input `data`.
    init(_ input: String, in context: StageContext) throws {
        let encoder = try TunedEncoder(readingFolder: context.input(input))
        guard FileManager.default.fileExists(atPath: context.input(input, EncoderTrain.frames.name).path) else {
            throw StageFailure(
                "the encoder ranks functions and tags no slots; train it with encoder.train and 'labels: frames'")
        }
        reader = try FrameReader(encoder.heads, json: context.read(EncoderTrain.frames, from: input))
        scorer = EncoderScorer(encoder, workers: context.workers)
        (functions, workers) = (try context.readFunctions("data"), context.workers)
    }

    /// The answers to rows, in order.
    func answers(to rows: [Row]) throws -> [Answer] {
        let encoder = scorer.encoder
        let queries = rows.map { QueryWords($0.query) }
        let encoded = queries.map { encoder.tokenizer.encode(words: $0.words, atMost: encoder.sequenceLimit) }
        let scores = try scorer.scores(of: encoded.map(\.tokens), workers: workers)
        return rows.indices.map { index in
            let known = functions.merging((rows[index].definitions ?? []).map { ($0.name, $0) }) { $1 }
            let calls = reader.calls(
                for: queries[index], starts: encoded[index].starts, scores[index], functions: known)
            return Answer(
                row: rows[index].id, response: PromptStyle.response(of: calls),
                tokens: AnswerTokens(prompt: encoded[index].tokens.count, response: 0), hasEnded: true)
        }
    }
}

extension EvalFrames: RunnableStage {
    package static let artifact: [Output] = [.sets]

    package func run(in context: StageContext) throws {
        let tagger = try FrameTagger("model", in: context)
        for set in sets {
            try context.write(tagger.answers(to: context.readEvaluatedRows(of: set)), to: EvalGenerate.answers(to: set))
        }
    }
}
