import CanonicalJSON
import Engine
import Stages
import Testing

@testable import Kinds

@Suite struct DataSplitTests {
    static let names = ["f0", "f1", "f2", "f3", "far"]

    static let functions = JSON.array(names.map { ["name": .string($0), "parameters": ["type": "object"]] }).canonicalText

    /// Rows of every function; some made from held-out templates or values, some queries twice.
    static func rows(_ count: Int) -> [Row] {
        (0..<count).map { index in
            Row(
                id: "row\(index)", query: "query \(index % 7 == 0 ? index / 2 : index)",
                answers: index % 11 == 0 ? [] : [FunctionCall(name: names[index % names.count], arguments: [:])],
                heldOut: index % 13 == 0 ? .template : index % 17 == 0 ? .value : nil)
        }
    }

    static func texts(_ rows: [Row]) -> [String: String] {
        ["data/functions.json": functions, "data/rows.jsonl": rows.map(\.json.canonicalText).joined(separator: "\n")]
    }

    static func split(
        test: Double = 0.2, valid: Double = 0.1, outOfDomain: [String] = ["far"], candidates: Int = 0,
        limit: [String: Int] = [:]
    ) -> DataSplit {
        DataSplit(test: test, valid: valid, outOfDomain: outOfDomain, candidates: candidates, limit: limit, seed: 1)
    }

    /// Rows by set.
    static func sets(_ run: StageRun) throws -> [String: [Row]] {
        var sets: [String: [Row]] = [:]
        for file in run.files where file.hasSuffix(".jsonl") {
            sets[String(file.dropLast(6))] = try run.lines(file).map { try Row(json: $0) }
        }
        return sets
    }

    @Test func noTrainingQueryIsATest() throws {
        let sets = try Self.sets(StageRun(Self.split(), texts: Self.texts(Self.rows(600))))
        #expect(Set(sets.keys) == ["train", "valid", "test", "phrasing", "values", "ood"])
        let train = Set(try #require(sets["train"]).map(\.query))
        for (set, rows) in sets where set != "train" {
            #expect(!rows.isEmpty)
            #expect(rows.allSatisfy { !train.contains($0.query) }, "\(set)")
        }
    }

    @Test func rowsFallWhereTheyBelong() throws {
        let sets = try Self.sets(StageRun(Self.split(), texts: Self.texts(Self.rows(600))))
        #expect(try #require(sets["ood"]).allSatisfy { $0.answers.map(\.name) == ["far"] })
        #expect(try #require(sets["phrasing"]).allSatisfy { $0.heldOut == .template })
        #expect(try #require(sets["values"]).allSatisfy { $0.heldOut == .value })
        for set in ["train", "valid", "test"] {
            for row in try #require(sets[set]) {
                #expect(row.heldOut == nil)
                #expect(!row.functions.contains("far") && !row.answers.contains { $0.name == "far" })
                #expect(row.functions.sorted() == ["f0", "f1", "f2", "f3"])
            }
        }
        #expect(try #require(sets["ood"]).allSatisfy { Set($0.functions) == Set(Self.names) })
    }

    @Test func aNewRowMovesNoOther() throws {
        let rows = Self.rows(300)
        let before = try Self.sets(StageRun(Self.split(), texts: Self.texts(rows)))
        let extra = Row(id: "new", query: "a new query", answers: [FunctionCall(name: "f1", arguments: [:])])
        let after = try Self.sets(StageRun(Self.split(), texts: Self.texts([extra] + rows)))
        for (set, rows) in before { #expect(try #require(after[set]).filter { $0.id != "new" } == rows, "\(set)") }
    }

    @Test func candidatesHoldTheRowsOwnFunctions() throws {
        let sets = try Self.sets(StageRun(Self.split(candidates: 3), texts: Self.texts(Self.rows(300))))
        var places: Set<Int> = []
        for row in sets.values.joined() {
            #expect(Set(row.functions).count == 3)
            #expect(Set(row.answers.map(\.name)).isSubset(of: row.functions))
            if let own = row.answers.first { places.insert(row.functions.firstIndex(of: own.name) ?? -1) }
        }
        // Its place tells nothing.
        #expect(places == [0, 1, 2])
    }

    @Test func limitsKeepSoMany() throws {
        let sets = try Self.sets(StageRun(Self.split(limit: ["train": 20, "ood": 5]), texts: Self.texts(Self.rows(300))))
        #expect(sets["train"]?.count == 20)
        #expect(sets["ood"]?.count == 5)
    }

    @Test func rowsOfATestFileAreTestRows() throws {
        var rows = Self.rows(40)
        for index in rows.indices { rows[index].set = index < 30 ? "train" : "test" }
        let sets = try Self.sets(StageRun(Self.split(test: 0, valid: 0, outOfDomain: []), texts: Self.texts(rows)))
        #expect(Set(try #require(sets["test"]).map(\.id)).isSubset(of: rows[30...].map(\.id)))
        #expect(try #require(sets["train"]).allSatisfy { $0.set == "train" })
    }

    @Test func aStratifiedSplitHasTheShareOfEachFunction() throws {
        let counts = ["f0": 100, "f1": 20, "f2": 4]
        let rows = counts.sorted { $0.key < $1.key }.flatMap { name, count in
            (0..<count).map { index in
                Row(id: "\(name)-\(index)", query: "\(name) \(index)", answers: [FunctionCall(name: name, arguments: [:])])
            }
        }
        let stratified = DataSplit(test: 0.2, valid: 0.1, outOfDomain: [], seed: 1, stratify: true)
        let sets = try Self.sets(StageRun(stratified, texts: Self.texts(rows)))
        func calls(_ set: String) -> [String: Int] {
            (sets[set] ?? []).reduce(into: [:]) { $0[$1.answers[0].name, default: 0] += 1 }
        }
        #expect(calls("test") == ["f0": 20, "f1": 4, "f2": 1])
        #expect(calls("valid") == ["f0": 10, "f1": 2])
        #expect(calls("train") == ["f0": 70, "f1": 14, "f2": 3])
        // Whatever the order of the rows.
        let others = try Self.sets(StageRun(stratified, texts: Self.texts(rows.reversed())))
        for (set, rows) in sets { #expect(Set(rows.map(\.id)) == Set((others[set] ?? []).map(\.id)), "\(set)") }
    }

    @Test func wrongAsksAreNamed() {
        let unknown = StageRun.failure(Self.split(outOfDomain: ["fart"]), texts: Self.texts(Self.rows(50)))
        #expect(unknown.contains("'fart', which no row calls; rows call f0, f1, f2, f3, far"))
        let empty = StageRun.failure(
            Self.split(outOfDomain: Self.names), texts: Self.texts(Self.rows(50).filter { !$0.answers.isEmpty }))
        #expect(empty.contains("no row to train on"))
        let damaged = StageRun.failure(
            Self.split(),
            texts: [
                "data/functions.json": Self.functions, "data/rows.jsonl": "{\"id\":\"a\",\"query\":\"q\",\"answers\":[]}\n{,}",
            ])
        #expect(damaged.contains("data/rows.jsonl, line 2"))
    }
}
