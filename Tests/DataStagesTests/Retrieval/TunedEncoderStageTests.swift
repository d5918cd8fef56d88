import CanonicalJSON
import EncoderFixtures
import Foundation
import Stages
import TestSupport
import Testing
import Words

@testable import Engine
@testable import Kinds

/// Encoders that stages tune on rows: classifiers of functions, taggers of intents and slots.
@Suite struct TunedEncoderStageTests {
    static let functions = JSON.array(
        ["play_song", "set_light", "weather"].map { name in
            [
                "name": .string(name), "description": "",
                "parameters": ["type": "object", "properties": ["what": ["type": "string"], "state": ["type": "boolean"]]],
            ]
        }
    ).canonicalText

    static func row(_ id: Int, _ query: String, _ name: String?, _ arguments: [String: JSON] = [:]) -> Row {
        Row(id: "r\(id)", query: query, answers: name.map { [FunctionCall(name: $0, arguments: arguments)] } ?? [])
    }

    static let questions: [(String, String?, [String: JSON])] = [
        ("turn on the light", "set_light", ["state": true]), ("turn off the light", "set_light", ["state": false]),
        ("turn the lights on", "set_light", ["state": true]), ("turn the lights off", "set_light", ["state": false]),
        ("play the song", "play_song", ["what": "song"]), ("play a song", "play_song", ["what": "song"]),
        ("play the music", "play_song", ["what": "music"]), ("play music", "play_song", ["what": "music"]),
        ("the", nil, [:]), ("a in the", nil, [:]),
    ]

    static let train = questions.enumerated().map { row($0.offset, $0.element.0, $0.element.1, $0.element.2) }

    static func inputs(test: [Row]) -> [String: Data] {
        let sets = ["train": train, "test": test]
        var texts = ["data/functions.json": functions]
        for (set, rows) in sets { texts["data/\(set).jsonl"] = rows.map(\.json.canonicalText).joined(separator: "\n") }
        return texts.mapValues { Data($0.utf8) }
    }

    static func trained(
        _ labels: EncoderLabels, domains: [String: [String]]? = nil, test: [Row] = train
    ) throws -> StageRun {
        var kind = EncoderTrain(labels: labels, domains: domains)
        kind.training = EncoderTraining(steps: 400, batch: 10, learningRate: 3e-3, warmup: 0.05)
        return try StageRun(kind, inputs: inputs(test: test).merging(SmallEncoder.files()) { $1 })
    }

    @Test func aClassifierRanksByItsLogitsWhatItWasTaught() throws {
        let test = Self.train + [Self.row(20, "weather report", "weather")]
        let classifier = try Self.trained(.functions, test: test)
        #expect(
            classifier.files == [
                "config.json", "curve.jsonl", "decant_heads.json", "model.safetensors", "summary.json", "vocab.txt",
            ])
        #expect(try classifier.json("summary.json")["labels"]?["functions"] == 2)
        let losses = try classifier.lines("curve.jsonl").compactMap { $0["loss"]?.double }
        #expect(losses.count == 400 && (losses.last ?? 1) < 0.1 * losses[0])
        let retrieve = DataRetrieve(method: .classifier, topK: 2, recallAt: [1, 7])
        let inputs = try Self.inputs(test: test).merging(classifier.folder(as: "encoder")) { $1 }
        let run = try StageRun(retrieve, inputs: inputs)
        let recall = try run.json("recall.json")
        #expect(recall["sets"]?["train"]?["recall"]?["1"] == 1)
        // Nothing finds what the classifier was not taught, however many are listed.
        let found = JSON.number(8.0 / 9)
        #expect(recall["sets"]?["test"]?["recall"] == ["1": found, "2": found, "7": found])
        #expect(recall["extensible"] == false)
        #expect(recall["never_found"] == ["weather"])
        #expect(try run.lines("test.jsonl").allSatisfy { $0["functions"]?.array?.count == 2 })
    }

    @Test func aTaggerAnswersWithCallsAndIsScoredBesideModels() throws {
        let domains = ["home": ["set_light"], "music": ["play_song"]]
        let tagger = try Self.trained(.frames, domains: domains)
        #expect(tagger.files.contains("frames.json"))
        #expect(try tagger.json("summary.json")["rows_with_several_calls"] == 0)
        let inputs = try Self.inputs(test: Self.train).merging(tagger.folder(as: "model")) { $1 }
        let answers = try StageRun(EvalFrames(sets: ["test"]), inputs: inputs)
        let lines = try answers.lines("test.jsonl")
        #expect(lines[4]["response"] == #"[{"name":"play_song","arguments":{"what":"song"}}]"#)
        #expect(lines[0]["response"] == #"[{"name":"set_light","arguments":{"state":true}}]"#)
        #expect(lines[8]["response"] == "[]")
        #expect(lines[4]["prompt_tokens"] == 5 && lines[4]["response_tokens"] == 0)
        let scored = try StageRun(
            EvalScore(judge: .ast, sets: ["test"], domains: domains),
            inputs: inputs.merging(answers.folder(as: "answers")) { $1 })
        let scores = try #require(try scored.json("scores.json")["sets"]?["test"])
        for metric in ["ar", "exact", "domain", "intent", "frame", "slot_f1"] { #expect(scores[metric] == 1, "\(metric)") }
        let cost = try StageRun(EvalCost(), inputs: inputs.merging(answers.folder(as: "answers")) { $1 }).json("cost.json")
        let flops = try #require(cost["sets"]?["test"]?["flops"]?.double)
        #expect(flops > 0 && cost["sets"]?["test"]?["decode_flops"] == 0)
        // Matrices of one layer of 16 and 24 channels alone are 2·4·(4·16² + 2·16·24) operations of the four tokens at least.
        #expect(flops > 4 * 2 * Double(4 * 16 * 16 + 2 * 16 * 24))
        let speed = try StageRun(BenchQueries(rowSet: "test", rows: 4, rounds: 2), inputs: inputs).json("queries.json")
        #expect((speed["queries_per_second"]?.double ?? 0) > 0 && speed["rows"] == 4)
    }

    /// Without domains, scores stay as they were.
    @Test func framesAreScoredWhereARecipeSaysSo() throws {
        let answer: JSON = ["id": "r8", "response": "[]", "response_tokens": 1]
        let inputs = Self.inputs(test: [Self.train[8]]).merging(["answers/test.jsonl": Data(answer.canonicalText.utf8)]) { $1 }
        let plain = try StageRun(EvalScore(judge: .ast, sets: ["test"]), inputs: inputs).json("scores.json")
        #expect(plain["sets"]?["test"]?["intent"] == nil)
        let framed = try StageRun(EvalScore(judge: .ast, sets: ["test"], domains: [:]), inputs: inputs).json("scores.json")
        #expect(framed["sets"]?["test"]?["intent"] == 1)
    }

    @Test func whatCannotBeTunedOrAskedIsNamed() throws {
        var inputs = Self.inputs(test: []).merging(SmallEncoder.files()) { $1 }
        inputs["data/train.jsonl"] = Data(Self.row(1, "the", nil).json.canonicalText.utf8)
        #expect { try StageRun(EncoderTrain(), inputs: inputs) } throws: {
            "\($0)".contains("no training row calls a function")
        }
        let classifier = try Self.trained(.functions)
        let asked = try Self.inputs(test: Self.train).merging(classifier.folder(as: "model")) { $1 }
        #expect { try StageRun(EvalFrames(sets: ["test"]), inputs: asked) } throws: { "\($0)".contains("'labels: frames'") }
        let plain = Self.inputs(test: Self.train).merging(SmallEncoder.files()) { $1 }
        #expect { try StageRun(DataRetrieve(method: .classifier), inputs: plain) } throws: { "\($0)".contains("encoder") }
    }

    // MARK: Documents and instructions

    /// A value that only a schema names is a word of the definition, and none of the function's text.
    @Test func definitionsAreDocumentsWhereAskedFor() throws {
        let pool = ["alpha", "beta"].map { name -> JSON in
            let time: JSON = name == "beta" ? ["type": "string", "enum": ["sunset"]] : ["type": "string"]
            return [
                "name": .string(name), "description": "",
                "parameters": ["type": "object", "properties": ["time": time]],
            ]
        }
        var inputs = Self.inputs(test: [Self.row(40, "at sunset", "beta")])
        inputs["data/functions.json"] = Data(JSON.array(pool).canonicalText.utf8)
        func first(_ document: DocumentForm) throws -> JSON? {
            try StageRun(DataRetrieve(topK: 1, document: document), inputs: inputs).lines("test.jsonl").first?["functions"]
        }
        #expect(try first(.text) == ["alpha"])
        #expect(try first(.json) == ["beta"])
    }

    /// A query after an instruction is found as the text of both is.
    @Test func anInstructionStandsBeforeEachQuery() throws {
        func functions(_ rows: [Row], _ instruction: String) throws -> [JSON] {
            let kind = DataRetrieve(method: .embedding, topK: 3, queryInstruction: instruction)
            let inputs = Self.inputs(test: rows).merging(SmallEncoder.files()) { $1 }
            return try StageRun(kind, inputs: inputs).lines("test.jsonl").compactMap { $0["functions"] }
        }
        let written = Self.train.map { row in
            var row = row
            row.query = "weather report off " + row.query
            return row
        }
        #expect(try functions(Self.train, "weather report off ") == functions(written, ""))
    }

    /// Descriptions are what functions are found by, and not what prompts show.
    @Test func writtenDescriptionsAreSearched() throws {
        var texts = Self.inputs(test: [Self.row(30, "what is it like outside", "weather")])
        texts["descriptions/descriptions.json"] = Data(#"{"weather":"what it is like outside"}"#.utf8)
        let run = try StageRun(DataRetrieve(topK: 1), inputs: texts)
        #expect(try run.lines("test.jsonl").first?["functions"] == ["weather"])
        #expect(try run.text("functions.json").contains("outside") == false)
    }

    @Test func waysOfRetrievalStandSideBySide() throws {
        let bm25 = try StageRun(DataRetrieve(topK: 2, recallAt: [1, 2]), inputs: Self.inputs(test: Self.train))
        let classifier = try Self.trained(.functions)
        let ranked = try StageRun(
            DataRetrieve(method: .classifier, topK: 2, recallAt: [1, 2]),
            inputs: Self.inputs(test: Self.train).merging(classifier.folder(as: "encoder")) { $1 })
        let inputs = try bm25.folder(as: "recall.0").merging(ranked.folder(as: "recall.1")) { $1 }
        let report = try StageRun(RetrievalReport(rows: ["bm25", "classifier"], places: [1, 2]), inputs: inputs)
        let page = try report.text("retrieval.md")
        #expect(page.contains("| retrieval | set | new functions | recall@1 | recall@2 |"))
        #expect(page.contains("| bm25 | test | by their documents |"))
        #expect(page.contains("| classifier | test | after another training | 100.0 | 100.0 |"))
    }
}
