import Kinds
import Testing

/// The memory that stages are estimated at, from the formulas that their kinds declare.
@Suite struct MemoryTests {
    /// - Parameters:
    ///   - inputs: bytes by the inputs' names.
    ///   - expected: bytes beyond those of a run whose inputs are empty.
    @Test(arguments: [
        ("train.sft", ["model": 100, "data": 10], 11 * 100 + 5 * 10),
        ("train.sft", ["model": 100, "data": 10, "state": 300], 11 * 100 + 5 * 10 + 300),
        ("kd.direct", ["model": 100, "teacher": 300, "data": 10], 11 * 100 + 3 * 300 + 5 * 10),
        // The teacher is read alone; the student answers too.
        ("kd.on-policy", ["model": 100, "teacher": 300, "data": 10], 15 * 100 + 3 * 300 + 5 * 10),
        ("rl.train", ["model": 100, "data": 10], 17 * 100 + 5 * 10),
        ("eval.generate", ["model": 100, "data": 10], 4 * 100 + 8 * 10),
        ("judge", ["samples": 10, "data": 20], 2 * 30), ("judge", ["judge": 100, "samples": 10, "data": 20], 4 * 100 + 8 * 30),
        ("model.import", ["files": 10], 9 * 10), ("adapter.merge", ["model": 100, "adapters": 10], 4 * 100 + 3 * 10),
        // Of the statistics, one layer's are read at a time.
        ("quant.apply", ["model": 100, "statistics": 1000, "data": 10], 4 * 100 + 8 * 10),
        ("data.retrieve", ["encoder": 1000, "data": 10], 3 * 1000 + 16 * 10),
        ("prune.apply", ["model": 100, "scores": 10], 2 * 110),
        // Of the model whose tokens are kept, the tokenizer alone is read.
        ("prune.vocabulary", ["model": 100, "data": 10, "tokenizer": 1000], 4 * 100 + 8 * 10),
    ])
    func eachInputCountsAsOftenAsAKindHoldsIt(name: String, inputs: [String: Int], expected: Int) throws {
        let kind = try #require(KindCatalogue.standard.kind(named: name)).standard
        #expect(kind.memory(inputs) - kind.memory(inputs.mapValues { _ in 0 }) == expected)
    }
}
