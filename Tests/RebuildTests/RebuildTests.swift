import BuildModel
import Testing

@testable import Kinds

/// One edit after another against a built recipe, each with the exact set of stages that it makes run.
@Suite struct RebuildTests {
    struct Step: CustomStringConvertible, Sendable {
        var description: String
        var edits: [(old: String, new: String)] = []
        /// Of a source.
        var contents: [String: String] = [:]
        /// A kind whose revision is raised.
        var raised: String?
        var runs: Set<String>

        init(_ description: String, _ edits: (old: String, new: String)..., runs: Set<String>) {
            self.description = description
            self.edits = edits
            self.runs = runs
        }

        init(source: String, runs: Set<String>) {
            description = "the content of \(source)"
            contents = [source: "edited"]
            self.runs = runs
        }

        init(revision kind: String, runs: Set<String>) {
            description = "the revision of \(kind)"
            raised = kind
            self.runs = runs
        }
    }

    static let recipe = """
        # A recipe.
        decant: 1
        name: rebuild
        description: For the tests of what an edit makes run.
        vars: {steps: 400}
        sources:
          functions: {path: functions.yaml}
          utterances: {path: utterances.yaml}
          text: {http: https://example.org/text.txt, sha256: \(Digest(hashing: "published").hex)}
          script: {path: train.py}
        data:
          generate: {functions: functions, templates: utterances, count: 2k, seed: 3, hold_out: {templates: 15%, values: 10%}}
          split: {test: 15%, valid: 5%, ood: {functions: [find_phone]}, seed: 5}
        tokenizer: {vocabulary: 300}
        teacher: {init: {hidden: 64, layers: 2}, transfer: "SFT(steps: 150)", seed: 11}
        student: {init: {hidden: 64, layers: 3, intermediate: 128}, seed: 12}
        sample: {samples: 2, temperature: 0.7, max_tokens: 64, seed: 13}
        judge: {kind: ast, keep: 1}
        transfer: "KD[0.5FKL+0.5CE](steps: ${steps}, top_k: 8)"
        prune: {method: depth, ratio: 33%, samples: 64, recover: "KD(steps: 15)"}
        quantize: {scheme: W4A16, method: gptq, group_size: 32, num_calibration_samples: 128, damping: 1%}
        evaluate: {sets: [test, phrasing], metrics: [ar, exact, perplexity], max_tokens: 48, perplexity: {text: text, stride: 128}}
        stages:
          torch:
            command: [python3, inputs/script/train.py]
            environment: {SEED: "1"}
            inputs: {script: script, data: data}
            outputs: [model.safetensors]
        """

    static let student = "student.kd"
    static let pruned = "student.kd.prune[33%]"
    static let recovered = "student.kd.prune[33%].recover"
    static let quantized = "student.kd.prune[33%].recover.W4A16"
    static let models = ["teacher", student, pruned, recovered, quantized]

    static func evaluation(_ models: String...) -> Set<String> { evaluation(of: models) }

    static func evaluation(of models: [String]) -> Set<String> {
        Set(models.flatMap { ["\($0).answers", "\($0).scores", "\($0).cost", "\($0).perplexity"] } + ["report"])
    }

    /// A model's stages from quantization on.
    static let fromQuantization = evaluation(quantized).union([quantized])
    static let fromCalibration = fromQuantization.union(["\(recovered).statistics"])
    static let fromRecovery = fromCalibration.union(evaluation(recovered)).union([recovered])
    static let fromPruning = fromRecovery.union(evaluation(pruned)).union([pruned])
    static let fromStudent = fromPruning.union(evaluation(student)).union([student, "\(student).importance"])
    /// The recovery captures more logits than the student's own step, in a stage of its own.
    static let fromLogits = fromStudent.union(["teacher.logits", "teacher.logits#2"])
    static let fromJudge = fromLogits.union(["teacher.judged"])
    static let fromSamples = fromJudge.union(["teacher.samples"])
    static let fromTeacher = fromSamples.union(evaluation("teacher")).union(["teacher.sft"])
    static let fromTokenizer = fromTeacher.union(["tokenizer", "teacher.init", "student.init"])
    static let fromData = fromTokenizer.union(["data", "torch"])
    static let fromRows = fromData.union(["data.rows"])
    static let scores: Set<String> = Set(models.map { "\($0).scores" } + ["report"])
    static let answers: Set<String> = Set(models.flatMap { ["\($0).answers", "\($0).scores", "\($0).cost"] } + ["report"])

    static let steps: [Step] = [
        // Nothing that means nothing.
        Step("a comment", ("# A recipe.", "# Another comment."), runs: []),
        Step("a comment at a line's end", ("decant: 1", "decant: 1   # the version"), runs: []),
        Step("the description", ("For the tests of what", "About what"), runs: []),
        Step("the name", ("name: rebuild", "name: other"), runs: []),
        Step("an empty line", ("decant: 1\n", "decant: 1\n\n\n"), runs: []),
        Step("a share as a fraction", ("ratio: 33%", "ratio: 0.33"), runs: []),
        Step("a share with more zeros", ("test: 15%", "test: 15.00%"), runs: []),
        Step("a count spelled out", ("count: 2k", "count: 2_000"), runs: []),
        Step("a number in quotes", ("vocabulary: 300", "vocabulary: '300'"), runs: []),
        Step("the order of fields", ("{kind: ast, keep: 1}", "{keep: 1, kind: ast}"), runs: []),
        Step(
            "the order of sections",
            (
                "sample: {samples: 2, temperature: 0.7, max_tokens: 64, seed: 13}\njudge: {kind: ast, keep: 1}",
                "judge: {kind: ast, keep: 1}\nsample: {samples: 2, temperature: 0.7, max_tokens: 64, seed: 13}"
            ), runs: []),
        Step("a default written out", ("top_k: 8)", "top_k: 8, batch: 32, tail: lump)"), runs: []),
        Step("block style", ("tokenizer: {vocabulary: 300}", "tokenizer:\n  vocabulary: 300"), runs: []),
        Step("the losses' order", ("KD[0.5FKL+0.5CE]", "KD[0.5CE + 0.5FKL]"), runs: []),
        Step("the variable's name", ("vars: {steps: 400}", "vars: {rounds: 400}"), ("${steps}", "${rounds}"), runs: []),
        Step("the variable put in", ("steps: ${steps}", "steps: 400"), runs: []),
        Step(
            "the long form",
            (
                "\"KD[0.5FKL+0.5CE](steps: ${steps}, top_k: 8)\"",
                "[{step: KD, loss: {CE: 0.5, FKL: 0.5}, steps: 400, top_k: 8}]"
            ),
            runs: []),
        Step("a source's name", ("script: {path", "trainer: {path"), ("{script: script,", "{script: trainer,"), runs: []),
        Step(
            "the URL of a pinned source", ("https://example.org/text.txt", "https://mirror.example.org/other/text.txt"),
            runs: []),
        Step("the order of an exec stage's inputs", ("{script: script, data: data}", "{data: data, script: script}"), runs: []),
        Step("an option of another method", ("damping: 1%", "damping: 1%, smoothing: 0.7"), runs: []),
        // Data.
        Step("the number of rows", ("count: 2k", "count: 3k"), runs: fromRows),
        Step("the seed of the rows", ("count: 2k, seed: 3", "count: 2k, seed: 4"), runs: fromRows),
        Step("held-out templates", ("templates: 15%", "templates: 20%"), runs: fromRows),
        Step("held-out values", ("values: 10%", "values: 20%"), runs: fromRows),
        Step("the test share", ("test: 15%", "test: 16%"), runs: fromData),
        Step("the split's seed", ("[find_phone]}, seed: 5", "[find_phone]}, seed: 6"), runs: fromData),
        Step("functions out of domain", ("[find_phone]", "[play]"), runs: fromData),
        Step("the vocabulary", ("vocabulary: 300", "vocabulary: 320"), runs: fromTokenizer),
        Step(
            "the prompt", ("seed: 5}", "seed: 5}\n  prompt: tools"),
            runs: fromTokenizer),
        // Models and transfer.
        Step(
            "the teacher's shape", ("teacher: {init: {hidden: 64, layers: 2}", "teacher: {init: {hidden: 96, layers: 2}"),
            runs: fromTeacher.union(["teacher.init"])),
        Step("the teacher's seed", ("seed: 11", "seed: 21"), runs: fromTeacher.union(["teacher.init"])),
        Step("the teacher's steps", ("SFT(steps: 150)", "SFT(steps: 160)"), runs: fromTeacher),
        Step("the student's shape", ("intermediate: 128", "intermediate: 192"), runs: fromStudent.union(["student.init"])),
        Step("the student's seed", ("seed: 12", "seed: 22"), runs: fromStudent.union(["student.init"])),
        Step("the number of samples", ("samples: 2,", "samples: 3,"), runs: fromSamples),
        Step("the sampling temperature", ("temperature: 0.7", "temperature: 0.9"), runs: fromSamples),
        Step("answers kept", ("keep: 1", "keep: 2"), runs: fromJudge),
        Step("the judge", ("kind: ast", "kind: exact"), runs: fromJudge.union(scores)),
        Step("the student's steps, by a variable", ("steps: 400", "steps: 401"), runs: fromStudent),
        Step("the loss", ("0.5FKL+0.5CE", "0.9FKL+0.1CE"), runs: fromStudent),
        Step(
            "the logits kept by the student's step alone", ("top_k: 8", "top_k: 16"),
            // The recovery captured 16 all along.
            runs: fromStudent),
        // Compression.
        Step(
            "calibration rows of pruning", ("samples: 64,", "samples: 65,"), runs: fromPruning.union(["\(student).importance"])),
        Step("the ratio", ("ratio: 33%", "ratio: 34%"), runs: Set(fromPruning.map { $0.replacing("33%", with: "34%") })),
        Step("the recovery", ("KD(steps: 15)", "KD(steps: 16)"), runs: fromRecovery),
        Step(
            "calibration rows of quantization", ("num_calibration_samples: 128", "num_calibration_samples: 129"),
            runs: fromCalibration),
        Step("the group", ("group_size: 32", "group_size: 64"), runs: fromQuantization),
        Step("the damping", ("damping: 1%", "damping: 2%"), runs: fromQuantization),
        Step("the method, whose statistics are the same", ("method: gptq", "method: quantease"), runs: fromQuantization),
        // Evaluation.
        Step("the sets", ("[test, phrasing]", "[test, ood]"), runs: answers),
        Step("the metrics", ("[ar, exact, perplexity]", "[ar, perplexity]"), runs: ["report"]),
        Step("tokens of an answer", ("max_tokens: 48", "max_tokens: 49"), runs: answers),
        Step(
            "the perplexity's stride", ("stride: 128", "stride: 64"), runs: Set(models.map { "\($0).perplexity" } + ["report"])),
        // The recipe's own stage.
        Step("a command", ("inputs/script/train.py]", "inputs/script/train.py, --fast]"), runs: ["torch"]),
        Step("an environment", ("SEED: \"1\"", "SEED: \"2\""), runs: ["torch"]),
        // Sources.
        Step(source: "functions", runs: fromRows.union(["source.functions"])),
        Step(source: "utterances", runs: fromRows.union(["source.utterances"])),
        Step(source: "script", runs: ["source.script", "torch"]),
        // Revisions.
        Step(revision: "data.generate", runs: fromRows),
        Step(revision: "data.split", runs: fromData),
        Step(revision: "tokenizer.train", runs: fromTokenizer),
        Step(revision: "model.init", runs: fromTeacher.union(["teacher.init", "student.init"])),
        Step(revision: "train.sft", runs: fromTeacher),
        Step(revision: "sample", runs: fromSamples),
        Step(revision: "judge", runs: fromJudge),
        Step(revision: "kd.capture", runs: fromLogits),
        Step(revision: "kd.train", runs: fromStudent),
        Step(revision: "prune.score", runs: fromPruning.union(["\(student).importance"])),
        Step(revision: "prune.apply", runs: fromPruning),
        Step(revision: "quant.calibrate", runs: fromCalibration),
        Step(revision: "quant.apply", runs: fromQuantization),
        Step(revision: "eval.generate", runs: answers),
        Step(revision: "eval.score", runs: scores),
        Step(revision: "eval.cost", runs: Set(models.map { "\($0).cost" } + ["report"])),
        Step(revision: "eval.perplexity", runs: Set(models.map { "\($0).perplexity" } + ["report"])),
        Step(revision: "report", runs: ["report"]),
        Step(revision: "exec", runs: ["torch"]),
    ]

    @Test func eachEditRunsExactlyWhatDependsOnIt() async throws {
        let workshop = try Workshop()
        let built = try workshop.graph(Self.recipe)
        #expect(try await workshop.build(built).count == built.stages.count)
        #expect(try workshop.outOfDate(built) == [])
        #expect(Self.steps.count >= 60)
        for step in Self.steps {
            var text = Self.recipe
            for (old, new) in step.edits {
                try #require(text.components(separatedBy: old).count == 2, "'\(old)' must stand once in the recipe")
                text = text.replacing(old, with: new)
            }
            var graph = try workshop.graph(text, contents: step.contents)
            if let kind = step.raised { graph = graph.raisingRevision(of: kind) }
            let runs = try workshop.outOfDate(graph)
            #expect(runs == step.runs, "\(step.description): \(runs.symmetricDifference(step.runs).sorted())")
        }
    }

    /// Channels' scores are shared by all that removes channels, in any number.
    @Test func scoresOfChannelsDependOnNeitherAmountNorMethod() async throws {
        let recipe = Self.recipe
            .replacing(
                "prune: {method: depth, ratio: 33%,",
                with: "prune: {method: width, ratio: 30%, granularity: {hidden: 8, intermediate: 16},"
            )
            .replacing(
                "quantize: {scheme: W4A16, method: gptq, group_size: 32, num_calibration_samples: 128, damping: 1%}", with: "")
        let workshop = try Workshop()
        _ = try await workshop.build(workshop.graph(recipe))
        let (pruned, recovered) = ("\(Self.student).prune[30%]", "\(Self.student).prune[30%].recover")
        let fromPruning = Self.evaluation(pruned, recovered).union([pruned, recovered])
        let importance: Set<String> = ["\(Self.student).importance"]
        let shape = { (text: String) in text.replacing("[30%]", with: "[56×112]") }
        let steps = [
            Step("the ratio", ("ratio: 30%", "ratio: 40%"), runs: Set(fromPruning.map { $0.replacing("30%", with: "40%") })),
            Step("a shape", ("ratio: 30%", "shape: {hidden: 56, intermediate: 112}"), runs: Set(fromPruning.map(shape))),
            Step("the granularity", ("{hidden: 8,", "{hidden: 16,"), runs: fromPruning),
            Step("the tolerance", ("samples: 64,", "samples: 64, search: {tolerance: 5%},"), runs: fromPruning),
            Step("the search's rows", ("samples: 64,", "samples: 64, search: {samples: 32},"), runs: fromPruning),
            Step("the method", ("method: width", "method: osscar"), runs: fromPruning),
            Step("another method", ("method: width", "method: magnitude"), runs: fromPruning),
            Step("what another method heeds", ("samples: 64,", "samples: 64, damping: 5%,"), runs: []),
            Step("the damping", ("samples: 64,", "samples: 64, damping: 1%,"), runs: []),
            Step("calibration rows", ("samples: 64,", "samples: 65,"), runs: fromPruning.union(importance)),
            Step("layers instead", ("method: width", "method: depth"), runs: fromPruning.union(importance)),
            Step(revision: "prune.score", runs: fromPruning.union(importance)),
            Step(revision: "prune.apply", runs: fromPruning),
        ]
        for step in steps {
            let text = step.edits.reduce(recipe) { $0.replacing($1.old, with: $1.new) }
            #expect(step.edits.isEmpty || text != recipe)
            var graph = try workshop.graph(text)
            if let kind = step.raised { graph = graph.raisingRevision(of: kind) }
            let runs = try workshop.outOfDate(graph)
            #expect(runs == step.runs, "\(step.description): \(runs.symmetricDifference(step.runs).sorted())")
        }
    }

    /// What a plan says is what a build does.
    @Test func aBuildRunsWhatThePlanSays() async throws {
        let workshop = try Workshop()
        _ = try await workshop.build(workshop.graph(Self.recipe))
        for (old, new) in [("group_size: 32", "group_size: 64"), ("keep: 1", "keep: 2"), ("count: 2k", "count: 3k")] {
            let graph = try workshop.graph(Self.recipe.replacing(old, with: new))
            let planned = try workshop.outOfDate(graph)
            #expect(try await Set(workshop.build(graph)) == planned)
            #expect(try await workshop.build(graph) == [])
        }
    }
}

extension Graph {
    /// The graph of a program in which a kind has the next revision.
    func raisingRevision(of kind: String) -> Graph {
        let raised = stages.map { stage in
            var stage = stage
            if stage.kind == kind { stage.revision += 1 }
            return stage
        }
        return Graph(stages: raised, targets: targets)
    }
}
