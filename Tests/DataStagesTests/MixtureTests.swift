import CanonicalJSON
import Engine
import Foundation
import Testing

@testable import Kinds
@testable import Stages

/// Sources that are mixed into training by weight, those that are `valid` and `ood`, and bad rows that are skipped.
@Suite struct MixtureTests {
    private static let kind = DataIngest(format: .decant, sets: ["valid", "ood", "train+other"])

    private static func rows(_ prefix: String, _ count: Int, _ name: String) -> String {
        (0..<count).map { NamedSetTests.decant("\(prefix)\($0)", "\(prefix) asks \($0)", name) }.joined(separator: "\n")
    }

    private static let texts = [
        "train.0/rows.jsonl": rows("own", 40, "play"), "set.0/valid.jsonl": rows("valid", 3, "play"),
        "set.1/ood.jsonl": rows("ood", 4, "sing"), "set.2/other.jsonl": rows("other", 100, "book"),
    ]

    private static func split(weight: Double, outOfDomain: [String] = []) throws -> StageRun {
        let run = try StageRun(kind, texts: texts)
        return try StageRun(
            DataSplit(
                test: 0.2, valid: 0, outOfDomain: outOfDomain, candidates: 0, limit: [:], seed: 1,
                weights: ["train+other": weight]),
            inputs: run.folder(as: "data"))
    }

    private func ids(_ run: StageRun, _ set: String) throws -> [String] {
        try run.lines("\(set).jsonl").compactMap { $0["id"]?.string }
    }

    @Test func soManyRowsAreMixedIntoTraining() throws {
        let run = try Self.split(weight: 0.5)
        #expect(run.files == ["functions.json", "mixture.json", "ood.jsonl", "test.jsonl", "train.jsonl", "valid.jsonl"])
        let train = try ids(run, "train")
        let own = train.filter { $0.hasPrefix("own") }.count
        let mixed = train.filter { $0.hasPrefix("other") }
        let tests = try ids(run, "test")
        #expect(own + tests.count == 40)
        #expect(mixed.count == Int((0.5 * Double(own)).rounded()))
        #expect(tests.allSatisfy { $0.hasPrefix("own") })
        #expect(try run.json("mixture.json")["own"]?.integer == own)
        let part: JSON = ["weight": 0.5, "rows": 100, "wanted": .count(mixed.count), "taken": .count(mixed.count)]
        #expect(try run.json("mixture.json")["train+other"] == part)
        // Others are drawn where more are wanted, and those that were are among them.
        let more = try ids(Self.split(weight: 1), "train")
        #expect(Set(mixed).isSubset(of: more))
    }

    @Test func aSourceThatIsTooSmallIsTakenWhole() throws {
        let run = try Self.split(weight: 50)
        #expect(try ids(run, "train").count { $0.hasPrefix("other") } == 100)
        #expect(try run.json("mixture.json")["train+other"]?["taken"]?.integer == 100)
    }

    /// Nor are those of `ood`, but by its own rows.
    @Test func functionsOfMixedRowsAreListedByNoOther() throws {
        let run = try Self.split(weight: 0.5)
        func listed(_ set: String, _ prefix: String) throws -> Set<String> {
            let rows = try run.lines("\(set).jsonl").map { try Row(json: $0) }
            return Set(rows.filter { $0.id.hasPrefix(prefix) }.flatMap(\.functions))
        }
        #expect(try listed("train", "own") == ["play"])
        #expect(try listed("train", "other") == ["book"])
        #expect(try listed("ood", "ood").contains("sing"))
        #expect(try !listed("valid", "valid").contains("sing"))
    }

    @Test func sourcesOfValidAndOodAreThoseSets() throws {
        let run = try Self.split(weight: 0.5)
        #expect(try ids(run, "valid") == ["valid0", "valid1", "valid2"])
        #expect(try ids(run, "ood") == ["ood0", "ood1", "ood2", "ood3"])
    }

    @Test func soManyBadRowsAreSkippedAndCounted() throws {
        let lines =
            Self.rows("own", 4, "play") + "\n{\n" + NamedSetTests.decant("x", "y").replacing("\"answers\"", with: "\"a\"")
        let texts = ["train.0/rows.jsonl": lines]
        let run = try StageRun(DataIngest(format: .decant, skip: 2), texts: texts)
        #expect(try run.lines("rows.jsonl").count == 4)
        #expect(try run.json("reading.json")["skipped"]?["bad rows"]?["count"]?.integer == 2)
        let failure = StageRun.failure(DataIngest(format: .decant, skip: 1), texts: texts)
        #expect(failure.hasPrefix("2 of 6 records are bad, more than `skip: 1` allows; the first is rows.jsonl, line 5"))
        let refused = StageRun.failure(
            DataIngest(format: .decant), texts: ["train.0/rows.jsonl": String(lines.split(separator: "\n").last ?? "")])
        #expect(refused.contains("'skip: 1' under data.ingest"))
    }
}
