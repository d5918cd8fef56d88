import Foundation
import Testing

@testable import Engine

struct WidthPruningTests {
    /// Qwen2.5-0.5B; the counts do not need its weights.
    private static func qwen(vocabulary: Int = 151_936) throws -> ModelConfiguration {
        try ModelConfiguration(
            vocabularySize: vocabulary, hiddenSize: 896, layerCount: 24, headCount: 14, keyValueHeadCount: 2,
            intermediateSize: 4864, maximumPositions: 32_768, ropeTheta: 1_000_000)
    }

    /// Appendix H of From Large to Super-Tiny, table 7: billions of parameters without and of the embedding. It prints 0.282
    /// for 704×4864, whose shape gives 0.2812.
    private static let table: [(Int, Int, String, String)] = [
        (896, 4864, "0.358", "0.136"), (896, 3328, "0.259", "0.136"), (832, 3840, "0.271", "0.126"),
        (768, 4352, "0.278", "0.117"), (704, 4864, "0.281", "0.107"), (896, 2560, "0.209", "0.136"),
        (768, 3584, "0.236", "0.117"), (704, 4096, "0.242", "0.107"), (640, 4864, "0.256", "0.097"),
    ]

    @Test func theShapesOfThePaperTableAreOnTheGridWithItsParameterCounts() throws {
        let grid = ShapeGrid(try Self.qwen(), hiddenStep: 64, intermediateStep: 256)
        for (hidden, intermediate, others, embedding) in Self.table {
            let shape = try #require(grid.shapes.first { $0.hidden == hidden && $0.intermediate == intermediate })
            let words = 151_936 * hidden
            #expect(billions(words) == embedding)
            #expect(billions(shape.parameters - words) == others, "\(hidden)×\(intermediate)")
        }
    }

    /// The search's own list: at 20% exactly the paper's four shapes.
    @Test func theShapesNearARatioAreThoseOfThePaper() throws {
        let grid = ShapeGrid(try Self.qwen(), hiddenStep: 64, intermediateStep: 256)
        let near = grid.shapes(near: 0.2, within: 0.02).map { [$0.hidden, $0.intermediate] }
        #expect(near == [[896, 3328], [832, 3840], [768, 4352], [704, 4864]])
        let smallest = grid.shapes(near: 0.03, within: 0.04)
        #expect(!smallest.isEmpty && smallest.allSatisfy { $0.parameters < grid.parameters }, "something goes")
        let further = Set(grid.shapes(near: 0.3, within: 0.02).map { [$0.hidden, $0.intermediate] })
        #expect(further.isSuperset(of: [[896, 2560], [768, 3584], [704, 4096], [640, 4864]]))
    }

    /// The paper's shapes cut out of real weights, with its widths and heads; one layer and a small vocabulary keep it small,
    /// and what they leave out is added by the count of a layer and of a word.
    @Test(arguments: [1, 5, 8])
    func prunedWeightsHaveAsManyParametersAsTheTableSays(row: Int) throws {
        let (hidden, intermediate, others, embedding) = Self.table[row]
        var small = try Self.qwen(vocabulary: 300)
        small.layerCount = 1
        let model = Model(initializing: small, seed: 1)
        let importance = ChannelImportance(
            hidden: (0..<896).map { Double($0 * 37 % 896) },
            intermediate: [(0..<4864).map { Double($0 * 3 % 4864) }], heads: [Array(repeating: 1, count: 14)])
        let pruned = try model.keeping(
            ChannelSelection(small, hidden: hidden, intermediate: intermediate, by: importance))
        let layer = pruned.parameters.filter { $0.name.hasPrefix("model.layers.0.") }.reduce(0) { $0 + $1.count }
        #expect(pruned.values.count == 300 * hidden + layer + hidden)
        #expect(billions(24 * layer + hidden) == others)
        #expect(billions(151_936 * (pruned.values.count - layer - hidden) / 300) == embedding)
        #expect(pruned.configuration.json["head_dim"] == (hidden == 896 ? nil : 64))
    }

    /// The same of the whole model, 2 GB of zeros: run once by `DECANT_FULL_SHAPES=1 swift test … --filter WidthPruningTests`.
    @Test(
        .enabled(if: ProcessInfo.processInfo.environment["DECANT_FULL_SHAPES"] != nil))
    func theWholeModelPrunedToEveryShapeOfTheTable() throws {
        let model = Model(zeros: try Self.qwen())
        let importance = ChannelImportance(
            hidden: (0..<896).map { Double($0 * 37 % 896) },
            intermediate: (0..<24).map { layer in (0..<4864).map { Double($0 * (layer + 3) % 4864) } },
            heads: Array(repeating: Array(repeating: 1, count: 14), count: 24))
        for (hidden, intermediate, others, embedding) in Self.table {
            let pruned = try model.keeping(
                ChannelSelection(model.configuration, hidden: hidden, intermediate: intermediate, by: importance))
            let words = try #require(pruned.parameter(named: "model.embed_tokens.weight")).count
            #expect(billions(words) == embedding)
            #expect(billions(pruned.values.count - words) == others, "\(hidden)×\(intermediate)")
        }
    }

    @Test func theBestShapeHasTheLowestPerplexityOfThePrunedModels() throws {
        let model = InferenceModel(try Fixture.model(layers: 2))
        let sequences = Fixture.examples(30).map(\.tokens)
        let workers = WorkerPool(threads: 2)
        let importance = try model.channelImportance(sequences, workers: workers)
        let grid = ShapeGrid(model.model.configuration, hiddenStep: 4, intermediateStep: 8)
        let shapes = grid.shapes(near: 0.35, within: 0.08)
        #expect(shapes.count > 2)
        let search = try WidthSearch(of: shapes, model, by: importance, on: sequences, workers: workers)
        for candidate in search.candidates {
            let selection = try ChannelSelection(
                model.model.configuration, hidden: candidate.shape.hidden, intermediate: candidate.shape.intermediate,
                by: importance)
            let pruned = try model.model.keeping(selection)
            #expect(pruned.parameterCount == candidate.shape.parameters)
            var sum = (loss: 0.0, tokens: 0)
            for sequence in sequences {
                let windows = try PerplexityWindows(count: sequence.count, context: sequence.count, stride: sequence.count)
                let perplexity = try InferenceModel(pruned).perplexity(of: sequence, in: windows, workers: workers)
                sum.loss += perplexity.loss * Double(perplexity.countedTokens)
                sum.tokens += perplexity.countedTokens
            }
            let expected = PortableMath.exp(sum.loss / Double(sum.tokens))
            #expect(abs(candidate.perplexity / expected - 1) < 1e-6)
        }
        #expect(search.candidates[search.best].perplexity == search.candidates.map(\.perplexity).min())

        let alone = try WidthSearch(of: shapes, model, by: importance, on: sequences, workers: WorkerPool(threads: 1))
        #expect(alone.candidates == search.candidates)
        let kept = Kept<[Double]>()
        _ = try WidthSearch(of: shapes, model, by: importance, on: sequences, workers: workers, checkpoint: kept.checkpoint)
        kept.items[0] = nil
        let resumed = try WidthSearch(
            of: shapes, model, by: importance, on: sequences, workers: workers, checkpoint: kept.checkpoint)
        #expect(resumed.candidates == search.candidates && resumed.best == search.best)
        #expect(throws: ChannelPruningError.self) {
            try WidthSearch(of: [], model, by: importance, on: sequences, workers: workers)
        }
    }

    private func billions(_ count: Int) -> String {
        let thousandths = (count + 500_000) / 1_000_000
        return "0." + String(repeating: "0", count: max(0, 3 - String(thousandths).count)) + String(thousandths)
    }
}
