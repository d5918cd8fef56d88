import CKernels
import CanonicalJSON
import Foundation
import TestSupport
import Testing

@testable import Engine

/// The tuning of a small encoder with known weights against torch; `scripts/reference/encoder_training_reference.py` writes what
/// it gives.
@Suite struct EncoderTrainerTests {
    static let reference = Result { try referenceFile("encoder_training.json") }

    static let heads = [
        EncoderHead("intent", reading: .text, labels: ["a", "b", "c"]),
        EncoderHead("slots", reading: .tokens, labels: ["O", "B-x", "I-x", "B-y", "I-y"]),
        EncoderHead("values", reading: .text, labels: ["k=1", "l=1", "m=1", "n=1"], isExclusive: false),
    ]

    /// The folder of the reference's encoder with heads, their weights known too.
    static func folder() throws -> SentenceEncoderTests.Folder {
        let configuration = try EncoderConfiguration(json: try #require(try reference.get()["config"]))
        let parameters = EncoderLayout(configuration, heads: heads).parameters
        let names = parameters.map(\.name).sorted()
        var tensors: [String: StoredTensor] = [:]
        for parameter in parameters where parameter.name.hasPrefix(EncoderLayout.headPrefix) {
            let index = names.firstIndex(of: parameter.name) ?? 0
            let values = (0..<parameter.count).map { place in
                Float((Double((7919 * place + 104_729 * index) % 2003) / 2003 - 0.5) * 0.4)
            }
            tensors[parameter.name] = StoredTensor(values, shape: parameter.shape)
        }
        let folder = try SentenceEncoderTests.Folder(extra: tensors)
        let json: JSON = ["heads": .array(heads.map(\.json))]
        try folder.write(json.canonicalText, EncoderHead.file)
        return folder
    }

    static func encoder() throws -> TunedEncoder {
        let folder = try folder()
        return try withExtendedLifetime(folder) { try TunedEncoder(readingFolder: folder.url) }
    }

    static func examples() throws -> [EncoderExample] {
        func places(_ json: JSON?) -> [Int32] { (json?.array ?? []).compactMap(\.integer).map(Int32.init) }
        return try #require(try reference.get()["rows"]?.array).map { row in
            EncoderExample(
                tokens: places(row["tokens"]),
                targets: [[Int32(row["intent"]?.integer ?? 0)], places(row["slots"]), places(row["values"])])
        }
    }

    static func options(steps: Int = 4, batch: Int = 3) -> TrainingOptions {
        TrainingOptions(
            steps: steps, batch: batch, learningRate: 1e-2, optimizer: .adamW, warmup: 0, weightDecay: 0.1, seed: 1)
    }

    static func trainer(
        _ encoder: TunedEncoder, steps: Int = 4, batch: Int = 3, workers: WorkerPool = .caller
    ) throws -> EncoderTrainer {
        try EncoderTrainer(encoder, on: try examples(), options: options(steps: steps, batch: batch), workers: workers)
    }

    @Test func gradientsAreThoseOfTheLibrary() throws {
        let encoder = try Self.encoder()
        let trainer = try Self.trainer(encoder)
        let loss = trainer.computeGradients(try Self.examples())
        let reference = try Self.reference.get()
        let expected = try #require(reference["training"]?["curve"]?[0]?["loss"]?.double)
        #expect(abs(loss - expected) < 1e-5)
        let gradient = trainer.gradientValues
        for parameter in encoder.layout.parameters {
            let own = gradient[parameter.range].map(Double.init)
            let known = try #require(reference["gradients"]?[parameter.name], "\(parameter.name)")
            let squares = try #require(known["squares"]?.double)
            let size = max(squares.squareRoot(), 1e-2)
            #expect(abs(own.reduce(0) { $0 + $1 * $1 } - squares) < 1e-4 * size * size, "\(parameter.name)")
            #expect(abs(own.reduce(0, +) - (known["sum"]?.double ?? .nan)) < 1e-3 * size, "\(parameter.name)")
            for (found, wanted) in zip(own.suffix(6), (known["last"]?.array ?? []).compactMap(\.double)) {
                #expect(abs(found - wanted) < 1e-5 * max(size, 1), "\(parameter.name)")
            }
        }
    }

    @Test func stepsAreThoseOfTheLibrary() throws {
        let trainer = try Self.trainer(Self.encoder())
        for known in try #require(try Self.reference.get()["training"]?["curve"]?.array) {
            let step = trainer.advance()
            #expect(abs(step.loss - (known["loss"]?.double ?? .nan)) < 5e-4)
            #expect(abs(step.gradientNorm - (known["norm"]?.double ?? .nan)) < 5e-3)
        }
    }

    @Test func gradientsAreThoseOfDifferences() throws {
        let encoder = try Self.encoder()
        let examples = try Self.examples()
        let trainer = try Self.trainer(encoder)
        _ = trainer.computeGradients(examples)
        func loss(_ weights: [Float]) -> Double {
            let moved = encoder.with(weights: FloatBuffer(weights))
            return (try? Self.trainer(moved))?.computeGradients(examples) ?? .nan
        }
        expectGradient(
            trainer.gradientValues, of: loss, at: encoder.weights.values, step: 3e-4, tolerance: 2e-2,
            name: "encoder with heads")
    }

    /// What is run computes what was trained, and nothing but the text is part of its scores.
    @Test func scoresAreThoseThatTrainingSees() throws {
        let encoder = try Self.encoder()
        let examples = try Self.examples()
        let sequences = (0..<40).map { examples[$0 % 3].tokens }
        let scores = try EncoderScorer(encoder, workers: .caller).scores(of: sequences, workers: .caller)
        let pool = WorkerPool(threads: 3)
        #expect(try EncoderScorer(encoder, workers: pool).scores(of: sequences, workers: pool) == scores)
        #expect(try EncoderScorer(encoder, workers: .caller).scores(of: [sequences[1]], workers: .caller) == [scores[1]])
        var sum = 0.0
        for (example, score) in zip(examples, scores) {
            var (intents, values) = (score.logits[0], score.logits[2])
            sum += HeadLoss.exclusive(&intents, labels: 3, target: Int(example.targets[0][0]), scale: 1)
            sum += HeadLoss.each(&values, labels: 4, targets: [], scale: 1)
        }
        // No token counts.
        let rest = examples.map { EncoderExample(tokens: $0.tokens, targets: [$0.targets[0], $0.tokens.map { _ in -1 }, []]) }
        let loss = try Self.trainer(encoder).computeGradients(rest)
        #expect(abs(sum / 3 - loss) < 1e-6)
    }

    @Test func neitherThreadsNorAStopChangeAnyBit() throws {
        let encoder = try Self.encoder()
        let whole = try Self.trainer(encoder, steps: 6, batch: 2)
        for _ in 0..<6 { _ = whole.advance() }
        let pool = WorkerPool(threads: 3)
        let first = try Self.trainer(encoder, steps: 6, batch: 2, workers: pool)
        for _ in 0..<3 { _ = first.advance() }
        let second = try Self.trainer(encoder, steps: 6, batch: 2, workers: pool)
        try second.restore(first.state)
        for _ in 0..<3 { _ = second.advance() }
        #expect(second.state == whole.state)
        #expect(throws: TrainingError.self) {
            try second.restore(LearnerState(step: 1, weights: [0], firstMoments: [0], secondMoments: [0]))
        }
    }

    @Test func whatIsWrittenIsWhatIsRead() throws {
        let folder = try Self.folder()
        let trainer = try Self.trainer(TunedEncoder(readingFolder: folder.url))
        _ = trainer.advance()
        let target = TemporaryFolder()
        try FileManager.default.createDirectory(at: target.url, withIntermediateDirectories: true)
        try trainer.trained.write(to: target.url, filesFrom: folder.url)
        let read = try TunedEncoder(readingFolder: target.url)
        #expect(read.heads == Self.heads)
        #expect(read.weights.values == trainer.trained.weights.values)
        // The encoder below the heads is one that encodes sentences.
        #expect(throws: Never.self) { try SentenceEncoder(readingFolder: target.url, workers: .caller) }
    }

    @Test func newHeadsAreDrawnByTheSeed() throws {
        let folder = try SentenceEncoderTests.Folder()
        func weights(_ seed: UInt64) throws -> [Float] {
            try TunedEncoder(readingFolder: folder.url, adding: Self.heads, seed: seed).weights.values
        }
        let encoder = try TunedEncoder(readingFolder: folder.url, adding: Self.heads, seed: 1)
        let first = try #require(encoder.layout.heads.first)
        let (one, two) = (try weights(1), try weights(2))
        #expect(one == encoder.weights.values && one != two)
        #expect(one[..<first.weight] == two[..<first.weight])
        #expect(one[first.bias..<first.bias + 3] == [0, 0, 0])
        #expect(one[first.weight..<first.bias].allSatisfy { abs($0) < 0.1 })
    }

    @Test func whatDoesNotFitIsRefused() throws {
        let encoder = try Self.encoder()
        func failure(_ example: EncoderExample) -> String {
            do {
                _ = try EncoderTrainer(encoder, on: [example], options: Self.options(), workers: .caller)
                return ""
            } catch {
                return "\(error)"
            }
        }
        let right = try Self.examples()[1]
        #expect(failure(right) == "")
        var wrong = right
        wrong.tokens[1] = 21
        #expect(failure(wrong).contains("a token that the encoder does not know"))
        wrong = right
        wrong.tokens = []
        #expect(failure(wrong).contains("has 0 tokens; the encoder reads up to 20"))
        wrong = right
        wrong.targets[0] = [3]
        #expect(failure(wrong).contains("a label that the head 'intent' does not have"))
        wrong = right
        wrong.targets[1] = [0]
        #expect(failure(wrong).contains("has 1 labels for the head 'slots'"))
        #expect(throws: TrainingError.self) {
            try EncoderTrainer(encoder, on: [], options: Self.options(), workers: .caller)
        }
        let plain = try SentenceEncoderTests.Folder()
        withExtendedLifetime(plain) {
            #expect { try TunedEncoder(readingFolder: plain.url) } throws: {
                "\($0)".contains("the encoder has no heads; train them")
            }
        }
    }

    @Test func backwardKernelsAgreeWithDifferences() {
        for count in [1, 7, 8, 24, 37] {
            let (x, dy) = (randomFloats(2 * count, seed: 5), randomFloats(2 * count, seed: 8))
            if count > 1 { Self.expectNormGradients(x, dy, count) }
            var slope = dy
            decant_gelu_backward(x, &slope, 2 * count)
            expectGradient(slope, of: { weighted(Self.gelu($0), dy) }, at: x, name: "gelu")
            var dscores = dy
            decant_softmax_backward(Self.softmax(x, count), &dscores, 1.5, 2, count)
            expectGradient(dscores, of: { weighted(Self.softmax($0, count), dy) }, at: x, name: "softmax")
        }
    }

    private static func expectNormGradients(_ x: [Float], _ dy: [Float], _ count: Int) {
        let (weight, bias) = (randomFloats(count, seed: 6), randomFloats(count, seed: 7))
        var dx = dy
        var dw = [Float](repeating: 0, count: count)
        var db = dw
        decant_layernorm_backward(x, weight, dy, &dx, &dw, &db, 2, count, 1e-5)
        func value(_ x: [Float], _ weight: [Float], _ bias: [Float]) -> Double {
            var y = [Float](repeating: 0, count: 2 * count)
            decant_layernorm(x, weight, bias, &y, 2, count, 1e-5)
            return weighted(y, dy)
        }
        expectGradient(dx, of: { value($0, weight, bias) }, at: x, step: 2e-3, name: "layernorm x")
        expectGradient(dw, of: { value(x, $0, bias) }, at: weight, name: "layernorm weight")
        expectGradient(db, of: { value(x, weight, $0) }, at: bias, name: "layernorm bias")
    }

    private static func gelu(_ x: [Float]) -> [Float] {
        var y = x
        decant_gelu(&y, x.count)
        return y
    }

    /// Of rows of so many columns, at temperature 1.5.
    private static func softmax(_ x: [Float], _ count: Int) -> [Float] {
        stride(from: 0, to: x.count, by: count).flatMap { start -> [Float] in
            var row = Array(x[start..<start + count])
            let source = row
            _ = decant_softmax(source, &row, 1.5, count)
            return row
        }
    }
}
