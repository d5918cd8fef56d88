import BuildModel
import Foundation
import Testing
import TestSupport

@testable import Store

@Suite struct CollectionTests {
    /// A fixture whose own store is closed, so that a collection may have the place to itself.
    final class Place {
        private let temporary = TemporaryFolder()
        var root: URL { temporary.url }
        var cache: URL { root.appending(path: "cache", directoryHint: .isDirectory) }

        func open() throws -> Store { try Store(at: cache) }

        /// A stage that gives these bytes, and a build of a recipe that has it as its target.
        @discardableResult
        func build(
            _ recipe: String, _ content: String, started: Date = Date()
        ) throws -> (stage: CommitID, build: CommitID, artifact: Artifact) {
            let store = try open()
            let folder = root.appending(path: UUID().uuidString)
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try Data(content.utf8).write(to: folder.appending(path: "model.bin"))
            let artifact = try store.importDirectory(folder)
            let action = Action(kind: "test", revision: 1, parameters: ["c": .string(content)], inputs: [], numerics: .portable)
            let stage = try store.record(action, parents: [], artifact: artifact)
            try store.noteRun(RunNote(started: started, seconds: 1), of: action, commit: stage)
            let build = try store.recordBuild(
                BuildRecord(
                    recipe: recipe, recipeText: content, stages: [.init(name: "model", commit: stage)],
                    targets: [(name: "model", commit: stage, artifact: artifact)], summary: content))
            return (stage, build, artifact)
        }
    }

    static func now() -> Date { Date() + 1 }

    @Test func onlyWhatNothingStandsOnGoes() throws {
        let place = Place()
        let old = try place.build("home", "old")
        let new = try place.build("home", "new")
        let other = try place.build("car", "other")
        let found = try place.open().garbage(before: Self.now())
        #expect(found.results.map(\.commit) == [old.stage])
        #expect(found.objects.map { URL(fileURLWithPath: $0.path).lastPathComponent } == old.artifact.files.map(\.digest.hex))
        #expect(try place.open().object(old.artifact.files[0].digest) != nil)

        #expect(try place.open().collect(before: Self.now()).results == found.results)
        let store = try place.open()
        #expect(store.object(old.artifact.files[0].digest) == nil)
        for kept in [new, other] {
            #expect(try store.readObject(kept.artifact.files[0].digest).count == kept.artifact.size)
            #expect(try store.stageCommit(kept.stage.hex) != nil)
        }
        #expect(try store.check().problems == [])
        #expect(try store.check().collected == 1)
        #expect(try store.builds(of: "home").map(\.commit) == [new.build, old.build])
    }

    @Test func aTagPinsAnOldBuild() throws {
        let place = Place()
        let old = try place.build("home", "old")
        try place.build("home", "new")
        let repository = place.cache.appending(path: "lineage.git")
        try Data((old.build.hex + "\n").utf8).write(to: repository.appending(path: "refs/tags/v1"))
        #expect(try place.open().collect(before: Self.now()).results.isEmpty)
        #expect(try place.open().readObject(old.artifact.files[0].digest) == Data("old".utf8))
    }

    @Test func whatIsYoungStays() throws {
        let place = Place()
        try place.build("home", "old")
        try place.build("home", "new")
        let garbage = try place.open().collect(before: Date() - 3600)
        #expect(garbage.results.isEmpty && garbage.objects.isEmpty && garbage.size == 0)
    }

    /// Without a build of its own, a result is needed as long as its last run is young.
    @Test func whatRanLatelyStays() throws {
        let place = Place()
        let young = try place.build("home", "young", started: Date() + 3600)
        let old = try place.build("home", "old", started: Date() - 3600)
        try place.build("home", "new", started: Date() - 3600)
        #expect(try place.open().collect(before: Self.now()).results.map(\.commit) == [old.stage])
        #expect(try place.open().readObject(young.artifact.files[0].digest) == Data("young".utf8))
    }

    @Test func nothingIsRemovedWhileSomebodyUsesTheStore() throws {
        let place = Place()
        try place.build("home", "old")
        try place.build("home", "new")
        let other = try place.open()
        #expect(throws: StoreError.inUse(path: place.cache.path)) { try place.open().collect(before: Self.now()) }
        #expect(try other.garbage(before: Self.now()).results.count == 1)
    }

    @Test func aCollectedResultIsMissedAndCanBeRecordedAgain() throws {
        let place = Place()
        let old = try place.build("home", "old")
        try place.build("home", "new")
        _ = try place.open().collect(before: Self.now())
        let key = Action(kind: "test", revision: 1, parameters: ["c": "old"], inputs: [], numerics: .portable).key
        #expect(try place.open().result(of: key) == nil)
        let again = try place.build("home", "old")
        #expect(again.stage == old.stage)
        #expect(try place.open().check().problems == [])
    }

    @Test func leftoversAndUnreachableGitObjectsGo() throws {
        let place = Place()
        let first = try place.build("home", "one")
        let repository = place.cache.appending(path: "lineage.git")
        let stray = try place.open().repository.withLock { repository in
            try GitRepository.hex(repository.writeBlob(Array("nobody names this".utf8)))
        }
        try Data("half".utf8).write(to: repository.appending(path: "lfs/incoming/half"))
        let scratch = place.cache.appending(path: "scratch/\(first.artifact.digest)/checkpoint")
        try FileManager.default.createDirectory(at: scratch, withIntermediateDirectories: true)
        try Data("state".utf8).write(to: scratch.appending(path: "state"))
        let garbage = try place.open().collect(before: Self.now())
        #expect(garbage.gitObjects.map(\.path).contains { $0.hasSuffix(String(stray.dropFirst(2))) })
        #expect(garbage.leftovers.count == 2)
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.cache.appending(path: "scratch").path) == [])
        #expect(try place.open().check().problems == [])
    }

    @Test func damagedNotesKeepNobodyFromBuilding() throws {
        let place = Place()
        try place.build("home", "one")
        try Data((String(repeating: "a", count: 40) + "\n").utf8)
            .write(to: place.cache.appending(path: "lineage.git/refs/notes/decant/runs"))
        try? FileManager.default.removeItem(atPath: place.cache.path + "/index.sqlite")
        let second = try place.build("home", "two")
        #expect(try place.open().stageCommit(second.stage.hex) != nil)
        #expect(try place.open().check().problems.contains { "\($0)".contains("refs/notes/decant/runs") })
        // What a collection may remove is not known then.
        #expect(throws: StoreError.self) { try place.open().collect(before: Self.now()) }
    }

    @Test func theIndexComesBackFromTheRepository() throws {
        let place = Place()
        let build = try place.build("home", "one")
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: place.cache.path + "/index.sqlite" + suffix)
        }
        let store = try place.open()
        let key = try #require(try store.stageCommit(build.stage.hex)).action.key
        #expect(try store.result(of: key) == build.artifact)
        #expect(try store.durations().seconds(of: key) == 1)
        #expect(try store.check().problems == [])
    }
}
