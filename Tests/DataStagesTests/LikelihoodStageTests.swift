import CanonicalJSON
import Foundation
import Testing
import Words

@testable import Engine
@testable import Kinds
@testable import Stages

/// `eval.likelihood` finds the likelihoods of options, and `eval.score` what they are worth.
@Suite struct LikelihoodStageTests {
    private static func row(_ index: Int, _ right: Int) -> Row {
        let group = "g\(index / 3)"
        let options = try? RowOptions(["red", "dark green", "red car"], right: right)
        let ranked = try? RankedText("text \(index)", relevance: Double(right), group: group)
        var row = Row(id: "row-\(index)", query: "colour \(index % 4)", answers: [])
        (row.options, row.ranked, row.reply) = (options, ranked, options?.answer)
        return row
    }

    private static let rows = (0..<12).map { row($0, $0 % 3) }

    /// The inputs `model` and `data` of a task.
    private static func inputs(_ task: TaskKind) throws -> [String: Data] {
        let lines = rows.map(\.json.canonicalText).joined(separator: "\n")
        let labels = task == .classify ? #","labels":["dark green","red","red car"]"# : ""
        let data = [
            "data/functions.json": "[]", "data/task.json": #"{"kind":"\#(task.rawValue)"\#(labels)}"#,
            "data/train.jsonl": lines,
            "data/test.jsonl": lines,
        ].mapValues { Data($0.utf8) }
        let tokenizer = try StageRun(TokenizerTrain(vocabulary: 290, prompt: .query), inputs: data).folder(as: "tokenizer")
        let shape = ModelShape(hidden: 16, layers: 2, heads: 2, kvHeads: 1, intermediate: 24, tied: true)
        let model = try StageRun(ModelInit(shape: shape, seed: 1), inputs: tokenizer).folder(as: "model")
        return data.merging(model) { $1 }
    }

    private func lines(_ stage: EvalLikelihood, _ inputs: [String: Data]) throws -> [JSON] {
        try StageRun(stage, inputs: inputs).lines("test.jsonl")
    }

    private func scores(_ inputs: [String: Data], _ stage: EvalLikelihood) throws -> JSON {
        let answers = try StageRun(stage, inputs: inputs).folder(as: "answers")
        let run = try StageRun(
            EvalScore(judge: .ast, sets: ["test"], answer: .call), inputs: inputs.merging(answers) { $1 })
        return try #require(run.json("scores.json")["sets"]?["test"])
    }

    @Test(arguments: [OptionContext.prompt, .text])
    func everyOptionHasTheLikelihoodOfItsTokens(context: OptionContext) throws {
        let inputs = try Self.inputs(.choice)
        let lines = try lines(EvalLikelihood(sets: ["test"], context: context), inputs)
        #expect(lines.map { $0["id"]?.string } == Self.rows.map(\.id))
        for line in lines {
            let options = try #require(line["options"]?.array)
            #expect(options.map { $0["characters"]?.integer } == [3, 10, 7])
            #expect(options.allSatisfy { $0["log_probability"]?.double ?? 0 < 0 })
            let best = options.indices.max {
                (options[$0]["log_probability"]?.double ?? 0) < (options[$1]["log_probability"]?.double ?? 0)
            }
            #expect(line["response"]?.string == best.map { ["red", "dark green", "red car"][$0] })
            #expect(line["response_tokens"]?.integer == options.reduce(0) { $0 + ($1["tokens"]?.integer ?? 0) })
        }
        // An option that begins another one is more probable where no end belongs to it.
        if context == .text {
            #expect(
                lines.allSatisfy {
                    ($0["options"]?[0]?["log_probability"]?.double ?? 0) > ($0["options"]?[2]?["log_probability"]?.double ?? 0)
                })
        }
    }

    @Test func choicesAreScoredByEachNormalization() throws {
        let inputs = try Self.inputs(.choice)
        let scores = try scores(inputs, EvalLikelihood(sets: ["test"]))
        let lines = try lines(EvalLikelihood(sets: ["test"]), inputs)
        var counts = ChoiceCounts()
        for (line, row) in zip(lines, Self.rows) {
            counts.add(try #require(line["options"]?.array).map(ScoredOption.init(json:)), right: row.options?.right ?? 0)
        }
        #expect(scores["rows"] == 12)
        #expect(scores["acc"]?.double == counts.accuracy(.none))
        #expect(scores["acc_norm"]?.double == counts.accuracy(.characters))
        #expect(scores["acc_bytes"]?.double == counts.accuracy(.bytes))
        #expect(scores["ar"] == scores["acc"])
    }

    @Test func textsAreRankedByTheProbabilityOfYes() throws {
        let inputs = try Self.inputs(.rank)
        let scores = try scores(inputs, EvalLikelihood(sets: ["test"]))
        let candidates = try zip(lines(EvalLikelihood(sets: ["test"]), inputs), Self.rows).map { line, row in
            let options = try #require(line["options"]?.array).map(ScoredOption.init(json:))
            #expect((0...1).contains(RankTask.score(options)))
            return try RankingScores.Candidate(
                id: row.id, score: RankTask.score(options), relevance: row.ranked?.relevance ?? 0)
        }
        let groups = stride(from: 0, to: 12, by: 3).map { Array(candidates[$0..<$0 + 3]) }
        #expect(scores["groups"] == 4 && scores["groups_without_relevant"] == 0)
        #expect(scores["auc"]?.double == RankingScores.rocAUC(candidates))
        #expect(scores["mrr"]?.double == groups.map(RankingScores.reciprocalRank).reduce(0, +) / 4)
        #expect(scores["ndcg"]?.double == groups.map { RankingScores.nDCG($0, at: 10) }.reduce(0, +) / 4)
        #expect(scores["pairs"]?.double == groups.map { RankingScores.pairs($0).won }.reduce(0, +) / 12)
    }

    @Test func labelsAreGivenByLikelihood() throws {
        let inputs = try Self.inputs(.classify)
        let lines = try lines(EvalLikelihood(sets: ["test"]), inputs)
        #expect(lines.allSatisfy { $0["options"]?.array?.count == 3 })
        let scores = try scores(inputs, EvalLikelihood(sets: ["test"]))
        let right = zip(lines, Self.rows).count { $0["response"]?.string == $1.reply }
        #expect(scores["accuracy"]?.double == Double(right) / 12)
    }

    @Test func whatHasNoOptionsIsRefused() throws {
        var inputs = try Self.inputs(.choice)
        inputs["data/task.json"] = Data(#"{"kind":"text"}"#.utf8)
        let failure = #expect(throws: StageFailure.self) { try StageRun(EvalLikelihood(sets: ["test"]), inputs: inputs) }
        #expect(failure?.description.contains("the task 'text' names no answers to the row 'row-0'") == true)
    }

    @Test func weightsThatAreNoNumbersAreRefused() throws {
        var inputs = try Self.inputs(.rank)
        let folder = URL.temporaryDirectory.appending(path: "likelihood-\(UUID().uuidString)", directoryHint: .isDirectory)
        defer { try? FileManager.default.removeItem(at: folder) }
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for (path, content) in inputs where path.hasPrefix("model/") {
            try content.write(to: folder.appending(path: String(path.dropFirst(6))))
        }
        var model = try ModelFolder(folder).model()
        let norm = try #require(model.parameters.last { $0.role == .norm })
        try model.setWeights([Float](repeating: .nan, count: norm.count), of: norm)
        try ModelFolder(folder).write(model)
        inputs["model/model.safetensors"] = try Data(contentsOf: folder.appending(path: "model.safetensors"))
        let failure = #expect(throws: StageFailure.self) { try StageRun(EvalLikelihood(sets: ["test"]), inputs: inputs) }
        #expect(failure?.description.contains("of the row 'row-0' the log-probability nan") == true)
    }
}
