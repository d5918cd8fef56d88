import BuildModel
import CanonicalJSON
import Foundation
import Testing

@testable import Store

@Suite struct LineageTests {
    /// The id is a pure function of action, parents and artifact. It is the same on every machine, so it is written here.
    @Test func stageCommitIdsNeverChange() throws {
        let first = try StoreFixture().recordPair()
        let second = try StoreFixture().recordPair()
        #expect(first.data == second.data)
        #expect(first.model == second.model)
        #expect(first.data.hex == "ab4831557ca804e02dd9cc418692a247628a8ac5")
        #expect(first.model.hex == "b6d03d76ac48dca655029828bc1c97183dbdc943")
    }

    @Test func recordingTwiceGivesTheSameCommit() throws {
        let fixture = try StoreFixture()
        #expect(try fixture.recordPair().model == fixture.recordPair().model)
        #expect(try fixture.store.check().commits == 2)
    }

    @Test func aCommitComesBackAsItsAction() throws {
        let fixture = try StoreFixture()
        let pair = try fixture.recordPair()
        let record = try #require(try fixture.store.stageCommit(String(pair.model.hex.prefix(10))))
        #expect(record.commit == pair.model)
        #expect(record.parents == [pair.data])
        #expect(record.action.kind == "train.sft")
        #expect(record.action.parameters == ["steps": 3])
        #expect(record.artifact == pair.artifact)
        #expect(try fixture.store.stageCommit("0000000") == nil)
    }

    @Test func anEqualBuildAddsNothing() throws {
        let fixture = try StoreFixture()
        let first = try fixture.recordBuild()
        #expect(try fixture.recordBuild(summary: "0 ran") == first)
        let builds = try fixture.store.builds(of: "smart-home")
        #expect(builds.map(\.commit) == [first])
        #expect(builds[0].summary == "2 ran")
        #expect(builds[0].targets.map(\.name) == ["model"])
        #expect(try fixture.store.recipes() == ["smart-home"])
        #expect(try fixture.store.lastPlan(of: "smart-home")?["stages"] == [])
        #expect(try fixture.store.lastPlan(of: "nobody") == nil)
    }

    @Test func aRecipeNameThatIsNoBranchIsRefused() throws {
        let fixture = try StoreFixture()
        #expect(throws: StoreError.self) {
            try fixture.store.recordBuild(
                BuildRecord(recipe: "a..b", recipeText: "", stages: [], targets: [], summary: ""))
        }
    }

    @Test func theIndexComesBackFromTheRepository() throws {
        let fixture = try StoreFixture()
        let pair = try fixture.recordPair()
        let record = try #require(try fixture.store.stageCommit(pair.model.hex))
        try fixture.store.noteRun(RunNote(started: Date(), seconds: 12.5), of: record.action, commit: pair.model)
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(at: fixture.cache.appending(path: "index.sqlite\(suffix)"))
        }
        let reopened = try Store(at: fixture.cache)
        #expect(try reopened.result(of: record.action.key) == pair.artifact)
        #expect(try reopened.durations().seconds(of: record.action.key) == 12.5)
        #expect(try reopened.record(record.action, parents: [pair.data], artifact: pair.artifact) == pair.model)
    }

    @Test func aDamagedIndexIsReplaced() throws {
        let fixture = try StoreFixture()
        let pair = try fixture.recordPair()
        try Data("this is no database, and long enough to be taken for one".utf8)
            .write(to: fixture.cache.appending(path: "index.sqlite"))
        let key = try #require(try fixture.store.stageCommit(pair.model.hex)).action.key
        #expect(try Store(at: fixture.cache).result(of: key) == pair.artifact)
    }

    @Test func anEmptyRefIsNamedAndNoBuildHangsOnIt() throws {
        let fixture = try StoreFixture()
        _ = try fixture.recordPair()
        let branch = fixture.repository.appending(path: "refs/heads/smart-home")
        try Data().write(to: branch)
        #expect(
            try fixture.store.check().problems.map(\.description).contains {
                $0.contains("refs/heads/smart-home cannot be read")
            }
        )
        #expect(throws: StoreError.self) { try fixture.recordBuild() }
        try FileManager.default.removeItem(at: branch)
        _ = try fixture.recordBuild()
    }

    @Test func manyProcessesMayMakeAStoreAtOnce() async throws {
        let root = URL.temporaryDirectory.appending(path: "decant-race-\(UUID().uuidString)", directoryHint: .isDirectory)
        defer { try? FileManager.default.removeItem(at: root) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<6 { group.addTask { _ = try Store(at: root) } }
            try await group.waitForAll()
        }
        #expect(try Store(at: root).check().problems == [])
    }

    @Test func aLockThatAKilledProcessLeftIsNoObstacle() throws {
        let fixture = try StoreFixture()
        let artifact = try fixture.artifact(["out.txt": Data("x".utf8)])
        let action = Action(kind: "test", revision: 1, parameters: [:], inputs: [], numerics: .portable)
        let reference = fixture.repository.appending(path: StageCommit.reference(for: action.key) + ".lock")
        try FileManager.default.createDirectory(at: reference.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data().write(to: reference)
        let commit = try fixture.store.record(action, parents: [], artifact: artifact)
        #expect(try fixture.store.stageCommit(commit.hex)?.action == action)
        #expect(try fixture.store.check().problems == [])
        #expect(!FileManager.default.fileExists(atPath: reference.path))
    }

    @Test func scratchHasOneOwnerAndKeepsItsCheckpointForTheNext() throws {
        let fixture = try StoreFixture()
        let key = Digest(hashing: "key")
        var mine = try fixture.store.scratch(for: key)
        let directory = try #require(mine?.directory)
        for name in ["checkpoint", "outputs"] {
            try FileManager.default.createDirectory(at: directory.appending(path: name), withIntermediateDirectories: true)
        }
        #expect(try fixture.store.scratch(for: key) == nil)
        #expect(try Store(at: fixture.cache).scratch(for: key) == nil)
        #expect(try fixture.store.scratch(for: Digest(hashing: "other")) != nil)
        mine = nil
        let next = try #require(try Store(at: fixture.cache).scratch(for: key))
        try next.clear(keeping: "checkpoint")
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == ["checkpoint"])
        next.remove()
        #expect(!FileManager.default.fileExists(atPath: directory.path))
    }

    @Test func aLockFileGoesWithItsLock() throws {
        let fixture = try StoreFixture()
        let locks = {
            try FileManager.default.contentsOfDirectory(atPath: fixture.cache.appending(path: "scratch").path)
                .filter { $0.hasSuffix(".lock") }
        }
        var scratch = try fixture.store.scratch(for: Digest(hashing: "key"))
        #expect(try locks().count == 1)
        withExtendedLifetime(scratch) {}
        scratch = nil
        #expect(try locks().isEmpty)
    }

    @Test func severalWritersShareAStore() async throws {
        let fixture = try StoreFixture()
        let artifact = try fixture.artifact(["out.txt": Data("same".utf8)])
        let cache = fixture.cache
        let commits = try await withThrowingTaskGroup(of: [CommitID].self) { group in
            for _ in 0..<4 {
                group.addTask {
                    let store = try Store(at: cache)
                    return try (0..<10).map { number in
                        let action = Action(
                            kind: "test", revision: 1, parameters: ["number": .integer(Int64(number))], inputs: [],
                            numerics: .portable)
                        return try store.record(action, parents: [], artifact: artifact)
                    }
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(commits.count == 4)
        #expect(Set(commits).count == 1)
        #expect(try fixture.store.check().problems == [])
    }
}
