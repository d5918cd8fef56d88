import BuildModel
import Kinds
import RecipeLanguage
import Testing

/// The operations that stages are estimated at, from the formulas that their kinds declare.
@Suite struct WorkTests {
    private static let body = """
        teacher: {init: {hidden: 64, layers: 2, heads: 4, kv_heads: 2, intermediate: 128}, transfer: 'SFT(steps: 10, batch: 8)'}
        student: {init: {hidden: 32, layers: 2, heads: 4, kv_heads: 2, intermediate: 64}}
        tokenizer: {vocabulary: 512}
        transfer: 'KD(steps: 20, batch: 4)+RL(steps: 5, batch: 2, rollouts: 6)'
        prune: {method: magnitude, ratio: 10%, samples: 50, recover: none}
        quantize: {method: gptq, group_size: 32, num_calibration_samples: 30}

        """

    private func work(of name: String) throws -> Double? {
        let graph = try plan(Self.body)
        return graph[try #require(graph.stage(named: name), "\(graph.names)")].work
    }

    private func model(hidden: Int, intermediate: Int) -> ModelWork {
        var shape = ModelShape.standard
        (shape.hidden, shape.layers, shape.intermediate) = (hidden, 2, intermediate)
        return ModelSize(shape, vocabulary: 512).work
    }

    private func parameters(hidden: Int, intermediate: Int) -> Double {
        Double(model(hidden: hidden, intermediate: intermediate).parameters)
    }

    /// And an update of Muon at every step.
    @Test func trainingTakesSixOperationsPerParameterAndToken() throws {
        func step(_ model: ModelWork, rows: Double) -> Double {
            let parameters = Double(model.parameters)
            return 6 * parameters * 36 * rows + 100 * parameters + 24 * Double(model.width) * Double(model.matrices)
        }
        let (teacher, student) = (model(hidden: 64, intermediate: 128), model(hidden: 32, intermediate: 64))
        #expect(try work(of: "teacher.sft") == 10 * step(teacher, rows: 8))
        #expect(try work(of: "student.kd") == 20 * step(student, rows: 4))
        #expect(try work(of: "student.kd.rl") == 5 * step(student, rows: 2) * 6 * 4 / 3)
    }

    /// Two layers of four matrices each for queries, keys, values and outputs, and three of the feed-forward network.
    @Test func matricesAreThoseOfTheLayers() {
        let shape = ModelShape.standard
        let keys = shape.hidden / shape.heads * shape.kvHeads
        let layer = 2 * shape.hidden * shape.hidden + 2 * shape.hidden * keys + 3 * shape.hidden * shape.intermediate
        #expect(ModelSize(shape, vocabulary: 512).work.matrices == shape.layers * layer)
    }

    @Test func passesTakeTwoOperationsPerParameterAndToken() throws {
        let (teacher, student) = (parameters(hidden: 64, intermediate: 128), parameters(hidden: 32, intermediate: 64))
        let samples = try #require(try work(of: "teacher.samples"))
        // Of 2000 rows, 15% have held-out templates and 5% held-out values; 12% of the rest are test and valid rows.
        #expect(abs(samples - 2 * teacher * 36 * 1408) < 1)
        #expect(try work(of: "teacher.logits") == samples)
        #expect(try work(of: "student.kd.rl.importance") == 2 * student * 36 * 50)
        #expect(try work(of: "student.kd.rl.prune[10%]") == 3 * 2 * student * 36 * 50)
        #expect(try work(of: "student.kd.rl.prune[10%].statistics") == 2 * 2 * student * 36 * 30)
        #expect(try work(of: "student.kd.rl.prune[10%].scores") == 0)
    }

    /// 40 tokens are a row's own, and 12 those of each of 8 functions, which the rows of a group have in common.
    @Test func whatRowsOfAGroupShareIsComputedOnce() throws {
        func work(_ name: String, group: Int) throws -> Double {
            let header = fixtureHeader.split(separator: "\n").joined(separator: "\n")
            let graph = try plan(
                Self.body, header: header + "\n  prompt: tools\n  candidates: {count: 8, group: \(group)}\n")
            let stage = try #require(graph.stage(named: name), "\(graph.names)")
            return try #require(graph[stage].work)
        }
        let (alone, shared) = (40.0 + 96, 40.0 + 96 / 4)
        for name in ["teacher.samples", "teacher.logits", "student.kd.rl.answers"] {
            #expect(try abs(work(name, group: 4) / work(name, group: 1) - shared / alone) < 1e-9, "\(name)")
        }
        let student = model(hidden: 32, intermediate: 64)
        let update = 100 * Double(student.parameters) + 24 * Double(student.width) * Double(student.matrices)
        let step = 6 * Double(student.parameters) * shared * 4 + update
        #expect(try abs(work("student.kd", group: 4) / (20 * step) - 1) < 1e-9)
        // No more rows than a step has are read together.
        #expect(try work("student.kd", group: 8) == work("student.kd", group: 4))
        // Channels are scored on each row by itself.
        let scores = "student.kd.rl.importance"
        #expect(try work(scores, group: 4) == work(scores, group: 1))
    }
}
