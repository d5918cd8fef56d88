import BuildModel
import Foundation
import Store
import Testing

/// The stock `git` and `git lfs` programs find a store whole and get the models out of it.
@Suite struct StockGitTests {
    @Test func gitFindsTheRepositoryWhole() throws {
        let fixture = try StoreFixture()
        _ = try fixture.recordBuild()
        let output = try fixture.run("git", "fsck", "--strict", "--full", in: fixture.repository)
        #expect(!output.contains("error"))
        #expect(!output.contains("warning"))
    }

    @Test func theCommitGraphIsTheLineage() throws {
        let fixture = try StoreFixture()
        let build = try fixture.recordBuild()
        let pair = try fixture.recordPair()
        let log = try fixture.run("git", "log", "--format=%H:%P", "smart-home", in: fixture.repository)
        #expect(
            Set(log.split(separator: "\n").map(String.init)) == [
                "\(build):\(pair.model)", "\(pair.model):\(pair.data)", "\(pair.data):",
            ])
    }

    @Test func aCloneHasTheModelsBytes() throws {
        let fixture = try StoreFixture()
        _ = try fixture.recordBuild()
        try fixture.run("git", "lfs", "install")
        try fixture.run("git", "clone", "--quiet", fixture.repository.path, "clone")
        let clone = fixture.root.appending(path: "clone")
        try fixture.run("git", "lfs", "pull", in: clone)
        #expect(try fixture.run("git", "lfs", "fsck", in: clone).contains("OK"))
        #expect(try Data(contentsOf: clone.appending(path: "targets/model/model.safetensors")) == StoreFixture.weights)
        #expect(try String(contentsOf: clone.appending(path: "targets/model/config.json"), encoding: .utf8) == "{}\n")
        #expect(try fixture.run("git", "status", "--porcelain", in: clone) == "")
    }

    @Test func awkwardNamesSurviveAClone() throws {
        let fixture = try StoreFixture()
        let binary = Data([0, 1, 2, 255])
        let artifact = try fixture.artifact([
            "a b[1]*.bin": binary, "sub/ü \"q\".bin": binary, "x[\u{301}y \u{301}z.bin": binary,
            "crlf.txt": Data("a\r\nb\r\n".utf8),
        ])
        let action = Action(kind: "test", revision: 1, parameters: [:], inputs: [], numerics: .portable)
        let commit = try fixture.store.record(action, parents: [], artifact: artifact)
        _ = try fixture.store.recordBuild(
            BuildRecord(
                recipe: "odd", recipeText: "", stages: [], targets: [(name: "t", commit: commit, artifact: artifact)],
                summary: "odd"))
        try fixture.run("git", "lfs", "install")
        try fixture.run("git", "clone", "--quiet", fixture.repository.path, "clone")
        let clone = fixture.root.appending(path: "clone")
        try fixture.run("git", "lfs", "pull", in: clone)
        #expect(try Data(contentsOf: clone.appending(path: "targets/t/a b[1]*.bin")) == binary)
        #expect(try Data(contentsOf: clone.appending(path: "targets/t/sub/ü \"q\".bin")) == binary)
        #expect(try Data(contentsOf: clone.appending(path: "targets/t/x[\u{301}y \u{301}z.bin")) == binary)
        #expect(try Data(contentsOf: clone.appending(path: "targets/t/crlf.txt")) == Data("a\r\nb\r\n".utf8))
        #expect(try fixture.run("git", "status", "--porcelain", in: clone) == "")
    }
}
