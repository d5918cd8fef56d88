import BuildModel
import Foundation
import TestSupport
import Testing

@testable import Store

/// What a stage left is taken whole, or not at all: no name is lost, and none goes in that nobody could take out again.
@Suite struct OutputNameTests {
    /// Makes empty files by the bytes of their names in a folder.
    private func makeFiles(_ names: [[UInt8]], in folder: URL) throws {
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        for name in names {
            let path = (Array(folder.path.utf8) + [UInt8(ascii: "/")] + name + [0]).map { CChar(bitPattern: $0) }
            let file = open(path, O_CREAT | O_WRONLY | O_EXCL, 0o644)
            try #require(file >= 0)
            close(file)
        }
    }

    @Test(arguments: [
        (["README", "readme"], "'README' and 'readme' are one name"),
        (["caf\u{E9}", "cafe\u{301}"], "(the same letters in two Unicode forms) are one name"),
        (["stra\u{DF}e", "STRASSE"], "are one name where file systems ignore case"),
        (["aux.txt"], "'aux.txt' is a device on Windows"), (["model."], "'model.' ends with a dot or a space"),
        (["model "], "ends with a dot or a space"), ([".gitattributes"], "not a portable name"),
    ])
    func namesThatOthersMergeAreRefusedBeforeAnythingMoves(names: [String], reason: String) throws {
        let fixture = try StoreFixture()
        let folder = fixture.root.appending(path: "outputs", directoryHint: .isDirectory)
        try makeFiles(names.map { Array($0.utf8) }, in: folder)
        let error = #expect(throws: StoreError.self) { try fixture.store.takeDirectory(folder) }
        #expect(error?.description.contains(reason) == true, "\(error?.description ?? "")")
        #expect(error?.description.contains("another name") == true || reason.contains("portable"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path).count == names.count)
        #expect(try fixture.store.check().objects == 0)
    }

    @Test func aNameThatIsNotUTF8IsRefused() throws {
        let fixture = try StoreFixture()
        let folder = fixture.root.appending(path: "outputs", directoryHint: .isDirectory)
        try makeFiles([[0x61, 0xFF], Array("a\u{FFFD}".utf8)], in: folder)
        let error = #expect(throws: StoreError.self) { try fixture.store.takeDirectory(folder) }
        #expect(error?.description.contains("is not UTF-8") == true)
    }

    @Test func aLinkIsRefused() throws {
        let fixture = try StoreFixture()
        let folder = fixture.root.appending(path: "outputs", directoryHint: .isDirectory)
        try makeFiles([Array("a".utf8)], in: folder)
        symlink("/etc", folder.appending(path: "b").path)
        let error = #expect(throws: StoreError.self) { try fixture.store.takeDirectory(folder) }
        #expect(error?.description.contains("'b' is a link or a special file") == true)
    }

    /// Two folders may have files of one name, and names keep their bytes.
    @Test func namesKeepTheirBytes() throws {
        let fixture = try StoreFixture()
        let names = ["d/cafe\u{301}.txt", "e/caf\u{E9}.txt", "e/\u{301}x"]
        let artifact = try fixture.artifact(Dictionary(uniqueKeysWithValues: names.map { ($0, Data($0.utf8)) }))
        #expect(artifact.files.map(\.name) == names.map { FileName($0) }.sorted())
        let action = Action(kind: "test", revision: 1, parameters: [:], inputs: [], numerics: .portable)
        let commit = try fixture.store.record(action, parents: [], artifact: artifact)
        #expect(try fixture.store.stageCommit(commit.hex)?.artifact == artifact)
        let copy = fixture.root.appending(path: "copy", directoryHint: .isDirectory)
        try fixture.store.materialize(artifact, at: copy)
        #expect(try fixture.store.importDirectory(copy) == artifact)
    }

    /// Nothing is recorded that a remote would refuse, whoever made it.
    @Test func anArtifactWithSuchNamesIsNotRecorded() throws {
        let fixture = try StoreFixture()
        let taken = try fixture.artifact(["a": Data("a".utf8)]).files[0]
        let artifact = Artifact(files: ["A", "a"].map { .init(path: $0, size: taken.size, digest: taken.digest) })
        let action = Action(kind: "test", revision: 1, parameters: [:], inputs: [], numerics: .portable)
        #expect(throws: StoreError.self) { try fixture.store.record(action, parents: [], artifact: artifact) }
    }
}

/// A check that could not look at something says so.
@Suite struct LinkedStoreTests {
    /// Moves a folder of a store and puts a link in its place.
    private func link(_ folder: URL, in fixture: StoreFixture) throws {
        let place = fixture.root.appending(path: "elsewhere-\(UUID().uuidString)")
        try FileManager.default.moveItem(at: folder, to: place)
        #expect(symlink(place.path, folder.path) == 0)
    }

    @Test(arguments: ["lfs", "lfs/objects", "first", "objects", "refs", "refs/decant"])
    func linkedFoldersAreLookedAt(place: String) throws {
        let fixture = try StoreFixture()
        let pair = try fixture.recordPair()
        let before = try fixture.store.check()
        #expect(before.objects == 3 && before.commits == 2 && before.problems == [])
        let weights = try #require(pair.artifact["model.safetensors"]?.digest)
        let object = try #require(fixture.store.object(weights)?.url)
        let folder =
            place == "first" ? object.deletingLastPathComponent() : fixture.repository.appending(path: place)
        try link(folder, in: fixture)
        let linked = try Store(at: fixture.cache)
        let check = try linked.check()
        #expect(check.objects == 3 && check.commits == 2 && check.problems == [])
        #expect(try linked.status().objects == 3)
        chmod(object.path, 0o644)
        try Data(count: 10).write(to: object)
        #expect(try linked.check().problems.contains(.damagedObject(weights)))
    }

    @Test func aLinkToNothingIsAProblem() throws {
        let fixture = try StoreFixture()
        let pair = try fixture.recordPair()
        let weights = try #require(pair.artifact["model.safetensors"]?.digest)
        let object = try #require(fixture.store.object(weights)?.url)
        try FileManager.default.removeItem(at: object)
        #expect(symlink("/nowhere", object.path) == 0)
        #expect(try fixture.store.check().problems.contains { if case .unreadablePlace = $0 { true } else { false } })
        #expect(throws: StoreError.self) { try fixture.store.garbage(before: .distantPast) }
        #expect(throws: StoreError.self) { try fixture.store.status() }
    }

    /// A link that leads back to where it is ends nowhere.
    @Test func aLoopOfLinksEnds() throws {
        let fixture = try StoreFixture()
        _ = try fixture.recordPair()
        #expect(symlink("..", fixture.repository.appending(path: "lfs/objects/up").path) == 0)
        #expect(try fixture.store.check().objects == 3)
    }
}
