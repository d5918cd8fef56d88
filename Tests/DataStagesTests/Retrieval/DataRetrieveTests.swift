import BuildModel
import CanonicalJSON
import EncoderFixtures
import Foundation
import Stages
import TestSupport
import Testing
import Words

@testable import Engine
@testable import Kinds

@Suite struct DataRetrieveTests {
    /// Name, description and parameters with descriptions.
    static let functions: [(String, String, [String: String])] = [
        ("GetWeather", "Tell the forecast of a place.", ["place": "where it rains or shines"]),
        ("play_music", "Play a song.", ["song": "its title"]),
        ("set_light", "Turn a light on or off.", ["room": "the room of the light"]),
        ("stop", "Stop what plays.", [:]),
        ("zoom", "Make a picture larger.", ["factor": "how much"]),
    ]

    static let functionsJSON = JSON.array(
        functions.map { name, summary, parameters in
            [
                "name": .string(name), "description": .string(summary),
                "parameters": [
                    "type": "object",
                    "properties": .object(parameters.mapValues { ["type": "string", "description": .string($0)] }),
                ],
            ]
        }
    ).canonicalText

    static func row(_ id: String, _ query: String, _ calls: String...) -> Row {
        Row(id: id, query: query, functions: ["stop"], answers: calls.map { FunctionCall(name: $0, arguments: [:]) })
    }

    static let sets: [String: [Row]] = [
        "train": [
            row("a", "turn the light on", "set_light"), row("b", "play a song", "play_music"), row("c", "zoom the picture"),
            row("d", "the picture please", "stop"),
        ],
        "test": [
            row("e", "light off and a song", "set_light", "play_music"), row("f", "does it rain", "GetWeather"),
            row("g", "hm", "stop"),
        ],
        "ood": [row("h", "a larger picture", "zoom")],
    ]

    static func texts(_ sets: [String: [Row]] = sets) -> [String: String] {
        var texts = ["data/functions.json": functionsJSON]
        for (set, rows) in sets { texts["data/\(set).jsonl"] = rows.map(\.json.canonicalText).joined(separator: "\n") }
        return texts
    }

    static func retrieve(_ method: RetrievalMethod = .bm25, topK: Int = 2, addMissed: Bool = false) -> DataRetrieve {
        DataRetrieve(method: method, topK: topK, addMissed: addMissed)
    }

    static func functions(_ run: StageRun, _ set: String) throws -> [[String]] {
        try run.lines("\(set).jsonl").map { try Row(json: $0).functions }
    }

    @Test func theNearestFunctionsComeFirst() throws {
        let run = try StageRun(Self.retrieve(), texts: Self.texts())
        #expect(run.files == ["functions.json", "ood.jsonl", "recall.json", "test.jsonl", "train.jsonl"])
        let test = try Self.functions(run, "test")
        #expect(Set(test[0]) == ["set_light", "play_music"])
        #expect(test[1].first == "GetWeather")
        // No word in common: the names decide.
        #expect(test[2] == ["GetWeather", "play_music"])
        let before = Self.texts()["data/functions.json"]
        #expect(try run.text("functions.json") == before)
    }

    /// What the name, a description and a parameter's description say is found, and nothing but the list of a row changes.
    @Test func everyPartOfADefinitionIsRead() throws {
        let sets = [
            "train": [Self.row("1", "get weather"), Self.row("2", "forecast"), Self.row("3", "shines"), Self.row("4", "place")]
        ]
        let run = try StageRun(Self.retrieve(topK: 1), texts: Self.texts(sets))
        #expect(try Self.functions(run, "train") == [["GetWeather"], ["GetWeather"], ["GetWeather"], ["GetWeather"]])
        for (line, row) in zip(try run.lines("train.jsonl"), sets["train"] ?? []) {
            var expected = row
            expected.functions = ["GetWeather"]
            #expect(line == expected.json)
        }
    }

    /// `zoom` and `GetWeather` are called in other sets alone: training prompts never show them, other prompts may.
    @Test func trainingRowsShowNoFunctionThatTheyDoNotCall() throws {
        let run = try StageRun(Self.retrieve(topK: 5), texts: Self.texts())
        let train = try Self.functions(run, "train")
        #expect(train.allSatisfy { Set($0) == ["play_music", "set_light", "stop"] })
        #expect(try Self.functions(run, "ood").allSatisfy { $0.first == "zoom" && $0.count == 5 })
        #expect(try Self.functions(run, "test").allSatisfy { $0.count == 5 })
        #expect(try run.json("recall.json")["functions"] == 5)
        #expect(try run.json("recall.json")["training_functions"] == 3)
    }

    @Test func recallCountsRowsWhoseFunctionsAreAllFound() throws {
        let run = try StageRun(Self.retrieve(topK: 4), texts: Self.texts())
        let sets = try #require(try run.json("recall.json")["sets"])
        let found = [("1", 1.0 / 3), ("2", 2.0 / 3), ("3", 2.0 / 3), ("4", 1)]
        for (k, share) in found { #expect(sets["test"]?["recall"]?[k]?.double == share) }
        #expect(sets["test"]?["rows"] == 3)
        #expect(sets["test"]?["rows_without_call"] == 0)
        #expect(sets["train"]?["rows"] == 3)
        #expect(sets["train"]?["rows_without_call"] == 1)
        #expect(sets["ood"]?["recall"]?["1"] == 1)
        let none = try StageRun(Self.retrieve(topK: 12), texts: Self.texts(["train": [Self.row("a", "zoom")]]))
        let shares = try #require(try none.json("recall.json")["sets"]?["train"]?["recall"]?.object)
        #expect(Set(shares.keys) == ["1", "2", "3", "5", "8", "10", "12"])
        #expect(shares.values.allSatisfy { $0 == .null })
    }

    @Test func missedFunctionsAreAddedToTrainingRowsWhereAsked() throws {
        let asIs = try StageRun(Self.retrieve(topK: 2), texts: Self.texts())
        #expect(try Self.functions(asIs, "train")[3] == ["set_light", "play_music"])
        let added = try StageRun(Self.retrieve(topK: 2, addMissed: true), texts: Self.texts())
        #expect(try Self.functions(added, "train")[3] == ["set_light", "stop"])
        // Evaluation sees what retrieval found, and recall too.
        #expect(try Self.functions(added, "test") == Self.functions(asIs, "test"))
        #expect(try added.json("recall.json") == asIs.json("recall.json"))
    }

    /// What a program of a few lines in another language finds for the 802 test queries of HWU64 among 52 functions.
    @Test(.enabled(if: SharedData.folder != nil))
    func recallOnPublishedQueriesIsWhatItWas() throws {
        let ingested = try StageRun(
            DataIngest(format: .decant),
            inputs: [
                "train.0/train.jsonl": SharedData.read("hwu64/train.jsonl"),
                "test.0/test.jsonl": SharedData.read("hwu64/test_id.jsonl"),
            ])
        var texts = ["data/functions.json": try ingested.text("functions.json")]
        for set in ["train", "test"] {
            let rows = try ingested.lines("rows.jsonl").filter { $0["set"]?.string == set }
            texts["data/\(set).jsonl"] = rows.map(\.canonicalText).joined(separator: "\n")
        }
        let recall = try StageRun(Self.retrieve(topK: 10), texts: texts).json("recall.json")["sets"]?["test"]?["recall"]
        for (k, share) in [("1", 0.2656), ("2", 0.3441), ("3", 0.404), ("5", 0.4501), ("8", 0.4813), ("10", 0.5125)] {
            #expect(abs((recall?[k]?.double ?? 0) - share) < 5e-5)
        }
    }

    // MARK: Embedding

    static func inputs() -> [String: Data] {
        texts().mapValues { Data($0.utf8) }.merging(SmallEncoder.files()) { first, _ in first }
    }

    @Test func anEncoderRanksByTheAngle() throws {
        let inputs = Self.inputs()
        let run = try StageRun(Self.retrieve(.embedding, topK: 5), inputs: inputs)
        let folder = URL.temporaryDirectory.appending(path: "encoder-\(UUID().uuidString)", directoryHint: .isDirectory)
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        for (path, content) in inputs where path.hasPrefix("encoder/") {
            try content.write(to: folder.appending(path: (path as NSString).lastPathComponent))
        }
        let workers = WorkerPool(threads: 1)
        let encoder = try SentenceEncoder(readingFolder: folder, workers: workers)
        let documents = [
            "Get Weather\nTell the forecast of a place.\nplace: where it rains or shines",
            "play music\nPlay a song.\nsong: its title",
            "set light\nTurn a light on or off.\nroom: the room of the light", "stop\nStop what plays.",
            "zoom\nMake a picture larger.\nfactor: how much",
        ]
        let vectors = try encoder.embeddings(of: documents + ["a larger picture"], workers: workers)
        let scores = vectors.dropLast().map { $0.similarity(to: vectors[5]) }
        let expected = scores.indices.sorted { scores[$0] > scores[$1] }.map { Self.functions[$0].0 }
        #expect(try Self.functions(run, "ood") == [expected])
        #expect(try run.json("recall.json")["method"] == "embedding")
    }

    /// A digest that changes without a new revision would let a store mix two behaviours under one key.
    @Test func outputBytesChangeOnlyWithTheRevision() throws {
        let run = try StageRun(Self.retrieve(.embedding, topK: 3), inputs: Self.inputs())
        let content = try run.files.map { try $0 + "\n" + run.text($0) }.joined(separator: "\n")
        #expect(DataRetrieve.revision == 1)
        #expect(Digest(hashing: content).hex.prefix(16) == "0b0f1ea244165aa9")
    }

    @Test func whatIsNoEncoderIsNamed() throws {
        #expect(
            StageRun.failure(Self.retrieve(.embedding), texts: Self.texts()) == "the method embedding needs the input 'encoder'"
        )
        let empty = Self.texts().merging(["encoder/README.md": "x"]) { $1 }
        let failure = StageRun.failure(Self.retrieve(.embedding), texts: empty)
        #expect(failure.contains("no config.json with .safetensors files beside it, but README.md; name the model's files"))
    }
}
