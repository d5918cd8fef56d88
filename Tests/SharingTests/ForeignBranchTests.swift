import BuildModel
import Foundation
import Testing

@testable import Sharing
@testable import Store

/// A host of git repositories has branches and tags of others beside Decant's. They are no reason to refuse the rest; nothing
/// of them comes.
@Suite struct ForeignBranchTests {
    let fixture: SharingFixture
    let remote: HostileRemote
    let foreign: String

    init() throws {
        fixture = try SharingFixture()
        remote = try HostileRemote(fixture)
        foreign = try remote.commit(remote.tree([.init("README.md", remote.blob(Data("# models\n".utf8)))]))
    }

    /// Names refs of others in a repository; returns the refs.
    private func nameForeign(_ name: (String, String) throws -> Void) throws -> [String] {
        let code = try remote.commit(
            remote.tree([.init("plan.json", remote.blob(Data("{}".utf8))), .init("recipe.yaml", remote.blob())]),
            parents: [foreign])
        let refs = [
            "refs/heads/dependabot/npm": code, "refs/heads/main": foreign,
            "refs/heads/" + String(repeating: "x", count: 220): code,
            "refs/tags/file": try remote.blob(), "refs/tags/release": code,
        ]
        for (reference, id) in refs { try name(reference, id) }
        return refs.keys.sorted()
    }

    private func expectOursAlone(_ pulled: ExchangeSummary, _ ours: Store, leftOut: [String]) throws {
        #expect(pulled.leftOut.map(\.subject).sorted() == leftOut)
        #expect(
            pulled.leftOut.filter { $0.subject == "refs/heads/main" }.allSatisfy { $0.reason.contains("stays where it is") })
        #expect(try ours.recipes() == ["smart-home"])
        #expect(try ours.tags().isEmpty)
        #expect(try ours.check().problems == [])
        let objects = try fixture.git(
            "cat-file", "--batch-all-objects", "--batch-check", in: fixture.place("ours/lineage.git"))
        #expect(!objects.contains(foreign))
    }

    @Test func foreignBranchesOfAPathStayWhereTheyAre() async throws {
        let refs = try nameForeign(remote.name)
        let ours = try fixture.store("ours")
        let pulled = try await ours.pull(.everything, from: Remote(remote.repository.path, for: ours))
        try expectOursAlone(pulled, ours, leftOut: refs)
    }

    @Test func foreignBranchesOfAServerStayWhereTheyAre() async throws {
        let server = try TestServer(fixture)
        let refs = try nameForeign(remote.name)
        try fixture.git("push", "--quiet", "--mirror", server.repository.path, in: remote.repository)
        try FileManager.default.copyItem(
            at: remote.repository.appending(path: "lfs"), to: server.repository.appending(path: "lfs"))
        let ours = try fixture.store("ours")
        let pulled = try await ours.pull(.everything, from: Remote(server.address, for: ours))
        try expectOursAlone(pulled, ours, leftOut: refs)
    }

    @Test func aForeignBranchThatIsAskedForIsNamed() async throws {
        _ = try nameForeign(remote.name)
        let ours = try fixture.store("ours")
        let text = await failure {
            _ = try await ours.pull(.recipes(["main"]), from: Remote(remote.repository.path, for: ours))
        }
        #expect(text.contains("refs/heads/main there is no build of Decant's"))
    }

    @Test func aRecipeDoesNotPushOntoAForeignBranch() async throws {
        _ = try nameForeign(remote.name)
        let ours = try fixture.store("ours")
        try fixture.build("main", in: ours)
        let text = await failure { _ = try await ours.push(["main"], to: Remote(remote.repository.path, for: ours)) }
        #expect(text.contains("no build of Decant's; give the recipe another 'name:'"), "\(text)")
    }
}
