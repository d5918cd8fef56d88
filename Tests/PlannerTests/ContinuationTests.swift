import BuildModel
import CanonicalJSON
import Testing

@testable import Kinds
@testable import Planner

/// Which stages a training becomes that longer ones go on from, and which of them trainings of several lengths share.
@Suite struct ContinuationTests {
    private static func step(_ options: String, _ method: String = "SFT") -> String {
        "\"\(method)(\(options), continue: true)\""
    }

    private static func graph(_ options: String) throws -> Graph { try plan("transfer: \(step(options))\n") }

    private static func trainings(_ graph: Graph) -> [Stage] {
        graph.stages.filter { $0.kind == "train.sft" && $0.name.hasPrefix("student.sft") }
    }

    private static func trunk(_ graph: Graph) -> [String] {
        trainings(graph).filter { $0.parameters["training"]?["trunk"] == true }.map(\.name)
    }

    @Test func aTrainingIsCutWhereLongerOnesHaveTheSameSteps() throws {
        let graph = try Self.graph("steps: 250, schedule: constant")
        let stages = Self.trainings(graph)
        #expect(stages.map(\.name) == ["student.sft.until100", "student.sft.until200", "student.sft"])
        let common: [String: JSON] = [
            "batch": 32, "learning_rate": 0.004, "optimizer": "muon", "schedule": "constant", "seed": 2, "warmup": 0,
            "warmup_steps": 20, "weight_decay": 0.01,
        ]
        let own: [[String: JSON]] = [
            ["steps": 100, "trunk": true], ["steps": 200, "trunk": true, "from_step": 100], ["steps": 250, "from_step": 200],
        ]
        for (stage, own) in zip(stages, own) {
            let expected = JSON.object(common.merging(own) { $1 })
            #expect(stage.parameters["training"]?.canonicalText == expected.canonicalText, "\(stage.name)")
        }
        let states = stages.map { stage in
            stage.inputs.first { $0.name == "state" }.map { graph[$0.stage].name }
        }
        #expect(states == [nil, "student.sft.until100", "student.sft.until200"])
        // All else is as for one stage, and a model is what the last one gives.
        #expect(Set(stages.map { $0.inputs.filter { $0.name != "state" } }).count == 1)
        #expect(graph.stage(named: "student.sft.scores") != nil)
    }

    @Test(
        arguments: [
            ("constant", 200, [100, 200]), ("wsd", 200, [100]), ("wsd", 100, []), ("constant", 99, []),
        ] as [(String, Int, [Int])])
    func theTrunkEndsBeforeTheRateFalls(schedule: String, steps: Int, cuts: [Int]) throws {
        let graph = try Self.graph("steps: \(steps), schedule: \(schedule)")
        #expect(Self.trunk(graph) == cuts.map { "student.sft.until\($0)" })
        let last = try #require(Self.trainings(graph).last?.parameters["training"])
        #expect(last["decay"]?.double == (schedule == "wsd" ? 0.1 : nil))
    }

    @Test(arguments: [("constant", ["until100", "until200"]), ("wsd", ["until100"])])
    func trainingsOfTwoLengthsShareTheirTrunk(schedule: String, shared: [String]) throws {
        let short = try Self.graph("steps: 200, schedule: \(schedule)")
        let long = try Self.graph("steps: 500, schedule: \(schedule)")
        let changed = long.changes(from: short)
        #expect(Self.trunk(long).filter { !changed.contains($0) } == shared.map { "student.sft.\($0)" })
        #expect(changed.contains("student.sft"))
        // The trunk is the same whether the rate will fall or not.
        let other = try Self.graph("steps: 450, schedule: constant")
        #expect(Self.trunk(other).allSatisfy { !other.changes(from: long).contains($0) })
    }

    @Test func variantsOfAMatrixShareTheirTrunk() throws {
        let lengths = [200, 300, 500].map { Self.step("steps: \($0), schedule: wsd") }.joined(separator: ", ")
        let graph = try plan("transfer: SFT\nmatrix: {transfer: [\(lengths)]}\n")
        #expect(Self.trunk(graph).count == 4)
        #expect(Self.trainings(graph).count == 7)
    }

    @Test func thePartsAreAsMuchWorkAsTheWhole() throws {
        let whole = try plan("transfer: \"SFT(steps: 250, schedule: constant)\"\n")
        let cut = try Self.graph("steps: 250, schedule: constant")
        func work(_ graph: Graph) -> Double { Self.trainings(graph).reduce(0) { $0 + ($1.work ?? .nan) } }
        #expect(Self.trainings(whole).count == 1)
        #expect(abs(work(cut) / work(whole) - 1) < 1e-12)
    }

    @Test func whatTheRecipeSaysOfTheWarmUpHolds() throws {
        func training(_ options: String) throws -> JSON? {
            try Self.trainings(Self.graph(options)).last?.parameters["training"]
        }
        let given = try training("steps: 300, schedule: wsd, decay: 50%, warmup_steps: 30, continue_every: 60")
        #expect(given?["warmup_steps"] == 30 && given?["decay"] == 0.5 && given?["from_step"] == 120)
        #expect(try training("steps: 90, schedule: constant, continue_every: 10")?["warmup_steps"] == 5)
        let none = try training("steps: 90, schedule: constant, warmup: 0%, continue_every: 10")
        #expect(none?["warmup"]?.double == 0 && none?["warmup_steps"] == nil)
    }

    /// How often a pretrained model is looked at follows from the length of a part, not of the whole.
    @Test func looksDoNotDependOnTheSteps() throws {
        let header = fixtureHeader.replacing(
            "data:",
            with: "  chat: {http: https://example.org/chat.tar, sha256: \(String(repeating: "ab", count: 32))}\ndata:")
        func graph(_ steps: Int) throws -> Graph {
            let options = "steps: \(steps), schedule: constant, continue_every: 400"
            return try plan("student: {from: chat}\ntransfer: \(Self.step(options))\n", header: header)
        }
        let (short, long) = (try graph(400), try graph(1000))
        let looks = try #require(Self.trainings(long).first?.parameters["training"]?["validation"])
        #expect(looks["every"] == 40)
        #expect(!long.changes(from: short).contains("student.sft.until400"))
    }

    /// Adapters and every other method are cut alike.
    @Test(arguments: [
        ("SFT", "lora: 4, steps: 150", "student.sft.adapters.until100"), ("RFT", "steps: 150", "student.rft.until100"),
        ("KD", "steps: 150", "student.kd.until100"), ("KD", "steps: 150, capture: none", "student.kd.until100"),
        ("oKD", "steps: 150", "student.okd.until100"),
    ])
    func everyMethodIsCutAlike(method: String, options: String, name: String) throws {
        let graph = try plan("transfer: \(Self.step("\(options), schedule: wsd", method))\n")
        let trunk = graph[try #require(graph.stage(named: name), "\(graph.names)")]
        #expect(trunk.parameters["training"]?["trunk"] == true)
        #expect(graph.stages.contains { stage in stage.inputs.contains { $0.name == "state" && graph[$0.stage].name == name } })
    }
}
