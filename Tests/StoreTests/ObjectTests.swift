import BuildModel
import CanonicalJSON
import Foundation
import TestSupport
import Testing

@testable import Store

@Suite struct ObjectTests {
    @Test func artifactsComeBackByteForByte() throws {
        let fixture = try StoreFixture()
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20 {
            var files: [String: Data] = [:]
            for index in 0..<Int.random(in: 1...6, using: &generator) {
                let size = [0, 1, 100, 65_536, 65_537, 300_000].randomElement(using: &generator) ?? 0
                files["d\(index % 3)/f\(index)"] = Data((0..<size).map { _ in UInt8.random(in: 0...255, using: &generator) })
            }
            let artifact = try fixture.artifact(files)
            let folder = fixture.root.appending(path: UUID().uuidString)
            try fixture.store.materialize(artifact, at: folder)
            for (path, content) in files { #expect(try Data(contentsOf: folder.appending(path: path)) == content) }
            #expect(artifact.files.map(\.path) == files.keys.sorted())
            let action = Action(
                kind: "test", revision: 1, parameters: ["digest": .string(artifact.digest.hex)], inputs: [], numerics: .portable
            )
            let commit = try fixture.store.record(action, parents: [], artifact: artifact)
            #expect(try fixture.store.stageCommit(commit.hex)?.artifact == artifact)
        }
        #expect(try fixture.store.check().problems == [])
    }

    /// The next transfer goes on behind what came, unless that is more than there can be, or is wrong.
    @Test func whatCameOfAnObjectStaysWhileItMayBeItsBeginning() throws {
        let fixture = try StoreFixture()
        let content = Data("an object\n".utf8)
        let object = fixture.store.incomingObject(Digest(hashing: content), size: content.count, isRequired: true)
        func received(_ bytes: Data) throws -> Int {
            try bytes.write(to: object.partial)
            #expect(throws: Refusal.self) { try object.finish() }
            return object.received
        }
        #expect(try received(content.prefix(4)) == 4)
        #expect(try received(content + content) == 0)
        #expect(try received(Data(content.reversed())) == 0)
        try content.write(to: object.partial)
        try object.finish()
        #expect(object.isWhole && object.received == 0)
    }

    @Test func linksAreRefused() throws {
        let fixture = try StoreFixture()
        let folder = fixture.root.appending(path: "out")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(
            atPath: folder.appending(path: "link").path, withDestinationPath: "/etc/passwd")
        #expect(throws: StoreError.self) { try fixture.store.importDirectory(folder) }
    }

    @Test func aLostObjectMakesTheResultMissing() throws {
        let fixture = try StoreFixture()
        let pair = try fixture.recordPair()
        let key = try #require(try fixture.store.stageCommit(pair.model.hex)).action.key
        let weights = try #require(pair.artifact["model.safetensors"]?.digest)
        try FileManager.default.removeItem(at: try #require(fixture.store.object(weights)?.url))
        #expect(try fixture.store.result(of: key) == nil)
        #expect(throws: StoreError.missingObject(weights)) { try fixture.store.readObject(weights) }
        #expect(
            try fixture.store.check().problems.map(\.description).contains {
                $0.contains("missing") && $0.contains(weights.hex)
            })
    }

    @Test func damageIsFoundAndNeverRead() throws {
        let fixture = try StoreFixture()
        let pair = try fixture.recordPair()
        let weights = try #require(pair.artifact["model.safetensors"]?.digest)
        let url = try #require(fixture.store.object(weights)?.url)
        chmod(url.path, 0o644)
        var content = try Data(contentsOf: url)
        content[1000] ^= 1
        try content.write(to: url)
        #expect(throws: StoreError.damagedObject(weights)) { try fixture.store.readObject(weights) }
        #expect(
            try fixture.store.check().problems.map(\.description).contains {
                $0.contains("damaged") && $0.contains(weights.hex)
            })
    }

    @Test func aDamagedObjectIsMendedByImportingItAgain() throws {
        let fixture = try StoreFixture()
        let artifact = try fixture.artifact(["w.bin": StoreFixture.weights])
        let url = try #require(fixture.store.object(artifact.files[0].digest)?.url)
        chmod(url.path, 0o644)
        try Data(count: StoreFixture.weights.count).write(to: url)
        #expect(try fixture.store.check().problems.count == 1)
        _ = try fixture.artifact(["w.bin": StoreFixture.weights])
        #expect(try fixture.store.check().problems == [])
    }

    @Test func aDamagedGitObjectIsFound() throws {
        let fixture = try StoreFixture()
        let pair = try fixture.recordPair()
        let file = fixture.repository.appending(path: "objects/\(pair.data.hex.prefix(2))/\(pair.data.hex.dropFirst(2))")
        chmod(file.path, 0o644)
        try Data([1, 2, 3]).write(to: file)
        #expect(try Store(at: fixture.cache).check().problems.isEmpty == false)
    }

    @Test func filesOnTheirWayInAreNoResults() throws {
        let fixture = try StoreFixture()
        let before = try fixture.store.check()
        try Data("half".utf8).write(to: fixture.repository.appending(path: "lfs/incoming/left-by-a-kill"))
        let after = try fixture.store.check()
        #expect(after.problems == [])
        #expect(after.objects == before.objects)
    }

    @Test func aChangedFileIsHashedAgain() throws {
        let fixture = try StoreFixture()
        let file = fixture.root.appending(path: "source.yaml")
        for text in ["one", "two", "one"] {
            try Data(text.utf8).write(to: file)
            #expect(try fixture.store.digest(ofFileAt: file.path) == Digest(hashing: text))
        }
        // An old file is remembered: its stamp is enough.
        try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -100)], ofItemAtPath: file.path)
        #expect(try fixture.store.digest(ofFileAt: file.path) == Digest(hashing: "one"))
        #expect(try fixture.store.digest(ofFileAt: file.path) == Digest(hashing: "one"))
    }

    @Test func aForeignDirectoryIsRefused() throws {
        let folder = TemporaryFolder()
        try folder.write("mine", to: "thesis.txt")
        #expect(throws: StoreError.notAStore(path: folder.url.path)) { try Store(at: folder.url) }
        #expect(try folder.names() == ["thesis.txt"])
    }

    /// As a checkout has it.
    @Test func aDirectoryWithAnIgnoreFileBecomesAStore() throws {
        let folder = TemporaryFolder()
        try folder.write("*\n!.gitignore\n", to: ".gitignore")
        _ = try Store(at: folder.url)
        #expect(try folder.text(".gitignore") == "*\n!.gitignore\n")
    }

    @Test(arguments: [
        "version https://git-lfs.github.com/spec/v1\noid sha256:zz\nsize 3\n",
        "version https://git-lfs.github.com/spec/v1\noid sha256:\(String(repeating: "a", count: 64))\nsize -3\n",
        "version https://git-lfs.github.com/spec/v1\noid sha256:\(String(repeating: "a", count: 64))\nsize 3",
        "oid sha256:\(String(repeating: "a", count: 64))\nsize 3\n",
    ])
    func malformedPointersAreNone(text: String) {
        #expect(LFSPointer(Array(text.utf8)) == nil)
    }

    @Test func aTextThatLooksLikeAPointerIsKeptAsBytes() throws {
        let fixture = try StoreFixture()
        let text = LFSPointer(digest: Digest(hashing: "x"), size: 9).text
        let artifact = try fixture.artifact(["fake.txt": Data(text.utf8)])
        let action = Action(kind: "test", revision: 1, parameters: [:], inputs: [], numerics: .portable)
        let commit = try fixture.store.record(action, parents: [], artifact: artifact)
        #expect(try fixture.store.stageCommit(commit.hex)?.artifact == artifact)
    }
}
