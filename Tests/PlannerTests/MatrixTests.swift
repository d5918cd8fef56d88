import BuildModel
import CanonicalJSON
import Testing

@Suite struct MatrixTests {
    @Test func variantsShareWhatTheyCan() throws {
        let graph = try plan(
            """
            transfer: KD
            quantize: {scheme: W4A16}
            matrix:
              transfer: [RFT, KD]
              prune.ratio: [0%, 20%, 0.3]
            """)
        #expect(
            graph.targets.map(\.name) == [
                "RFT_0pct", "RFT_20pct", "RFT_0.3", "KD_0pct", "KD_20pct", "KD_0.3", "teacher", "report",
            ])
        #expect(
            graph.targets.prefix(3).map { graph[$0.stage].name } == [
                "student.rft.W4A16", "student.rft.prune[20%].recover.W4A16", "student.rft.prune[30%].recover.W4A16",
            ])
        #expect(graph.stages.count { $0.kind == "prune.score" } == 2)
        #expect(graph.stages.count { $0.kind == "sample" } == 1)
        #expect(graph.stages.count { $0.kind == "kd.capture" } == 1)
        #expect(graph.stages.count { $0.kind == "prune.apply" } == 4)
        #expect(Set(graph.names).count == graph.stages.count)
        #expect(graph.stages.last?.parameters["rows"]?.array?.count == 17)
    }

    @Test func stagesAreToldApartByWhatTheyDependOn() throws {
        let graph = try plan(
            """
            prune: {ratio: 20%}
            quantize: {scheme: W4A16}
            matrix:
              quantize.group_size: [32, 64]
              prune.ratio: [20%, 30%]
            """)
        #expect(graph.stage(named: "student.kd.prune[20%].recover.W4A16[group_size=32]") != nil)
        #expect(graph.stage(named: "student.kd.prune[30%].recover.W4A16[group_size=64].answers") != nil)
        #expect(graph.stages.count { $0.kind == "prune.apply" } == 2)
        #expect(graph.targets.map(\.name).prefix(2) == ["32_20pct", "32_30pct"])
    }

    @Test func valuesGoByTheNamesTheyAreGiven() throws {
        let graph = try plan(
            """
            vars: {steps: 20}
            matrix:
              transfer: {plain: "KD(steps: ${steps})", half and half: "KD[0.5FKL+0.5CE](steps: ${steps})"}
              prune.ratio: [0%, 20%]
              exclude: [{transfer: plain, prune.ratio: 0%}]
            """)
        #expect(graph.targets.map(\.name).prefix(3) == ["plain_20pct", "half-and-half_0pct", "half-and-half_20pct"])
        #expect(graph.stage(named: "student.kd[plain]") != nil)
        #expect(graph.parameters(of: "student.kd[half-and-half]")?["training"]?["steps"] == 20)
    }

    @Test func theReportKnowsWhatSeedsRepeat() throws {
        let graph = try plan("matrix: {transfer: [RFT, \"SFT+KD\"], student.seed: [1, 2]}\n")
        let report = try #require(graph.stages.last)
        #expect(
            report.parameters["repeated"] == [
                "teacher", "student.rft", "student.rft", "student.sft", "student.sft.kd", "student.sft", "student.sft.kd",
            ])
        #expect(
            report.parameters["rows"] == [
                "teacher", "student.rft[seed=1]", "student.rft[seed=2]", "student.sft[seed=1]", "student.sft[seed=1].kd",
                "student.sft[seed=2]", "student.sft[seed=2].kd",
            ])
        let single = try plan("matrix: {transfer: [RFT, KD], student.seed: [1]}\n")
        #expect(single.stages.last?.parameters["repeated"] == nil)
    }

    /// What several values of an axis share has no value of it in its name, and is not what others share.
    @Test func seedsRepeatOneModelEach() throws {
        let graph = try plan(
            """
            transfer: SFT
            matrix:
              prune:
                a: {method: osscar, ratio: 20%, recover: "SFT(steps: 3)"}
                b: {method: osscar, ratio: 20%, recover: "KD(steps: 3)"}
                c: {method: magnitude, ratio: 20%, recover: "SFT(steps: 3)"}
                d: {method: magnitude, ratio: 20%, recover: "KD(steps: 3)"}
              student.seed: [1, 2]
            """)
        let report = try #require(graph.stages.last)
        let names = try #require(report.parameters["repeated"]?.array).compactMap(\.string)
        let stages = report.inputs.filter { $0.name.hasPrefix("scores.") }.map { graph[$0.stage] }
        #expect(names.count == stages.count)
        let models = Dictionary(grouping: zip(names, stages), by: \.0)
        #expect(models.count == 8, "the teacher, the student, two pruned and four recovered")
        #expect(models.allSatisfy { $0.key == "teacher" || $0.value.count == 2 })
        #expect(
            models.keys.filter { $0.contains("prune") && !$0.contains("recover") }.sorted() == [
                "student.sft.prune[20%]", "student.sft.prune[20%]#2",
            ])
    }

    /// Variants that differ in how models are made smaller ask for the best of each size.
    @Test func theReportOfASweepMarksFronts() throws {
        func fronts(_ body: String) throws -> JSON? { try plan(body).stages.last?.parameters["fronts"] }
        let sweep = "matrix: {prune.ratio: [0%, 20%]}\n"
        #expect(try fronts(sweep) == ["ar"])
        #expect(try fronts("matrix: {quantize.scheme: [none, W8A16], student.seed: [1, 2]}\n") == ["ar"])
        #expect(try fronts("evaluate: {metrics: [exact, flops]}\n" + sweep) == ["exact"])
        let text = "perplexity: {text: functions}"
        #expect(
            try fronts("evaluate: {metrics: [perplexity, exact, ar], \(text)}\n" + sweep) == ["ar", "perplexity"])
        #expect(try fronts("evaluate: {metrics: [perplexity], \(text)}\n" + sweep) == ["perplexity"])
        #expect(try fronts("evaluate: {metrics: [flops]}\n" + sweep) == nil)
        for body in ["", "prune: {}\n", "matrix: {prune.ratio: [20%]}\n", "matrix: {student.seed: [1, 2]}\n"] {
            #expect(try fronts(body) == nil, "\(body)")
        }
    }

    @Test func mixturesAndWholeSectionsVary() throws {
        let graph = try plan(
            """
            matrix:
              transfer: [KD, "KD[0.5FKL+0.5CE]"]
              student.init: [{hidden: 64}, {hidden: 96, heads: 6}]
            """)
        #expect(graph.targets.map(\.name).prefix(2) == ["KD_hidden-64", "KD_hidden-96-heads-6"])
        #expect(graph.targets[3].name == "KD-0.5FKL+0.5CE_hidden-96-heads-6")
        #expect(graph.stage(named: "student.kd[KD[0.5FKL+0.5CE],init=hidden=64]") != nil)
        #expect(graph.stage(named: "student.init[init=hidden=64]") != nil)
        #expect(Set(graph.names).count == graph.stages.count)
    }

    @Test func labelsHoldNoSpaces() throws {
        let graph = try plan("matrix: {transfer: [KD, \"KD( steps: 5, batch: 4 )\"]}\n")
        #expect(graph.targets.prefix(2).map(\.name) == ["KD", "KD-steps-5-batch-4"])
        #expect(graph.stage(named: "student.kd[KD(steps:5,batch:4)]") != nil)
    }

    /// Targets are directories: whatever a label holds, their names are safe and differ.
    @Test func targetNamesAreSafe() throws {
        let header = fixtureHeader.replacing("data:", with: "description: x\ndata:")
        let graph = try plan(
            "matrix: {data.split.ood.functions: [[../a], [a b], [a/b], [\"ü\"], [teacher]]}\n", header: header)
        #expect(graph.targets.prefix(5).map(\.name) == ["a", "ab", "a-b", "variant", "teacher"])
        #expect(Set(graph.targets.map(\.name)).count == graph.targets.count)
    }

    @Test func teachersVary() throws {
        let graph = try plan("matrix: {teacher.seed: [1, 2]}\n")
        #expect(graph.targets.map(\.name) == ["1", "2", "teacher.sft-seed-1", "teacher.sft-seed-2", "report"])
        #expect(
            graph.stages.last?.parameters["rows"]?.array?.compactMap(\.string) == [
                "teacher[seed=1]", "teacher[seed=2]", "student.kd[seed=1]", "student.kd[seed=2]",
            ])
    }

    @Test func equalVariantsAreTheSameStages() throws {
        let one = try plan("prune: {ratio: 20%}\n")
        let two = try plan("prune: {}\nmatrix: {prune.ratio: [20%, 0.2, 0.20]}\n")
        #expect(two.stages.count == one.stages.count)
        #expect(two.targets.map(\.name) == ["20pct", "0.2", "0.20", "teacher", "report"])
        #expect(Set(two.targets.prefix(3).map(\.stage)).count == 1)
    }

    @Test func namesSurviveAnotherAxis() throws {
        let one = try plan("matrix: {prune.ratio: [0%, 20%]}\n")
        let two = try plan("matrix: {prune.ratio: [0%, 20%], quantize.scheme: [none, W8A16]}\n")
        #expect(Set(one.names).isSubset(of: Set(two.names)))
    }
}
