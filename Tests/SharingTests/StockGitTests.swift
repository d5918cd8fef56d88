import BuildModel
import CanonicalJSON
import Foundation
import Testing

@testable import Sharing
@testable import Store

/// The stock `git` and `git lfs` programs exchange lineages with stores, without Decant in between.
@Suite struct StockGitTests {
    let fixture: SharingFixture

    init() throws { fixture = try SharingFixture() }

    @Test func aRemoteThatDecantFilledIsClonedWithItsModels() async throws {
        let remote = try fixture.bareRepository()
        let ours = try fixture.store("ours")
        try fixture.build(in: ours)
        _ = try await ours.push([], to: Remote(remote.path, for: ours))
        try fixture.git("lfs", "install")
        try fixture.git("clone", "--quiet", remote.path, "clone")
        try fixture.git("lfs", "pull", in: fixture.place("clone"))
        #expect(try fixture.git("lfs", "fsck", in: fixture.place("clone")).contains("OK"))
        let model = fixture.place("clone/targets/model")
        #expect(try Data(contentsOf: model.appending(path: "model.safetensors")).count == SharingFixture.weights.count)
        #expect(try String(contentsOf: model.appending(path: "config.json"), encoding: .utf8) == "{}\n")
    }

    /// A clone's work goes into another store with `git push` and `git lfs push`; that store then has the results.
    @Test func whatGitPushesIntoAStoreIsThere() throws {
        let (ours, theirs) = (try fixture.store("ours"), try fixture.store("theirs"))
        let built = try fixture.build(in: ours)
        try fixture.git("lfs", "install")
        try fixture.git("clone", "--quiet", fixture.place("ours/lineage.git").path, "clone")
        let clone = fixture.place("clone")
        try fixture.git("lfs", "fetch", "--all", in: clone)
        try fixture.git("remote", "add", "theirs", fixture.place("theirs/lineage.git").path, in: clone)
        try fixture.git("lfs", "push", "--all", "theirs", in: clone)
        try fixture.git("push", "--quiet", "theirs", "smart-home", in: clone)
        #expect(try theirs.builds(of: "smart-home").map(\.commit) == [built.build])
        #expect(try fixture.holdsBuild(Store(at: fixture.place("theirs"))))
        #expect(try theirs.check().problems == [])
    }

    @Test func twoStoresExchangeWithGitAlone() async throws {
        let remote = try fixture.bareRepository()
        let ours = try fixture.store("ours")
        try fixture.build(in: ours)
        try ours.endClone(of: remote.path)
        let lineage = fixture.place("ours/lineage.git")
        try fixture.git("lfs", "push", "--all", "origin", in: lineage)
        try fixture.git("push", "--quiet", "origin", in: lineage)
        let theirs = try fixture.store("theirs")
        try theirs.endClone(of: remote.path)
        let other = fixture.place("theirs/lineage.git")
        try fixture.git("fetch", "--quiet", "origin", in: other)
        try fixture.git("lfs", "fetch", "--all", "origin", in: other)
        #expect(try fixture.holdsBuild(Store(at: fixture.place("theirs"))))
        try fixture.build(in: theirs, steps: 5)
        try fixture.git("lfs", "push", "--all", "origin", in: other)
        try fixture.git("push", "--quiet", "origin", in: other)
        try fixture.git("fetch", "--quiet", "origin", in: lineage)
        try fixture.git("lfs", "fetch", "--all", "origin", in: lineage)
        #expect(try fixture.holdsBuild(Store(at: fixture.place("ours")), steps: 5))
    }

    /// `git clone --bare` brings branches and tags only: what builds reach is named by its actions again.
    @Test func aBareCloneIsAStore() throws {
        let ours = try fixture.store("ours")
        try fixture.build(in: ours)
        try FileManager.default.createDirectory(at: fixture.place("theirs"), withIntermediateDirectories: true)
        let lineage = fixture.place("theirs/lineage.git")
        try fixture.git("clone", "--quiet", "--bare", fixture.place("ours/lineage.git").path, lineage.path)
        try fixture.git("lfs", "fetch", "--all", in: lineage)
        let theirs = try fixture.store("theirs")
        #expect(try fixture.holdsBuild(theirs))
        #expect(try theirs.check().problems == [])
    }

    /// A store with a damaged commit opens: to find the damage is a check's work.
    @Test func aDamagedCommitIsPassedOver() throws {
        let remote = try HostileRemote(fixture)
        try FileManager.default.removeItem(at: remote.repository.appending(path: "decant-adopted"))
        try remote.overwrite(remote.honest.model.hex, header: "commit 5", Data(repeating: 0x61, count: 5000))
        let store = try Store(at: fixture.place("honest"))
        #expect(try store.recipes() == ["smart-home"])
        #expect(try !store.check().problems.isEmpty)
    }

    /// What git brought is looked at before it serves as a result.
    @Test func whatGitBroughtAndIsNotOursIsNoResult() throws {
        let remote = try HostileRemote(fixture)
        var stage = try remote.textStage()
        stage.author = "Mallory"
        let evil = try remote.write(stage)
        try fixture.git("update-ref", "-d", StageCommit.reference(for: stage.action.key), in: remote.repository)
        try remote.name("refs/heads/evil", evil)
        try FileManager.default.createDirectory(at: fixture.place("theirs"), withIntermediateDirectories: true)
        try fixture.git("clone", "--quiet", "--bare", remote.repository.path, fixture.place("theirs/lineage.git").path)
        let theirs = try fixture.store("theirs")
        #expect(try theirs.result(of: stage.action.key) == nil)
    }
}
