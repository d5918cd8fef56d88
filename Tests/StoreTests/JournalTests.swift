import BuildModel
import Foundation
import Testing
import TestSupport

@testable import Store

/// The file in which answers of models are kept.
@Suite struct JournalTests {
    private let temporary = TemporaryFolder()
    var fixture: URL { temporary.url }

    private func lines(of journal: Journal) throws -> [String] {
        var lines: [String] = []
        try journal.forEachLine { lines.append(String(decoding: $0, as: UTF8.self)) }
        return lines
    }

    private func open(_ store: Store) throws -> Journal { try #require(try store.journal("large")) }

    private func file(_ store: Store) -> URL {
        store.layout.recordings.appending(path: "large.jsonl")
    }

    @Test func linesAreThereAgain() throws {
        defer { try? FileManager.default.removeItem(at: fixture) }
        let store = try Store(at: fixture)
        try open(store).append(Array("one".utf8))
        try open(store).append(Array("two".utf8))
        #expect(try lines(of: open(store)) == ["one", "two"])
        #expect(try lines(of: #require(try store.journal("other"))) == [])
        var seen = 0
        try store.forEachLine(ofJournal: "large") { _ in seen += 1 }
        try store.forEachLine(ofJournal: "unknown") { _ in seen += 100 }
        #expect(seen == 2)
    }

    /// Cut anywhere, the file has the lines that were whole, and goes on behind them.
    @Test func aTornLineIsDropped() throws {
        defer { try? FileManager.default.removeItem(at: fixture) }
        let store = try Store(at: fixture)
        for line in ["one", "two", "three"] { try open(store).append(Array(line.utf8)) }
        let whole = try Data(contentsOf: file(store))
        let ends = whole.indices.filter { whole[$0] == UInt8(ascii: "\n") }
        for cut in 0...whole.count {
            try whole.prefix(cut).write(to: file(store))
            try open(store).append(Array("four".utf8))
            let kept = ends.count { $0 < cut }
            #expect(try lines(of: open(store)) == ["one", "two", "three"].prefix(kept) + ["four"], "cut at \(cut)")
        }
    }

    @Test func aFlippedBitLosesItsLineAlone() throws {
        defer { try? FileManager.default.removeItem(at: fixture) }
        let store = try Store(at: fixture)
        for line in ["one", "two", "three"] { try open(store).append(Array(line.utf8)) }
        let whole = try Data(contentsOf: file(store))
        let second = try #require(whole.firstIndex(of: UInt8(ascii: "\n"))) + 1
        for position in second..<second + 68 {
            var flipped = whole
            flipped[position] ^= 0x10
            try flipped.write(to: file(store))
            #expect(try lines(of: open(store)) == ["one", "three"], "byte \(position)")
        }
    }

    @Test func aCheckNamesDamagedLinesAndARepairDropsThem() throws {
        defer { try? FileManager.default.removeItem(at: fixture) }
        let store = try Store(at: fixture)
        for line in ["one", "two", "three"] { try open(store).append(Array(line.utf8)) }
        #expect(try store.check().problems == [])
        var content = try Data(contentsOf: file(store))
        content[66] ^= 1
        // What a killed process left half written is no damage.
        try (content + Data("abc".utf8)).write(to: file(store))
        let problems = try store.check().problems
        #expect(problems == [.damagedRecording(path: file(store).path, lines: [1])])
        _ = try store.repair(problems)
        #expect(try store.check().problems == [])
        #expect(try lines(of: open(store)) == ["two", "three"])
    }

    @Test func oneOwnerAtATime() async throws {
        defer { try? FileManager.default.removeItem(at: fixture) }
        let store = try Store(at: fixture)
        var journal: Journal? = try open(store)
        #expect(try store.journal("large") == nil)
        #expect(try store.journal("other") != nil)
        let later = Task {
            try await waiting(onWait: {}, { () throws(StoreError) in try store.journal("large") }).append(Array("later".utf8))
        }
        try journal?.append(Array("first".utf8))
        journal = nil
        try await later.value
        #expect(try lines(of: open(store)) == ["first", "later"])
    }

    /// What nobody can make again is no garbage.
    @Test func itIsNotCollected() throws {
        defer { try? FileManager.default.removeItem(at: fixture) }
        let store = try Store(at: fixture)
        try open(store).append(Array("one".utf8))
        _ = try store.collect(before: .distantFuture)
        #expect(try lines(of: open(store)) == ["one"])
    }
}
