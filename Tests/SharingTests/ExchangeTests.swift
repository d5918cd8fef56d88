import BuildModel
import CanonicalJSON
import Foundation
import Testing

@testable import Sharing
@testable import Store

@Suite struct ExchangeTests {
    let fixture: SharingFixture

    init() throws { fixture = try SharingFixture() }

    private func push(_ names: [String] = [], from store: Store, to remote: URL) async throws -> ExchangeSummary {
        try await store.push(names, to: Remote(remote.path, for: store))
    }

    @discardableResult
    private func pull(_ selection: PullScope = .everything, from remote: URL, into store: Store) async throws -> ExchangeSummary
    {
        try await store.pull(selection, from: Remote(remote.path, for: store))
    }

    @Test func aBuildTravelsWithItsFilesAndNothingIsLeftToRun() async throws {
        let remote = try fixture.bareRepository()
        let ours = try fixture.store("ours")
        let built = try fixture.build(in: ours)
        let pushed = try await push(from: ours, to: remote)
        #expect(pushed.actions == 2)
        // The weights travel; the small texts are in git.
        #expect(pushed.objects == 1)
        #expect(pushed.bytes == SharingFixture.weights.count)
        let theirs = try fixture.store("theirs")
        let pulled = try await pull(from: remote, into: theirs)
        #expect(pulled.actions == 2)
        #expect(pulled.objects == 1)
        #expect(try fixture.holdsBuild(theirs))
        #expect(try theirs.builds(of: "smart-home").map(\.commit) == [built.build])
        #expect(try theirs.check().problems == [])
        // All but the marks on what was received.
        func names(_ store: String) throws -> String {
            try fixture.git(
                "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/tags", "refs/decant",
                RunNotes.reference,
                in: fixture.place("\(store)/lineage.git"))
        }
        #expect(try names("theirs") == names("ours"))
        // Nothing is left behind.
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.place("theirs/quarantine").path) == [])
        #expect(!theirs.hasIncoming)
        // A push and a pull again move nothing.
        #expect(try await push(from: ours, to: remote).changes == [])
        #expect(try await pull(from: remote, into: theirs).objects == 0)
        #expect(try fixture.git("fsck", "--strict", in: fixture.place("theirs/lineage.git")).contains("error") == false)
    }

    @Test func onlyWhatIsMissingTravels() async throws {
        let remote = try fixture.bareRepository()
        let ours = try fixture.store("ours")
        try fixture.build(in: ours)
        _ = try await push(from: ours, to: remote)
        let theirs = try fixture.store("theirs")
        try await pull(from: remote, into: theirs)
        try fixture.build(in: ours, steps: 4)
        #expect(try await push(from: ours, to: remote).objects == 1)
        let receiving = try Receiving(.everything, from: .neighbour(remote), into: theirs)
        #expect(receiving.checked.stages.count == 1)
        #expect(receiving.checked.builds.count == 1)
        #expect(receiving.checked.reached.count < 25)
        let pulled = try await pull(from: remote, into: theirs)
        #expect(pulled.objects == 1)
        #expect(pulled.changes.contains { $0.name == "refs/heads/smart-home" && $0.step == .forwarded })
        // A file that is there already is not copied, whoever put it there.
        let third = try fixture.store("third")
        try fixture.build(in: third, steps: 4)
        let objects = try await pull(from: remote, into: third).objects
        #expect(objects == 1)
    }

    @Test func aRecipeTravelsAlone() async throws {
        let remote = try fixture.bareRepository()
        let ours = try fixture.store("ours")
        try fixture.build("one", in: ours, steps: 1)
        try fixture.build("two", in: ours, steps: 2)
        #expect(try await push(["one"], from: ours, to: remote).actions == 2)
        let names = try fixture.git("for-each-ref", "--format=%(refname)", "refs/heads", in: remote)
        #expect(names == "refs/heads/one")
        _ = try await push(from: ours, to: remote)
        let theirs = try fixture.store("theirs")
        try await pull(.recipes(["two"]), from: remote, into: theirs)
        #expect(try theirs.recipes() == ["two"])
        // The recipe's stages are results here, though their refs were not asked for.
        #expect(try fixture.holdsBuild(theirs, steps: 2))
        #expect(try !fixture.holdsBuild(theirs, steps: 1))
        #expect(
            await failure { _ = try await pull(.recipes(["three"]), from: remote, into: theirs) }.contains(
                "no build of 'three'"))
        #expect(
            await failure { _ = try await push(["three"], from: ours, to: remote) }.contains(
                "no build of 'three'; it has one, two"))
    }

    @Test func whereBothSidesBuiltThePullMergesAndThePushGoesForwards() async throws {
        let remote = try fixture.bareRepository()
        let (ours, theirs) = (try fixture.store("ours"), try fixture.store("theirs"))
        try fixture.build(in: ours)
        _ = try await push(from: ours, to: remote)
        try await pull(from: remote, into: theirs)
        let own = try fixture.build(in: ours, steps: 4).build
        let other = try fixture.build(in: theirs, steps: 5).build
        _ = try await push(from: theirs, to: remote)
        let before = try fixture.git("for-each-ref", in: remote)
        let refusal = await failure { _ = try await push(from: ours, to: remote) }
        #expect(refusal.contains("has what is not here: refs/heads/smart-home"))
        #expect(try fixture.git("for-each-ref", in: remote) == before)
        let pulled = try await pull(from: remote, into: ours)
        #expect(
            pulled.changes.filter { $0.step == .merged }.map(\.name) == ["refs/heads/smart-home", "refs/notes/decant/runs"])
        let history = try ours.builds(of: "smart-home")
        #expect(history.count == 3)
        #expect(history[1].commit == own)
        let parents = try fixture.git("log", "-1", "--format=%P", "smart-home", in: fixture.place("ours/lineage.git"))
        #expect(parents.split(separator: " ").prefix(2).map(String.init) == [own.hex, other.hex])
        #expect(parents.split(separator: " ").count == 3)
        // Notes of both sides, one a commit.
        let notes = try fixture.git("notes", "--ref", "decant/runs", "list", in: fixture.place("ours/lineage.git"))
        #expect(notes.split(separator: "\n").count == 3)
        #expect(try await push(from: ours, to: remote).changes.map(\.step) == [.forwarded, .forwarded])
        #expect(try await pull(from: remote, into: theirs).changes.map(\.step) == [.forwarded, .forwarded])
        #expect(try fixture.holdsBuild(theirs, steps: 4) && fixture.holdsBuild(ours, steps: 5))
        #expect(try theirs.check().problems == [])
        #expect(try theirs.builds(of: "smart-home").map(\.commit) == history.map(\.commit))
    }

    @Test func theNewerBuildIsWhatAMergeHolds() async throws {
        let (ours, theirs) = (try fixture.store("ours"), try fixture.store("theirs"))
        let older = try fixture.build(in: ours, text: "older: 1\n")
        try await Task.sleep(for: .milliseconds(1100))
        let newer = try fixture.build(in: theirs, text: "newer: 1\n")
        try await pull(from: fixture.place("theirs/lineage.git"), into: ours)
        func tree(_ commit: String, _ store: String) throws -> String {
            try fixture.git("rev-parse", commit + "^{tree}", in: fixture.place("\(store)/lineage.git"))
        }
        #expect(try tree("smart-home", "ours") == tree(newer.build.hex, "theirs"))
        try await pull(from: fixture.place("ours"), into: theirs)
        #expect(try tree("smart-home", "theirs") == tree(newer.build.hex, "theirs"))
        #expect(try theirs.builds(of: "smart-home").map(\.commit).contains(older.build))
    }

    @Test func aNoteOfOursWinsOverOneOfTheirs() async throws {
        let (ours, theirs) = (try fixture.store("ours"), try fixture.store("theirs"))
        let model = try fixture.build(in: ours).model
        try fixture.build(in: theirs)
        let action = try #require(try ours.stageCommit(model.hex)).action
        try ours.noteRun(RunNote(host: "here", started: Date(), seconds: 1), of: action, commit: model)
        try theirs.noteRun(RunNote(host: "there", started: Date(), seconds: 2), of: action, commit: model)
        try await pull(from: fixture.place("theirs"), into: ours)
        let note = try fixture.git("notes", "--ref", "decant/runs", "show", model.hex, in: fixture.place("ours/lineage.git"))
        #expect(note.contains("\"here\""))
    }

    @Test func anActionWithTwoResultsIsRefusedByName() async throws {
        let (ours, theirs) = (try fixture.store("ours"), try fixture.store("theirs"))
        try fixture.build(in: ours, seed: 1)
        try fixture.build(in: theirs, seed: 2)
        let before = try fixture.state(of: "ours")
        let refusal = await failure { try await pull(from: fixture.place("theirs"), into: ours) }
        #expect(refusal.contains("train.sft (action "))
        #expect(refusal.contains("not reproducible"))
        #expect(try fixture.state(of: "ours") == before)
    }

    @Test func aTagThatNamesSomethingElseStays() async throws {
        let remote = try fixture.bareRepository()
        let ours = try fixture.store("ours")
        let built = try fixture.build(in: ours)
        let lineage = fixture.place("ours/lineage.git")
        try fixture.git("tag", "-a", "-m", "one", "v1", built.build.hex, in: lineage)
        try fixture.git("tag", "light", built.model.hex, in: lineage)
        _ = try await push(from: ours, to: remote)
        let theirs = try fixture.store("theirs")
        try await pull(from: remote, into: theirs)
        #expect(try fixture.git("rev-parse", "v1^{}", in: fixture.place("theirs/lineage.git")) == built.build.hex)
        #expect(try fixture.git("cat-file", "-t", "v1", in: fixture.place("theirs/lineage.git")) == "tag")
        try fixture.git("tag", "-f", "light", built.data.hex, in: lineage)
        #expect(try await push(from: ours, to: remote).changes.map(\.step) == [.kept])
        #expect(try await pull(from: fixture.place("ours"), into: theirs).changes.map(\.step) == [.kept])
        #expect(try fixture.git("rev-parse", "light", in: fixture.place("theirs/lineage.git")) == built.model.hex)
    }

    @Test func lostFilesComeBackWithAPull() async throws {
        let (ours, theirs) = (try fixture.store("ours"), try fixture.store("theirs"))
        try fixture.build(in: ours)
        try fixture.build(in: theirs)
        try FileManager.default.removeItem(at: fixture.place("ours/lineage.git/lfs/objects"))
        #expect(try !fixture.holdsBuild(ours))
        #expect(try await pull(from: fixture.place("theirs"), into: ours).objects == 1)
        #expect(try fixture.holdsBuild(ours))
        #expect(try ours.check().problems == [])
    }

    @Test func aFileThatIsLostOrDamagedHereIsNotPushed() async throws {
        let remote = try fixture.bareRepository()
        let ours = try fixture.store("ours")
        let model = try fixture.build(in: ours).model
        let file = try #require(try ours.stageCommit(model.hex)?.artifact["model.safetensors"])
        let object = try #require(ours.object(file.digest)).url
        chmod(object.path, 0o644)
        try Data(count: file.size).write(to: object)
        #expect(await failure { _ = try await push(from: ours, to: remote) }.contains("is damaged"))
        try FileManager.default.removeItem(at: object)
        #expect(await failure { _ = try await push(from: ours, to: remote) }.contains("has lost the object"))
        #expect(try fixture.git("for-each-ref", in: remote) == "")
    }

    @Test func workingTreesAndStoresAreRemotesToo() async throws {
        let ours = try fixture.store("ours")
        try fixture.build(in: ours)
        try fixture.git("clone", "--quiet", fixture.place("ours/lineage.git").path, "tree")
        try fixture.git("lfs", "install", "--local", in: fixture.place("tree"))
        try fixture.git("lfs", "pull", in: fixture.place("tree"))
        let theirs = try fixture.store("theirs")
        try await pull(from: fixture.place("tree"), into: theirs)
        #expect(try fixture.holdsBuild(theirs))
        try fixture.build(in: ours, steps: 4)
        #expect(await failure { _ = try await push(from: ours, to: fixture.place("tree")) }.contains("checked out"))
        _ = try await push(from: ours, to: fixture.place("theirs"))
        #expect(try fixture.holdsBuild(theirs, steps: 4) == false || theirs.check().problems == [])
        #expect(try Store(at: fixture.place("theirs")).builds(of: "smart-home").count == 2)
    }

    @Test func remotesHaveNames() async throws {
        let remote = try fixture.bareRepository()
        let ours = try fixture.store("ours")
        try fixture.build(in: ours)
        #expect(await failure { _ = try Remote(nil, for: ours) }.contains("none that is called 'origin'"))
        #expect(
            await failure { _ = try Remote("backup", for: ours) }.contains(
                "neither a remote of this store nor a git repository"))
        try fixture.git("remote", "add", "backup", remote.path, in: fixture.place("ours/lineage.git"))
        _ = try await ours.push([], to: Remote("backup", for: ours))
        let theirs = try fixture.store("theirs")
        try theirs.endClone(of: remote.path)
        try await theirs.pull(.everything, from: Remote(nil, for: theirs))
        #expect(try fixture.holdsBuild(theirs))
        try fixture.git("remote", "add", "far", "git@example.invalid:models.git", in: fixture.place("ours/lineage.git"))
        #expect(await failure { _ = try await ours.push([], to: Remote("far", for: ours)) }.contains("--lfs URL"))
    }

    /// What was collected here is missed by nobody; a result that is named must be whole.
    @Test func collectedResultsAreNoObstacle() async throws {
        let remote = try fixture.bareRepository()
        let ours = try fixture.store("ours")
        try fixture.build(in: ours)
        let first = try #require(try ours.builds(of: "smart-home").first)
        try fixture.build(in: ours, steps: 4)
        let old = try #require(try ours.stageCommit(first.targets[0].commit.hex))
        let file = try #require(old.artifact["model.safetensors"])
        try FileManager.default.removeItem(at: #require(ours.object(file.digest)).url)
        let reference = StageCommit.reference(for: old.action.key)
        #expect(await failure { _ = try await push(from: ours, to: remote) }.contains("has lost the object"))
        try fixture.git("update-ref", "-d", reference, in: fixture.place("ours/lineage.git"))
        _ = try await push(from: ours, to: remote)
        let theirs = try fixture.store("theirs")
        try await pull(from: remote, into: theirs)
        #expect(try fixture.holdsBuild(theirs, steps: 4))
        #expect(try !fixture.holdsBuild(theirs))
        #expect(try theirs.builds(of: "smart-home").count == 2)
        #expect(try theirs.check().problems.map(\.description) == [])
    }

    /// What a killed pull left, whole or in part, is used by the next one.
    @Test func anInterruptedCopyGoesOn() async throws {
        let (ours, theirs) = (try fixture.store("ours"), try fixture.store("theirs"))
        let model = try fixture.build(in: theirs).model
        let file = try #require(try theirs.stageCommit(model.hex)?.artifact["model.safetensors"])
        let whole = try Data(contentsOf: try #require(theirs.object(file.digest)).url)
        let partial = fixture.place("ours/lineage.git/lfs/incoming").appending(path: "\(file.digest).partial")
        try whole.prefix(150_000).write(to: partial)
        #expect(try await pull(from: fixture.place("theirs"), into: ours).bytes == 50_000)
        #expect(try fixture.holdsBuild(ours))
        #expect(!ours.hasIncoming)
    }
}

extension Store {
    @discardableResult
    fileprivate func pull(_ selection: PullScope, from remote: Remote) async throws -> ExchangeSummary {
        try await pull(selection, from: remote) { _ in }
    }
}
