import Testing

@testable import Engine

struct SharedHeadTests {
    /// Prompts with heads of several lengths in common, some of them within a block, and some equal.
    private static let prompts: [[Int32]] = {
        let system = (0..<37).map { Int32(($0 * 5 + 1) % 36) }
        let tails: [[Int32]] = [[1], [1], [2, 3], [1, 2, 3, 4], [1, 2, 3, 5], [], [30]]
        return tails.map { system + $0 } + tails.map { Array(system.prefix(16)) + $0 } + [[5, 6], Array(system.prefix(32))]
    }()

    @Test func theCommonHeadOfTwoPromptsIsReadOnce() throws {
        let cache = CacheBlocks(try Fixture.configuration())
        var head = SharedHead()
        let first = head.blocks(for: Array(0..<35), in: cache)
        #expect((first.held, first.blocks.count, first.copy == nil) == (0, 3, true))
        // Another sample: all but the last token.
        let again = head.blocks(for: Array(0..<35), in: cache)
        #expect((again.held, again.copy?.source, again.copy?.target) == (34, first.blocks[2], again.blocks[2]))
        #expect(again.blocks.prefix(2) == first.blocks.prefix(2))
        // A whole block in common, at its border.
        let other = head.blocks(for: Array(0..<16) + [99, 98], in: cache)
        #expect((other.held, other.copy == nil, other.blocks[0] == first.blocks[0]) == (16, true, true))
        // Within the block.
        let inside = head.blocks(for: Array(0..<16) + [99, 1, 2], in: cache)
        #expect((inside.held, inside.copy?.source) == (17, other.blocks[1]))
        for (blocks, copy) in [
            (first.blocks, first.copy), (again.blocks, again.copy), (other.blocks, nil), (inside.blocks, inside.copy),
        ] {
            cache.release(blocks)
            if let copy { cache.release([copy.source]) }
        }
        head.release(in: cache)
        #expect(cache.heldCount == 0)
    }

    @Test(arguments: [0, 1])
    func answersAreEqualWithAndWithoutSharing(temperature: Double) throws {
        let model = InferenceModel(try Fixture.model())
        let options = GenerationOptions(maximumTokens: 20, temperature: temperature, seed: 2)
        var alone: [GeneratedSequence] = []
        for item in Self.prompts.indices {
            // At its own number, for the random numbers; what is done is left out.
            let others = Dictionary(
                uniqueKeysWithValues: Self.prompts.indices.filter { $0 != item }.map { ($0, GeneratedSequence()) })
            alone.append(
                try model.generate(
                    Self.prompts, options: options, workers: WorkerPool(threads: 1),
                    checkpoint: ResultCheckpoint(done: others) { _, _ in })[item])
        }
        for (places, stepTokens) in [(64, 256), (2, 256), (3, 5), (64, 20)] {
            let generator = Generator(model, workers: WorkerPool(threads: 2), places: places, promptTokensPerStep: stepTokens)
            #expect(try generator.generate(Self.prompts.map { GenerationPrompt($0) }, options: options) == alone)
        }
    }
}
