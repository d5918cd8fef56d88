import BuildModel
import Foundation
import TestSupport
import Testing

@testable import Sharing
@testable import Store
@testable import Trust

/// Witnesses travel with results, and results come where enough witnesses agree.
@Suite struct WitnessTests {
    let fixture: SharingFixture
    let remote: WitnessRemote

    init() throws {
        fixture = try SharingFixture()
        remote = try WitnessRemote(fixture)
    }

    private func store(_ name: String = "ours", asking policy: RemotePolicy = .reproduced(2, by: [])) throws -> Store {
        let store = try fixture.store(name)
        try store.trust(remote.signed.signers(), [("*", policy)])
        return store
    }

    @Test(arguments: [false, true]) func whatTwoWitnessesGotIsTaken(overHTTP: Bool) async throws {
        try remote.testify("ann")
        try remote.testify("bob")
        try remote.testify("eve")
        var address = remote.address
        var server: TestServer?
        if overHTTP {
            let started = try TestServer(fixture)
            let summary = try await remote.store.push([], to: Remote(started.address, for: remote.store))
            #expect(summary.witnesses == 3)
            (address, server) = (started.address, started)
        }
        let ours = try store()
        let summary = try await ours.pull(.everything, from: Remote(address, for: ours))
        #expect(summary.witnesses == 3 && summary.leftOut == [])
        #expect(try fixture.holdsBuild(ours))
        #expect(try ours.check().problems == [])
        let (testimony, _) = try ours.testimony(about: [remote.model.action.key])
        #expect(testimony[remote.model.action.key].count == 3)
        #expect(
            testimony.tally(of: remote.model.action.key, gave: remote.model.artifact.digest).agreeing.sorted()
                == ["ann@example.org", "bob@example.org"])
        // The second time there is nothing new.
        #expect(try await ours.pull(.everything, from: Remote(address, for: ours)).witnesses == 0)
        withExtendedLifetime(server) {}
    }

    @Test(arguments: [false, true]) func aBuildTakesWhatTwoWitnessesGot(overHTTP: Bool) async throws {
        try remote.testify("ann")
        try remote.testify("bob", [WitnessRemote.statement(remote.data)])
        var address = remote.address
        var server: TestServer?
        if overHTTP {
            let started = try TestServer(fixture)
            _ = try await remote.store.push([], to: Remote(started.address, for: remote.store))
            (address, server) = (started.address, started)
        }
        let ours = try store()
        let warnings = Warnings()
        let cache = await RemoteCache(try Remote(address, for: ours), for: ours) { warnings.add($0) }
        #expect(await cache.result(of: remote.data.action.key) == remote.data.artifact)
        #expect(warnings.all == [])
        #expect(await cache.result(of: remote.model.action.key) == nil)
        #expect(warnings.all.count == 1)
        #expect(warnings.all[0].contains("1 of the 2 witnesses (ann@example.org)"))
        withExtendedLifetime(server) {}
    }

    @Test func aDisagreementNamesBothDigestsAndWhoSaysWhich() async throws {
        try remote.testify("ann")
        try remote.testify("bob", [WitnessRemote.statement(remote.model, made: WitnessRemote.other)])
        let ours = try store()
        let refusal = await failure { _ = try await ours.pull(.everything, from: Remote(remote.address, for: ours)) }
        #expect(
            refusal.contains(
                "has the artifact \(remote.model.artifact.digest.hex), as ann@example.org did; "
                    + "bob@example.org got \(WitnessRemote.other.hex)"))
    }

    /// Whoever finds other bytes in a forged result is a witness of the right ones.
    @Test func aFailureIsAWitnessOfWhatWasMade() async throws {
        var statement = WitnessRemote.statement(remote.model)
        statement.artifact = WitnessRemote.other
        try remote.testify("ann", [WitnessRemote.statement(remote.data), statement])
        try remote.testify("bob")
        let ours = try store()
        _ = try await ours.pull(.everything, from: Remote(remote.address, for: ours))
        #expect(try fixture.holdsBuild(ours))
    }

    @Test func aStageIsNamedThatLacksWitnessesAndMayBeTakenAllTheSame() async throws {
        try remote.testify("ann")
        try remote.testify("bob", [WitnessRemote.statement(remote.data)])
        let ours = try store()
        let refusal = await failure { _ = try await ours.pull(.everything, from: Remote(remote.address, for: ours)) }
        #expect(refusal.contains("train.sft (stage commit \(remote.model.commit.hex.prefix(12))"))
        #expect(!refusal.contains("data.generate"))
        #expect(refusal.contains("--accept train.sft"))
        _ = try await ours.pull(.everything, from: Remote(remote.address, for: ours), accepting: ["train.sft"])
        #expect(try fixture.holdsBuild(ours))
    }

    /// One's own word counts as anybody's.
    @Test func aWitnessHereCountsToo() async throws {
        try remote.testify("ann")
        let ours = try store()
        _ = try ours.record(remote.honest, signer: remote.signed.signer("bob"))
        _ = try await ours.pull(.everything, from: Remote(remote.address, for: ours))
        #expect(try fixture.holdsBuild(ours))
    }

    /// Witnesses of what is not here say nothing here.
    @Test func onlyWitnessesOfWhatIsHereAreTaken() async throws {
        var statement = WitnessRemote.statement(remote.model)
        statement.action = Digest(hashing: "not here")
        try remote.testify("ann", [statement])
        try remote.testify("bob")
        let ours = try store(asking: .none)
        #expect(try await ours.pull(.everything, from: Remote(remote.address, for: ours)).witnesses == 1)
    }

    @Test func aPushOfARecipeCarriesItsWitnessesAlone() async throws {
        let other = try fixture.build("other", in: remote.store, steps: 9)
        let record = try #require(try remote.store.stageCommit(other.model.hex))
        try remote.testify("ann", [WitnessRemote.statement(remote.model)])
        try remote.testify("bob", [WitnessRemote.statement(record)])
        let bare = try fixture.bareRepository()
        let summary = try await remote.store.push(["other"], to: Remote(bare.path, for: remote.store))
        #expect(summary.witnesses == 1)
        #expect(try await remote.store.push([], to: Remote(bare.path, for: remote.store)).witnesses == 1)
    }

    @Test func aWitnessOfACollectedResultGoesWithIt() async throws {
        try remote.testify("ann", [WitnessRemote.statement(remote.model)])
        let other = try fixture.build(in: remote.store, steps: 5)
        let record = try #require(try remote.store.stageCommit(other.model.hex))
        let kept = try remote.testify("bob", [WitnessRemote.statement(record)])
        let ours = try store(asking: .none)
        _ = try await ours.pull(.everything, from: Remote(remote.address, for: ours))
        let garbage = try ours.collect(before: Date() + 10)
        #expect(garbage.results.map(\.key) == [remote.model.action.key])
        #expect(garbage.witnesses.count == 1)
        #expect(try ours.witnesses().known.map(\.commit) == [kept])
        #expect(try ours.check().problems == [])
    }

    @Test func aRefThatNamesNoWitnessIsFoundByFsck() throws {
        let witness = try remote.testify("ann")
        _ = try remote.signed.git("update-ref", WitnessCommit.reference(of: witness), remote.model.commit.hex)
        #expect(
            try remote.store.check().problems == [
                .wrongReference(
                    name: WitnessCommit.reference(of: witness), reason: "names no witness: it names another commit than its own"
                )
            ])
        #expect(try remote.store.testimony(about: [remote.model.action.key]).faults.count == 1)
    }
}

/// What programs of others put into a store is marked, whatever refs they bring.
@Suite struct GitArrivalMarkTests {
    @Test(arguments: ["fetch", "push"]) func whatGitBringsWithTheRefsOfItsActionsIsMarked(by verb: String) throws {
        let fixture = try SharingFixture()
        let theirs = try fixture.build("theirs", in: fixture.store("theirs"), steps: 4)
        let ours = try fixture.build("ours", in: fixture.store("ours"))
        let places = ["theirs", "ours"].map { fixture.place($0).appending(path: "lineage.git") }
        let patterns = ["refs/heads/*:refs/heads/*", "refs/decant/actions/*:refs/decant/actions/*"]
        _ = try fixture.git(
            ["--git-dir", places[verb == "push" ? 0 : 1].path, verb, "--quiet", places[verb == "push" ? 1 : 0].path] + patterns,
            in: nil, input: Data(), environment: [:])
        let store = try fixture.store("ours")
        #expect(try store.arrival(of: theirs.model)?.origin == "git")
        #expect(try store.arrival(of: theirs.build)?.origin == "git")
        #expect(try store.arrival(of: ours.model) == nil)
        #expect(try store.arrival(of: ours.build) == nil)
    }

    @Test func aMirrorInThePlaceOfALineageIsForeignAsAWhole() throws {
        let fixture = try SharingFixture()
        let theirs = try fixture.build(in: fixture.store("theirs"))
        try FileManager.default.createDirectory(at: fixture.place("ours"), withIntermediateDirectories: true)
        try fixture.git(
            "clone", "--quiet", "--mirror", fixture.place("theirs/lineage.git").path, fixture.place("ours/lineage.git").path)
        let store = try fixture.store("ours")
        #expect(try store.arrival(of: theirs.model)?.origin == "git")
        #expect(try store.arrival(of: theirs.build)?.origin == "git")
    }
}
