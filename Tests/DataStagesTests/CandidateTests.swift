import CanonicalJSON
import Testing

@testable import Engine
@testable import Kinds
@testable import Stages

/// Functions named by two words, of which each shares a word with eighteen others, and many that share none.
@Suite struct CandidateTests {
    static let letters = "abcdefghij"
    /// `fa_sa`, `faSb` and so on.
    static let pairs = letters.flatMap { first in
        letters.map { second in first == second ? "f\(first)_s\(second)" : "f\(first)S\(second)" }
    }
    static let strangers = (0..<400).map { "stranger\($0)" }

    /// Three rows for every pair, a few without a call.
    static let rows: [Row] = (0..<330).map { index in
        let name = pairs[index % pairs.count]
        return Row(
            id: "row\(index)", query: "query \(index)",
            answers: index % 11 == 0 ? [] : [FunctionCall(name: name, arguments: ["x": .integer(Int64(index))])],
            possible: index % 11 == 0 || index % 2 == 0 ? nil : [PossibleCall(name: name, arguments: [:])],
            heldOut: index % 13 == 0 ? .template : nil)
    }

    static func texts(_ rows: [Row]) -> [String: String] {
        let functions = (pairs + strangers).map { JSON.object(["name": .string($0), "parameters": ["type": "object"]]) }
        return [
            "data/functions.json": JSON.array(functions).canonicalText,
            "data/rows.jsonl": rows.map(\.json.canonicalText).joined(separator: "\n"),
        ]
    }

    static func sets(
        outOfDomain: [String] = ["fc*"], candidates: Int = 4, similar: Double = 0, missing: Double = 0, group: Int = 1,
        rows: [Row] = Self.rows
    ) throws -> [String: [Row]] {
        let split = DataSplit(
            test: 0.2, valid: 0.1, outOfDomain: outOfDomain, candidates: candidates, similar: similar, missing: missing,
            group: group, limit: [:], seed: 1)
        return try DataSplitTests.sets(StageRun(split, texts: texts(rows)))
    }

    static func called(by row: Row) -> Set<String> {
        Set(rows.first { $0.id == row.id }?.answers.map(\.name) ?? [])
    }

    /// The listed functions that share a word with one that the row was made to call.
    static func alike(_ row: Row) -> [String] {
        let called = called(by: row)
        return row.functions.filter { name in
            !called.contains(name) && called.contains { $0.prefix(2) == name.prefix(2) || $0.suffix(1) == name.suffix(1) }
        }
    }

    @Test func theShareOfSimilarFunctionsIsMet() throws {
        let rows = try Self.sets(similar: 0.5).values.joined().filter { !$0.answers.isEmpty }
        for row in rows {
            #expect(Set(row.functions).count == 4)
            #expect(Self.called(by: row).isSubset(of: row.functions))
            // Of three others, one and a half.
            #expect(Self.alike(row).count >= 1)
        }
        let mean = Double(rows.map { Self.alike($0).count }.reduce(0, +)) / Double(rows.count)
        #expect((1.45...1.75).contains(mean))
        let all = try Self.sets(similar: 1).values.joined().filter { !$0.answers.isEmpty }
        #expect(all.allSatisfy { Self.alike($0).count == 3 })
    }

    @Test func everyWordCounts() throws {
        let alike = try Self.sets(similar: 1).values.joined().flatMap { row in
            Self.alike(row).map { name in Self.called(by: row).first.map { $0.prefix(2) == name.prefix(2) } ?? false }
        }
        #expect(Set(alike) == [true, false])
    }

    @Test func aShareOfTheRowsMissesItsFunctions() throws {
        let sets = try Self.sets(similar: 0.5, missing: 0.2)
        #expect(Set(sets.keys) == ["train", "valid", "test", "phrasing", "ood"])
        var missed = 0
        for (set, rows) in sets {
            let calling = rows.filter { !Self.called(by: $0).isEmpty }
            let without = calling.filter(\.answers.isEmpty)
            #expect(!without.isEmpty, "\(set)")
            missed += without.count
            for row in without {
                #expect(Self.called(by: row).isDisjoint(with: row.functions) && row.possible == nil)
                #expect(row.functions.count == 4 && !Self.alike(row).isEmpty)
            }
            for row in calling where !row.answers.isEmpty {
                #expect(row.answers == Self.rows.first { $0.id == row.id }?.answers)
                #expect(Self.called(by: row).isSubset(of: row.functions))
            }
        }
        #expect((45...75).contains(missed))
        // Rows stay where they are, under their names.
        let before = try Self.sets()
        for (set, rows) in sets { #expect(rows.map(\.id) == before[set]?.map(\.id), "\(set)") }
    }

    @Test func aRowThatMissesItsFunctionListsOneLikeIt() throws {
        let rows = try Self.sets(missing: 0.9).values.joined().filter { !Self.called(by: $0).isEmpty && $0.answers.isEmpty }
        #expect(rows.count > 200)
        #expect(rows.allSatisfy { !Self.alike($0).isEmpty })
    }

    @Test func noPromptButItsOwnListsAFunctionOutOfDomain() throws {
        let sets = try Self.sets(similar: 0.5, missing: 0.2)
        for (set, rows) in sets {
            for row in rows {
                let outside = row.functions.filter { $0.hasPrefix("fc") }
                #expect(outside == (set == "ood" ? row.answers.map(\.name) : []), "\(set) \(row.id)")
            }
        }
        #expect(try #require(sets["ood"]).contains { $0.answers.isEmpty })
    }

    @Test func rowsThatShareNothingAreDrawnAlike() throws {
        let rows = Self.rows.filter { $0.id != "row5" }
        let before = try Self.sets(similar: 0.5, missing: 0.2)
        let after = try Self.sets(similar: 0.5, missing: 0.2, rows: rows.reversed())
        for (set, rows) in after {
            #expect(Set(rows) == Set(try #require(before[set]).filter { $0.id != "row5" }), "\(set)")
        }
    }

    /// Where nothing else can be listed, nothing can be missing.
    @Test func aPoolOfOneIsNeverMissed() throws {
        let texts = [
            "data/functions.json": "[{\"name\":\"only\",\"parameters\":{\"type\":\"object\"}}]",
            "data/rows.jsonl": "{\"id\":\"a\",\"query\":\"q\",\"answers\":[{\"name\":\"only\",\"arguments\":{}}]}",
        ]
        for candidates in [0, 3] {
            let split = DataSplit(
                test: 0, valid: 0, outOfDomain: [], candidates: candidates, missing: 1, limit: [:], seed: 1)
            let row = try #require(try DataSplitTests.sets(StageRun(split, texts: texts))["train"]?.first)
            #expect(row.functions == ["only"] && row.answers.count == 1)
        }
    }

    @Test(arguments: [
        ("*_lamp", ["open_lamp", "_lamp"], ["lamp", "open_lamps", "lamp_open"]),
        ("lamp_*", ["lamp_open", "lamp_"], ["open_lamp", "lamp"]),
        ("*", ["", "lamp"], []),
        ("o*n", ["on", "oven", "open"], ["n", "o", "one"]),
        ("a*a", ["aa", "aba"], ["a"]),
        ("*e*e*", ["ee", "here", "eve"], ["e", "open"]),
        ("o*p*n", ["open", "oppn"], ["oen", "pon"]),
        ("lamp", ["lamp"], ["lamps", "a_lamp"]),
    ])
    func aStarIsAnyRunOfCharacters(pattern: String, matched: [String], others: [String]) {
        for name in matched { #expect(NamePattern(pattern).matches(name), "\(name)") }
        for name in others { #expect(!NamePattern(pattern).matches(name), "\(name)") }
    }

    @Test func patternsAndNamesAreOutOfDomainTogether() throws {
        let sets = try Self.sets(outOfDomain: ["*Sd", "fa_sa", "fe*"])
        let called = Set(try #require(sets["ood"]).flatMap { $0.answers.map(\.name) })
        #expect(called == Set(Self.pairs.filter { $0.hasSuffix("Sd") || $0 == "fa_sa" || $0.hasPrefix("fe") }))
        #expect(called.count == 9 + 1 + 9 && !called.contains("fd_sd"))
        for row in try #require(sets["train"]) { #expect(called.isDisjoint(with: row.functions)) }
    }

    /// A pattern may match functions that no row calls, but not only such.
    @Test func aPatternWithoutRowsIsNamed() {
        for pattern in ["stranger*", "*_lamp"] {
            let failure = StageRun.failure(
                DataSplit(test: 0.2, valid: 0.1, outOfDomain: ["fc*", pattern], candidates: 0, limit: [:], seed: 1),
                texts: Self.texts(Self.rows))
            #expect(failure.contains("'\(pattern)', a pattern of functions that no row calls; rows call fa"))
            #expect(failure.contains(" more") && failure.count < 600)
        }
    }
}
