import BuildModel
import Foundation
import TestSupport
import Testing

@testable import Store

/// What several people need of a store's files.
@Suite struct SharedStoreTests {
    @Test(
        arguments: [
            ("group", 0o022, 0o002), ("true", 0o077, 0o007), ("1", 0o022, 0o002), ("all", 0o077, 0o002), ("2", 0o027, 0o002),
            ("world", 0o022, 0o002), ("0640", 0o022, 0o027), ("0660", 0o022, 0o007), ("0664", 0o077, 0o002),
        ] as [(String, mode_t, mode_t)])
    func theSettingSaysWhoMayReadAndWrite(setting: String, now: mode_t, wanted: mode_t) {
        #expect(Permissions.mask(for: setting, now: now) == wanted)
    }

    @Test(arguments: ["umask", "false", "0", "nonsense", "0099", "0060"])
    func otherSettingsChangeNothing(setting: String) { #expect(Permissions.mask(for: setting, now: 0o022) == nil) }

    @Test func nothingIsSetMeansTheUmask() { #expect(Permissions.mask(for: nil, now: 0o022) == nil) }

    /// Where a rename cannot lead, because the places are on different disks.
    @Test(.enabled(if: device("/dev/shm") != nil && device("/dev/shm") != device(NSTemporaryDirectory()), "needs two disks"))
    func anObjectFolderMayLieOnAnotherDisk() throws {
        let place = TemporaryFolder()
        let far = URL(fileURLWithPath: "/dev/shm/decant-test-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: far) }
        for name in ["objects", "scratch"] {
            try FileManager.default.createDirectory(at: far.appending(path: name), withIntermediateDirectories: true)
        }
        let root = place.folder("store")
        _ = try Store(at: root)
        for (link, target) in [("lineage.git/lfs/objects", "objects"), ("scratch", "scratch")] {
            try? FileManager.default.removeItem(at: root.appending(path: link))
            try FileManager.default.createSymbolicLink(
                at: root.appending(path: link), withDestinationURL: far.appending(path: target))
        }
        let store = try Store(at: root)
        let scratch = try #require(try store.scratch(for: Digest(hashing: "a")))
        let outputs = try scratch.place(for: "outputs")
        try FileManager.default.createDirectory(at: outputs, withIntermediateDirectories: true)
        try Data("bytes".utf8).write(to: outputs.appending(path: "a.bin"))
        let artifact = try store.takeDirectory(outputs)
        try place.write("copied", to: "b.bin")
        let copied = try store.importFile(at: place.file("b.bin").path)
        for digest in [artifact.files[0].digest, copied.digest] { #expect(try store.readObject(digest).count > 4) }
        #expect(FileManager.default.contents(atPath: outputs.appending(path: "a.bin").path) == nil)
        let left = try FileManager.default.subpathsOfDirectory(atPath: far.path).filter { $0.hasSuffix(DurableFile.arriving) }
        #expect(left == [])
        try store.materialize(artifact, at: place.folder("out"))
        #expect(try place.text("out/a.bin") == "bytes")
    }

    private static func device(_ path: String) -> UInt? {
        var status = stat()
        return stat(path, &status) == 0 ? UInt(status.st_dev) : nil
    }

    // MARK: git gc

    @Test func whatIsWrittenWaitsForGitsCollector() async throws {
        let place = TemporaryFolder()
        let store = try Store(at: place.folder("store"))
        let file = place.file("store/lineage.git/gc.pid")
        var host = [CChar](repeating: 0, count: 256)
        gethostname(&host, host.count - 1)
        let name = String(decoding: host.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        // The parent of this process is alive.
        try Data("\(getppid()) \(name)".utf8).write(to: file)
        let action = Action(kind: "a", revision: 1, parameters: [:], inputs: [], numerics: .portable)
        let artifact = try store.importDirectory(place.write(["x": Data("x".utf8)], below: "in"))
        let start = ContinuousClock.now
        DispatchQueue.global().asyncAfter(deadline: .now() + 0.5) { unlink(file.path) }
        _ = try store.record(action, parents: [], artifact: artifact)
        #expect(ContinuousClock.now - start > .seconds(0.4))
        #expect(!FileManager.default.fileExists(atPath: file.path))

        // One that is dead has left its file; and so has one of a machine long ago.
        try Data("99999999 \(name)".utf8).write(to: file)
        _ = try Store(at: place.folder("store"))
        try Data("1 elsewhere".utf8).write(to: file)
        utime(file.path, [utimbuf(actime: 0, modtime: time(nil) - 13 * 3600)])
        _ = try Store(at: place.folder("store"))
        #expect(!FileManager.default.fileExists(atPath: file.path))
    }

    @Test func gitsCollectorStaysAwayMeanwhile() throws {
        let place = TemporaryFolder()
        let store = try Store(at: place.folder("store"))
        let repository = place.folder("store/lineage.git")
        let run = try store.writing { _ throws(StoreError) in
            try StoreError.onWriting("git") {
                try ProgramRun(["git", "-C", repository.path, "gc", "--quiet", "--prune=now"])
            }
        }
        #expect(run.status != 0)
        #expect(run.errors.contains("gc is already running"))
        try ProgramRun.output(of: ["git", "-C", repository.path, "gc", "--quiet", "--prune=now"], mergesErrors: true)
    }

    /// The second commit of an action has no ref of its own; the build that needs it comes later.
    @Test func commitsOfABuildThatIsNotRecordedYetStay() throws {
        let place = TemporaryFolder()
        let repository = place.folder("store/lineage.git")
        func collect() throws {
            try ProgramRun.output(of: ["git", "-C", repository.path, "gc", "--quiet", "--prune=now"], mergesErrors: true)
        }
        let open = try Store(at: place.folder("store"))
        let made = try ["a", "b"].map { name in
            let file = try open.importDirectory(place.write(["x": Data(name.utf8)], below: "in-" + name))
            let action = Action(kind: name, revision: 1, parameters: [:], inputs: [], numerics: .portable)
            return (commit: try open.record(action, parents: [], artifact: file), artifact: file)
        }
        let action = Action(kind: "c", revision: 1, parameters: [:], inputs: [], numerics: .portable)
        let commits = try made.map { try open.record(action, parents: [$0.commit], artifact: made[0].artifact) }
        #expect(Set(commits).count == 2)
        try collect()
        for commit in commits { #expect(try open.stageCommit(commit.hex) != nil) }
        #expect(try !open.check().problems.contains { "\($0)".contains(PendingCommits.references) })
        _ = try open.recordBuild(
            BuildRecord(
                recipe: "r", recipeText: "x", stages: commits.map { NamedCommit(name: "c", commit: $0) },
                targets: [("c", commits[1], made[0].artifact)], summary: "s"))
        #expect(try open.openRepository().references(startingWith: PendingCommits.references) == [])
        try collect()
        #expect(try open.stageCommit(commits[1].hex) != nil)

        // What a build without an end leaves goes with the store, or with the next collection.
        do {
            let other = try Store(at: place.folder("store"))
            _ = try other.record(action, parents: made.map(\.commit), artifact: made[0].artifact)
            #expect(try other.openRepository().references(startingWith: PendingCommits.references).count == 1)
        }
        #expect(try open.openRepository().references(startingWith: PendingCommits.references) == [])
        let killed = PendingCommits.references + commits[0].hex
        _ = try open.openRepository().createReference(killed, to: commits[0])
        _ = try open.collect(before: Date(timeIntervalSince1970: 0))
        #expect(try open.openRepository().references(startingWith: PendingCommits.references) == [])
    }
}
