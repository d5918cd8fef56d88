import BuildModel
import Testing

/// Variants share what they agree on: each has the stages that a recipe of its own would have.
@Suite struct SharedPartTests {
    private static let recipes = [
        // What surrounds the student is lowered once for all seeds.
        "transfer: KD*+RL\nprune: {ratio: 41%}\nquantize: {scheme: W4A16}",
        // The student has tokens of its own.
        "student: {tokenizer: {vocabulary: 300}}\ntransfer: KD[0.7GOLD+0.3CE]\nquantize: {scheme: W8A16}",
        // A stage of the recipe's own stands among those that are shared.
        "quantize: {scheme: W8A16}\nstages:\n  again: {kind: eval.cost, inputs: {model: student.kd, answers: student.kd.answers}}",
        "evaluate: {teacher: false, metrics: [ar, loss, speed, latency]}\nquantize: {scheme: W8A16}",
    ]

    @Test(arguments: recipes) func aVariantHasTheStagesThatItWouldHaveAlone(body: String) throws {
        func matrix(_ seeds: [Int], _ layers: [Int], _ groups: [Int]) -> String {
            "\nmatrix: {student.seed: \(seeds), student.init.layers: \(layers), quantize.group_size: \(groups)}"
        }
        let (seeds, layers, groups) = ([1, 2, 7], [2, 3], [8, 16])
        let together = try plan(body + matrix(seeds, layers, groups))
        var alone: Set<Int> = []
        for seed in seeds {
            for layer in layers {
                for group in groups { alone.formUnion(try plan(body + matrix([seed], [layer], [group])).computed) }
            }
        }
        #expect(together.computed == alone)
    }

    @Test func seedsShareTheTeacher() throws {
        let graph = try plan("quantize: {scheme: W8A16}\nmatrix: {student.seed: [1, 2, 3], quantize.group_size: [8, 16]}")
        #expect(graph.stages.count { $0.name.hasPrefix("teacher") } == 8)
        #expect(graph.stages.count { $0.kind == "tokenizer.train" } == 1)
        #expect(graph.stages.count { $0.kind == "model.init" } == 4)
        #expect(graph.stages.count { $0.kind == "quant.apply" } == 6)
    }
}

extension Graph {
    /// Every stage but the report, by what decides its key.
    fileprivate var computed: Set<Int> { Set(lineages.filter { $0.key != "report" }.values) }
}
