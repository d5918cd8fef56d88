import BuildModel
import CanonicalJSON
import Foundation
import Testing

@testable import Store

@Suite struct BuildHistoryTests {
    private func action(_ kind: String, _ parameters: JSON = [:], _ inputs: [Action.Input] = []) -> Action {
        Action(kind: kind, revision: 1, parameters: parameters, inputs: inputs, numerics: .portable)
    }

    /// So many builds, each of one stage of its own.
    private func builds(_ count: Int, in fixture: StoreFixture) throws -> [CommitID] {
        let artifact = try fixture.artifact(["a.txt": Data("a".utf8)])
        return try (0..<count).map { number in
            let commit = try fixture.store.record(
                action("test", ["number": .integer(Int64(number))]), parents: [], artifact: artifact)
            return try fixture.store.recordBuild(
                BuildRecord(
                    recipe: "r", recipeText: "# \(number)\n", companions: ["recipe.lock": "\(number)"],
                    stages: [.init(name: "own", commit: commit)],
                    targets: [(name: "t", commit: commit, artifact: artifact)], summary: "\(number) ran"))
        }
    }

    @Test func aBuildIsReadWithItsStagesAndTexts() throws {
        let fixture = try StoreFixture()
        let commits = try builds(2, in: fixture)
        let build = try #require(try fixture.store.build(of: "r"))
        #expect(build.commit == commits[1])
        #expect(build.previous == commits[0])
        #expect(build.recipe == "r")
        #expect(build.summary == "1 ran")
        #expect(build.commit(of: "own") == build.targets[0].commit)
        #expect(build.commit(of: "t") == build.targets[0].commit)
        #expect(build.commit(of: "nobody") == nil)
        #expect(try fixture.store.texts(of: build) == BuildTexts(recipe: "# 1\n", companions: ["recipe.lock": "1"]))
        let first = try #require(try fixture.store.build(of: "r", back: 1))
        #expect(first.previous == nil)
        #expect(try fixture.store.build(of: "r", back: 2) == nil)
        #expect(try fixture.store.build(with: first.targets[0].commit)?.commit == commits[0])
        #expect(try fixture.store.build(startingWith: String(commits[0].hex.prefix(8)))?.commit == commits[0])
        // A stage commit is no build.
        #expect(try fixture.store.build(first.targets[0].commit) == nil)
    }

    /// Builds that are not asked for are not read: here they could not be.
    @Test func theNewestBuildsAreReadWithoutTheOlderOnes() throws {
        let fixture = try StoreFixture()
        let commits = try builds(4, in: fixture)
        let oldest = commits[0].hex
        try FileManager.default.removeItem(
            at: fixture.repository.appending(path: "objects/\(oldest.prefix(2))/\(oldest.dropFirst(2))"))
        let reopened = try Store(at: fixture.cache)
        #expect(try reopened.builds(of: "r", newest: 2).map(\.commit) == [commits[3], commits[2]])
    }

    @Test func aLineageHoldsEveryStageOnceAfterItsInputs() throws {
        let fixture = try StoreFixture()
        let pair = try fixture.recordPair()
        let data = try #require(try fixture.store.stageCommit(pair.data.hex)).artifact
        let both = try fixture.store.record(
            action(
                "mix", [:], [.init(name: "model", artifact: pair.artifact.digest), .init(name: "data", artifact: data.digest)]),
            parents: [pair.model, pair.data], artifact: pair.artifact)
        let lineage = try fixture.store.lineage(of: try #require(try fixture.store.stageCommit(both.hex)))
        #expect(lineage.stages.map(\.commit) == [pair.data, pair.model, both])
        #expect(lineage[both]?.inputs.map(\.name) == ["model", "data"])
        #expect(lineage[both]?.inputs.map(\.commit) == [pair.model, pair.data])
        #expect(lineage[pair.data]?.inputs == [])
    }

    /// Two stages can give the same bytes; each input still leads to its own.
    @Test func inputsOfEqualBytesLeadToTheirOwnStages() throws {
        let fixture = try StoreFixture()
        let artifact = try fixture.artifact(["a.txt": Data("a".utf8)])
        let left = try fixture.store.record(action("left"), parents: [], artifact: artifact)
        let right = try fixture.store.record(action("right"), parents: [], artifact: artifact)
        let inputs = ["a", "b"].map { Action.Input(name: $0, artifact: artifact.digest) }
        let both = try fixture.store.record(action("both", [:], inputs), parents: [left, right], artifact: artifact)
        let same = try fixture.store.record(action("same", [:], inputs), parents: [left, left], artifact: artifact)
        func sources(_ commit: CommitID) throws -> [CommitID]? {
            try fixture.store.stageCommit(commit.hex).map { try fixture.store.lineageStage(of: $0).inputs.map(\.commit) }
        }
        #expect(try sources(both) == [left, right])
        #expect(try sources(same) == [left, left])
    }
}
