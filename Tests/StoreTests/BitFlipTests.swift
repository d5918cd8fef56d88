import BuildModel
import Foundation
import Testing
import TestSupport

@testable import Store

/// Bits that flip on the disk: every one is found by `check`, none is believed by what reads, and a repair leaves a whole
/// store.
@Suite(.serialized) struct BitFlipTests {
    /// Where a store keeps things, and how many bits of each kind flip.
    static let kinds: [(kind: String, flips: Int)] = [
        ("object", 260), ("commit", 160), ("tree", 160), ("blob", 160), ("action ref", 100), ("branch", 100), ("notes", 60),
        ("HEAD", 60), ("tag", 40),
    ]

    /// A store with two stages, a build, a note and a tag.
    private func filled() throws -> (fixture: StoreFixture, build: CommitID, model: CommitID) {
        let fixture = try StoreFixture()
        let pair = try fixture.recordPair()
        let build = try fixture.recordBuild()
        let record = try #require(try fixture.store.stageCommit(pair.model.hex))
        try fixture.store.noteRun(RunNote(host: "here", started: Date(), seconds: 2), of: record.action, commit: pair.model)
        try fixture.run(
            "git", "-c", "user.name=T", "-c", "user.email=t@x", "tag", "-a", "-m", "first", "v1", build.hex,
            in: fixture.repository)
        return (fixture, build, pair.model)
    }

    /// The files that a kind of thing is kept in.
    private func files(of kind: String, in fixture: StoreFixture) throws -> [URL] {
        let refs = fixture.repository.appending(path: "refs")
        func below(_ folder: URL) -> [URL] {
            ((try? FileManager.default.subpathsOfDirectory(atPath: folder.path)) ?? []).sorted()
                .map { folder.appending(path: $0) }.filter {
                    !$0.hasDirectoryPath && (try? $0.resourceValues(forKeys: [.isRegularFileKey]).isRegularFile) == true
                }
        }
        switch kind {
        case "object": return below(fixture.repository.appending(path: "lfs/objects"))
        case "action ref": return below(refs.appending(path: "decant/actions"))
        case "branch": return below(refs.appending(path: "heads"))
        case "notes": return below(refs.appending(path: "notes"))
        case "tag": return below(refs.appending(path: "tags"))
        case "HEAD": return [fixture.repository.appending(path: "HEAD")]
        default:
            return try below(fixture.repository.appending(path: "objects")).filter { file in
                let id = file.deletingLastPathComponent().lastPathComponent + file.lastPathComponent
                return try fixture.run("git", "cat-file", "-t", id, in: fixture.repository) == kind + "\n"
            }
        }
    }

    @Test(arguments: kinds.map(\.kind)) func everyFlippedBitIsFoundAndNoneIsBelieved(kind: String) throws {
        let (fixture, build, model) = try filled()
        let whole = try #require(try fixture.store.stageCommit(model.hex))
        let places = try files(of: kind, in: fixture)
        try #require(!places.isEmpty)
        var random = TestRandom(seed: 11)
        var missed: [String] = []
        var harmless = 0
        for _ in 0..<(Self.kinds.first { $0.kind == kind }?.flips ?? 0) {
            let file = places[random.next(below: places.count)]
            let content = try Data(contentsOf: file)
            let bit = random.next(below: content.count * 8)
            var flipped = content
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            try replace(file, flipped)
            let store = try Store(at: fixture.cache)
            if try store.check().problems.isEmpty {
                // The last bits of a compressed file may stand for nothing.
                let id = file.deletingLastPathComponent().lastPathComponent + file.lastPathComponent
                if ["commit", "tree", "blob"].contains(kind),
                    (try? fixture.run("git", "cat-file", "-p", id, in: fixture.repository)) != nil
                {
                    harmless += 1
                } else {
                    missed.append("\(file.lastPathComponent) bit \(bit)")
                }
            }
            if let read = try? store.stageCommit(model.hex) { #expect(read == whole) }
            if kind == "object", let digest = Digest(hex: file.lastPathComponent) {
                #expect(throws: StoreError.damagedObject(digest)) { try store.readObject(digest) }
                let place = fixture.root.appending(path: UUID().uuidString)
                #expect(throws: StoreError.damagedObject(digest)) {
                    try store.materialize(Artifact(files: [.init(path: "x", size: content.count, digest: digest)]), at: place)
                }
            }
            try replace(file, content)
        }
        #expect(missed == [])
        #expect(harmless <= 5)
        #expect(try Store(at: fixture.cache).check().problems == [])
        #expect(try Store(at: fixture.cache).builds(of: "smart-home").map(\.commit) == [build])
    }

    /// A repair, then what a build would do: record what it has, make again what is gone. The commits are the same, and the
    /// store is whole. The notes of runs are all that can be lost.
    @Test(arguments: ["object", "commit", "tree", "blob", "action ref", "branch", "HEAD"])
    func aRepairAndABuildHealIt(kind: String) throws {
        let (fixture, build, model) = try filled()
        for file in try files(of: kind, in: fixture) {
            // A copy, because a repair must have the store to itself.
            let cache = fixture.root.appending(path: UUID().uuidString)
            try FileManager.default.copyItem(at: fixture.cache, to: cache)
            let copy = cache.appending(path: String(file.path.dropFirst(fixture.cache.path.count)))
            var content = try Data(contentsOf: copy)
            content[content.count / 2] ^= 0x10
            try replace(copy, content)
            try heal(cache)
            let store = try Store(at: cache)
            #expect(try fixture.recordPair(in: store).model == model)
            let healed = try fixture.recordBuild(in: store)
            #expect(try store.stageCommit(model.hex) == fixture.store.stageCommit(model.hex))
            // A build commit says when it was made: where it is gone itself, a new one takes its place.
            let isOwn = file.path.contains("/objects/\(build.hex.prefix(2))/\(build.hex.dropFirst(2))")
            if ["object", "action ref", "branch", "HEAD"].contains(kind), !isOwn { #expect(healed == build, "\(file.path)") }
            #expect(try Store(at: cache).check().problems.filter { !"\($0)".contains("refs/tags") } == [], "\(file.path)")
        }
    }

    /// Checks and repairs.
    private func heal(_ cache: URL) throws {
        let problems = try Store(at: cache).check().problems
        #expect(!problems.isEmpty)
        _ = try Store(at: cache).repair(problems)
    }

    /// SQLite does not know that a row is not what was written. Decant does.
    @Test func aRowOfTheIndexThatIsNotWhatWasWrittenCountsAsAbsent() throws {
        let (fixture, _, model) = try filled()
        let whole = try #require(try fixture.store.stageCommit(model.hex))
        let index = fixture.cache.appending(path: "index.sqlite")
        var random = TestRandom(seed: 5)
        for _ in 0..<60 {
            let copy = fixture.root.appending(path: UUID().uuidString)
            try FileManager.default.copyItem(at: fixture.cache, to: copy)
            let table = random.next(below: 2) == 0 ? "result" : "stage_commit"
            let columns = table == "result" ? ["artifact", "files", "seal"] : ["commit_id", "pinned", "seal"]
            try flip(columns[random.next(below: 3)], of: table, in: copy.appending(path: "index.sqlite"), &random)
            let store = try Store(at: copy)
            #expect(try store.check().problems.contains { if case .damagedIndex = $0 { true } else { false } })
            #expect(try store.result(of: whole.action.key) == whole.artifact)
            #expect(try store.record(whole.action, parents: whole.parents, artifact: whole.artifact) == model)
        }
        #expect(FileManager.default.fileExists(atPath: index.path))
    }

    /// Through SQLite itself, so that only the value is wrong.
    private func flip(_ column: String, of table: String, in database: URL, _ random: inout TestRandom) throws {
        let position = random.next(below: 8)
        let script = """
            import sqlite3, sys
            path, table, column, position = sys.argv[1:5]
            db = sqlite3.connect(path)
            value = db.execute(f"SELECT {column} FROM {table} LIMIT 1").fetchone()[0]
            if isinstance(value, int):
                value ^= 1
            else:
                raw = bytearray(value if isinstance(value, bytes) else value.encode())
                raw[int(position)] ^= 1
                value = bytes(raw) if isinstance(value, bytes) else raw.decode()
            db.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = (SELECT rowid FROM {table} LIMIT 1)", (value,))
            db.commit()
            """
        _ = try StoreFixture.python(script, [database.path, table, column, String(position)])
    }

    private func replace(_ file: URL, _ content: Data) throws {
        try? FileManager.default.removeItem(at: file)
        try content.write(to: file)
    }
}
