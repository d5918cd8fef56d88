import BuildModel
import CanonicalJSON
import Foundation
import Testing

@testable import Sharing
@testable import Store

/// Nothing received is trusted: each of these remotes is refused for its reason, and nothing of it is taken in.
@Suite struct RefusalTests {
    struct Attack: CustomTestStringConvertible, Sendable {
        var name: String
        /// What the refusal says.
        var reason: String
        var arm: @Sendable (HostileRemote) throws -> Void
        var testDescription: String { name }

        init(_ name: String, _ reason: String, _ arm: @escaping @Sendable (HostileRemote) throws -> Void) {
            self.name = name
            self.reason = reason
            self.arm = arm
        }
    }

    typealias Entry = HostileRemote.Entry

    static let names: [Attack] = [
        Attack("a parent directory", "'..' leads out of its directory") { try $0.write($0.stage([Entry("..", $0.blob())])) },
        Attack("an absolute path", "'/etc/passwd' leads out of its directory") {
            try $0.write($0.stage([Entry("/etc/passwd", $0.blob())]))
        },
        Attack("a path as a name", "'a/../../b' leads out of its directory") {
            try $0.write($0.stage([Entry("a/../../b", $0.blob())]))
        },
        Attack("a backslash", "leads out of its directory") { try $0.write($0.stage([Entry("a\\b", $0.blob())])) },
        Attack("a file of git's", "'.gitmodules' is not a portable name") {
            try $0.write($0.stage([Entry(".gitmodules", $0.blob())]))
        },
        Attack("git's folder, spelt with what macOS ignores", "not a portable name") {
            try $0.write($0.stage([Entry("40000", ".g\u{200c}it", $0.tree([Entry("config", $0.blob())]))]))
        },
        Attack("git's folder by its short name", "not a portable name") {
            try $0.write($0.stage([Entry("40000", "git~1", $0.tree([Entry("config", $0.blob())]))]))
        },
        Attack("a control character", "is not a portable name") { try $0.write($0.stage([Entry("a\u{1b}[2J", $0.blob())])) },
        Attack("a symbolic link", "'link' is a symbolic link") {
            try $0.write($0.stage([Entry("120000", "link", $0.blob(Data("/etc/passwd".utf8)))]))
        },
        Attack("a submodule", "'module' is a submodule") {
            try $0.write($0.stage([Entry("160000", "module", $0.honest.model.hex)]))
        },
        Attack("an object whose header lies", "it is damaged") {
            let blob = try $0.blob(Data(repeating: 0x61, count: 5000))
            try $0.overwrite(blob, header: "blob 5", Data(repeating: 0x61, count: 5000))
            try $0.write($0.stage([Entry("a", blob)]))
        },
        Attack("an executable", "'run' is executable") { try $0.write($0.stage([Entry("100755", "run", $0.blob())])) },
        Attack("an odd mode", "has the mode 100664") { try $0.write($0.stage([Entry("100664", "a", $0.blob())])) },
        Attack("one name in two cases", "are one name where file systems ignore case") {
            try $0.write($0.stage([Entry("Model.bin", $0.blob()), Entry("model.bin", $0.blob())]))
        },
        Attack("directories in two cases", "are one name where file systems ignore case") {
            let tree = try $0.tree([Entry("x", $0.blob())])
            try $0.write($0.stage([Entry("40000", "A", tree), Entry("40000", "a", tree)]))
        },
        Attack("one name in two spellings", "are one name where file systems ignore case or spelling") {
            try $0.write($0.stage([Entry("e\u{301}", $0.blob()), Entry("\u{e9}", $0.blob())]))
        },
        Attack("a name that ends with a dot", "'model.' ends with a dot or a space") {
            try $0.write($0.stage([Entry("model.", $0.blob())]))
        },
        Attack("a device of Windows", "'Aux.txt' is a device on Windows") {
            try $0.write($0.stage([Entry("Aux.txt", $0.blob())]))
        },
        Attack("a name with what nobody sees", "are one name where file systems ignore case") {
            try $0.write($0.stage([Entry("ab", $0.blob()), Entry("a\u{ad}b", $0.blob())]))
        },
        Attack("a name twice", "are one name") { try $0.write($0.stage([Entry("a", $0.blob()), Entry("a", $0.blob())])) },
        Attack("entries out of order", "out of git's order") {
            try $0.write($0.stage([Entry("b", $0.blob()), Entry("a", $0.blob())]))
        },
        Attack("a name of 256 bytes", "longer than the 255 bytes") {
            try $0.write($0.stage([Entry(String(repeating: "a", count: 256), $0.blob())]))
        },
        Attack("a path of more than 1024 bytes", "a path of more than 1024 bytes") {
            var tree = try $0.tree([Entry("a", $0.blob())])
            for _ in 0..<5 { tree = try $0.tree([Entry("40000", String(repeating: "d", count: 250), tree)]) }
            try $0.write(HostileRemote.Stage(tree: tree))
        },
        Attack("a directory of nothing", "is an empty directory") {
            try $0.write($0.stage([Entry("40000", "none", $0.tree([]))]))
        },
    ]

    static let contents: [Attack] = [
        Attack("a malformed pointer", "is a malformed Git LFS pointer") {
            try $0.write($0.stage([Entry("a", $0.blob(Data((LFSPointer.prefix + "oid sha256:12\nsize 3\n").utf8)))]))
        },
        Attack("a pointer with a negative size", "is a malformed Git LFS pointer") {
            let digest = Digest(hashing: "x")
            try $0.write(
                $0.stage([Entry("a", $0.blob(Data((LFSPointer.prefix + "oid sha256:\(digest)\nsize -3\n").utf8)))]))
        },
        Attack("a pointer to more than there is", "its pointer says 200001") {
            try $0.write($0.pointerStage(SharingFixture.weights, size: 200_001))
        },
        Attack("a pointer to an endless object", "points to an object of") {
            try $0.write($0.pointerStage(SharingFixture.weights, size: 1 << 44))
        },
        Attack("two sizes of one object", "another size than a pointer before it") {
            let digest = Digest(hashing: SharingFixture.weights)
            try $0.write(
                $0.stage([
                    Entry("a", $0.blob(Data(LFSPointer(digest: digest, size: 200_000).text.utf8))),
                    Entry("b", $0.blob(Data(LFSPointer(digest: digest, size: 200_002).text.utf8))),
                ]))
        },
        Attack("other bytes under an object's name", "other bytes came") {
            let content = Data(repeating: 7, count: 100_000)
            try $0.write($0.pointerStage(content, isStored: false))
            try $0.store(Data(repeating: 8, count: 100_000), as: Digest(hashing: content))
        },
        Attack("an object that is not there", "has no object") {
            try $0.write($0.pointerStage(Data(repeating: 9, count: 100_000), isStored: false))
        },
        Attack("a small text behind a pointer", "is a small text, which stands in git as itself") {
            try $0.write($0.pointerStage(Data("small\n".utf8)))
        },
        Attack("bytes that belong to Git LFS", "stands in git, but belongs to Git LFS") {
            try $0.write($0.stage([Entry("a", $0.blob(Data([1, 0, 2])))]))
        },
        Attack("a large text in git", "has 70000 bytes in git") {
            try $0.write($0.stage([Entry("a", $0.blob(Data(repeating: 0x61, count: 70_000)))]))
        },
        Attack("a large action.json", "'action.json' has") {
            var stage = try $0.textStage()
            stage.actionText = Data(repeating: 0x20, count: 5 << 20)
            try $0.write(stage)
        },
    ]

    static let stages: [Attack] = [
        Attack("two results of one action", "there as well: one of the two is not reproducible") {
            try $0.write($0.textStage())
            let text = Data("another text\n".utf8)
            var other = try $0.stage([Entry("a.txt", $0.blob(text))])
            other.files = [.init(path: "a.txt", size: text.count, digest: Digest(hashing: text))]
            other.reference = "refs/tags/other"
            try $0.write(other)
        },
        Attack("another author", "not what Decant writes") {
            var stage = try $0.textStage()
            stage.author = "Mallory"
            try $0.write(stage)
        },
        Attack("another date", "not what Decant writes") {
            var stage = try $0.textStage()
            stage.time += 1
            try $0.write(stage)
        },
        Attack("another message", "not what Decant writes") {
            var stage = try $0.textStage()
            stage.message = "test\n\nkey 1\nartifact 2\n"
            try $0.write(stage)
        },
        Attack("other attributes", "its .gitattributes is not as Decant writes it") {
            var stage = try $0.textStage()
            stage.attributes = "* filter=evil\n"
            try $0.write(stage)
        },
        Attack("a file more", "holds other things than") {
            var stage = try $0.textStage()
            stage.extra = [Entry("zzz", try $0.blob())]
            try $0.write(stage)
        },
        Attack("an action in other words", "its action.json is not as Decant writes it") {
            var stage = try $0.textStage()
            stage.actionText = Data(stage.action.canonicalBytes) + [0x0A]
            try $0.write(stage)
        },
        Attack("no action", "its action.json is no action") {
            var stage = try $0.textStage()
            stage.actionText = Data("{}".utf8)
            try $0.write(stage)
        },
        Attack("numerics of another version", #"asks for the numerics profile "native-avx9", which this version"#) {
            var stage = try $0.textStage()
            let text = String(decoding: stage.action.canonicalBytes, as: UTF8.self)
            stage.actionText = Data(text.replacing("portable", with: "native-avx9").utf8)
            try $0.write(stage)
        },
        Attack("a parent that is no input", "its parents' artifacts are not the inputs") {
            var stage = try $0.textStage()
            stage.parents = [$0.honest.data.hex]
            try $0.write(stage)
        },
        Attack("an input without its parent", "its parents' artifacts are not the inputs") {
            var stage = try $0.textStage()
            stage.action.inputs = [.init(name: "data", artifact: Digest(hashing: "x"))]
            try $0.write(stage)
        },
        Attack("a build as a parent", "is no stage commit") {
            var stage = try $0.textStage()
            stage.parents = [$0.honest.build.hex]
            try $0.write(stage)
        },
        Attack("the ref of another action", "it names the commit of another action") {
            var stage = try $0.textStage()
            stage.reference = StageCommit.reference(for: Digest(hashing: "x"))
            try $0.write(stage)
        },
        Attack("a ref that is no key", "an action's ref is named") {
            var stage = try $0.textStage()
            stage.reference = "refs/decant/actions/latest"
            try $0.write(stage)
        },
        Attack("another namespace of Decant's", "not this") { try $0.name("refs/decant/config", $0.honest.model.hex) },
        Attack("an action's ref that names a build", "it names no stage commit") {
            try $0.name(StageCommit.reference(for: Digest(hashing: "x")), $0.honest.build.hex)
        },
        Attack("an action's ref that names a file", "it is missing, or no commit") {
            try $0.name(StageCommit.reference(for: Digest(hashing: "x")), $0.blob())
        },
        Attack("a build on a commit of another kind", "neither a stage commit (action.json) nor a build commit (plan.json)") {
            let foreign = try $0.commit($0.tree([Entry("readme", $0.blob())]))
            try $0.build(
                $0.fixture.git("rev-parse", "smart-home^{tree}", in: $0.repository), parents: [foreign, $0.honest.model.hex])
        },
    ]

    static let builds: [Attack] = [
        Attack("a branch that names a stage", "a branch names a build") { try $0.name("refs/heads/evil", $0.honest.model.hex) },
        Attack("a build of another recipe", "it names a build of another recipe") {
            try $0.name("refs/heads/evil", $0.honest.build.hex)
        },
        Attack("a build whose plan is no JSON", "its plan.json is no JSON") {
            try $0.build($0.buildTree(replacing: "plan.json", with: Entry("plan.json", $0.blob())))
        },
        Attack("a build without a recipe", "it has no recipe.yaml") {
            try $0.build($0.buildTree(replacing: "recipe.yaml", with: nil))
        },
        Attack("a build without targets", "no targets") { try $0.build($0.buildTree(replacing: "targets", with: nil)) },
        Attack("a target that names another artifact", "names another artifact than the stage commit") {
            let plan = try $0.plan().replacing(/"artifact": "[0-9a-f]{64}"/, with: "\"artifact\": \"\(Digest(hashing: "x"))\"")
            try $0.build($0.buildTree(replacing: "plan.json", with: Entry("plan.json", $0.blob(Data(plan.utf8)))))
        },
        Attack("a target that names another commit", "no stage commit") {
            let plan = try $0.plan().replacing($0.honest.model.hex, with: $0.honest.build.hex)
            try $0.build($0.buildTree(replacing: "plan.json", with: Entry("plan.json", $0.blob(Data(plan.utf8)))))
        },
        Attack("a target with other files", "holds other files than the stage commit") {
            let model = try $0.tree([Entry("model.bin", $0.blob())])
            let targets = try $0.tree([Entry("40000", "model", model)])
            try $0.build($0.buildTree(replacing: "targets", with: Entry("40000", "targets", targets)))
        },
        Attack("a target that the plan does not know", "says nothing of the target 'other'") {
            let own = try $0.fixture.git("rev-parse", "smart-home:targets/model", in: $0.repository)
            let targets = try $0.tree([Entry("40000", "model", own), Entry("40000", "other", own)])
            try $0.build($0.buildTree(replacing: "targets", with: Entry("40000", "targets", targets)))
        },
        Attack("a stage that is not there", "names no stage commit that came along") {
            let plan = try $0.plan().replacing($0.honest.data.hex, with: String(repeating: "1", count: 40))
            try $0.build($0.buildTree(replacing: "plan.json", with: Entry("plan.json", $0.blob(Data(plan.utf8)))))
        },
        Attack("a build whose parents are not its targets", "its parents are not the commits of its targets") {
            try $0.build($0.fixture.git("rev-parse", "smart-home^{tree}", in: $0.repository), parents: [$0.honest.data.hex])
        },
        Attack("a link in a build", "'recipe.yaml' is a symbolic link") {
            try $0.build($0.buildTree(replacing: "recipe.yaml", with: Entry("120000", "recipe.yaml", $0.blob())))
        },
        Attack("an endless recipe", "'recipe.yaml' has 5242880 bytes") {
            try $0.build(
                $0.buildTree(
                    replacing: "recipe.yaml", with: Entry("recipe.yaml", $0.blob(Data(repeating: 0x61, count: 5 << 20))))
            )
        },
        Attack("other attributes of a build", "its .gitattributes is not as Decant writes it") {
            try $0.build(
                $0.buildTree(replacing: ".gitattributes", with: Entry(".gitattributes", $0.blob(Data("* filter=evil\n".utf8)))))
        },
        Attack("a note that is no note", "is no note on a commit") {
            try $0.name("refs/notes/decant/runs", $0.commit($0.tree([Entry("readme", $0.blob())])))
        },
        Attack("a note that is no JSON", "is no JSON object") {
            try $0.name("refs/notes/decant/runs", $0.commit($0.tree([Entry(String(repeating: "a", count: 40), $0.blob())])))
        },
    ]

    @Test(arguments: names + contents + stages + builds)
    func aHostileRemoteIsRefused(_ attack: Attack) async throws {
        let fixture = try SharingFixture()
        let remote = try HostileRemote(fixture)
        try attack.arm(remote)
        let ours = try fixture.store("ours")
        try fixture.build("mine", in: ours, steps: 9)
        let before = try fixture.state(of: "ours")
        let text = await failure { _ = try await ours.pull(.everything, from: Remote(remote.repository.path, for: ours)) }
        #expect(text.contains(attack.reason), "\(text)")
        #expect(try fixture.state(of: "ours") == before)
        #expect(try FileManager.default.contentsOfDirectory(atPath: fixture.place("ours/quarantine").path) == [])
    }

    /// What the attacks are made with gives, without an attack, what Decant itself writes.
    @Test func theSameMeansWithoutAnAttackAreAccepted() async throws {
        let fixture = try SharingFixture()
        let remote = try HostileRemote(fixture)
        try remote.write(remote.textStage())
        var stage = try remote.pointerStage(Data(repeating: 5, count: 100_000))
        stage.action.parameters = ["other": 1]
        try remote.write(stage)
        try remote.build(fixture.git("rev-parse", "smart-home^{tree}", in: remote.repository))
        let ours = try fixture.store("ours")
        let pulled = try await ours.pull(.everything, from: Remote(remote.repository.path, for: ours))
        #expect(pulled.actions == 4)
        #expect(try ours.recipes() == ["evil", "smart-home"])
        #expect(try ours.check().problems == [])
    }

    /// Foreign refs, as hosts of git repositories have them, are no reason to refuse the rest; nothing of them comes.
    @Test func refsThatAreNotALineagesStayWhereTheyAre() async throws {
        let fixture = try SharingFixture()
        let remote = try HostileRemote(fixture)
        let commit = try remote.commit(remote.tree([Entry("x", remote.blob(Data("foreign".utf8)))]))
        try remote.name("refs/pull/1/head", commit)
        let ours = try fixture.store("ours")
        let pulled = try await ours.pull(.everything, from: Remote(remote.repository.path, for: ours))
        #expect(pulled.leftOut.map(\.subject) == ["refs/pull/1/head"])
        #expect(try fixture.git("for-each-ref", "refs/pull", in: fixture.place("ours/lineage.git")) == "")
        #expect(
            try fixture.git("cat-file", "--batch-all-objects", "--batch-check", in: fixture.place("ours/lineage.git")).contains(
                commit) == false)
    }

    /// A server may list what no repository of files can hold.
    @Test func aRefBelowARefIsRefused() throws {
        let remote = try HostileRemote(SharingFixture())
        func chosen(_ names: [String]) throws -> [String] {
            let listed = names.map { RemoteReference(name: $0, object: remote.honest.build) }
            return try ChosenReferences(
                .everything, among: listed, of: .neighbour(remote.repository), ReceivingLimits(), withResults: true
            )
            .references.map(\.name)
        }
        #expect(try chosen(["refs/heads/ab", "refs/heads/a"]) == ["refs/heads/a", "refs/heads/ab"])
        let error = #expect(throws: Refusal.self) { try chosen(["refs/heads/a/b", "refs/heads/a"]) }
        #expect(error?.description == "refs/heads/a/b: there is a ref refs/heads/a as well")
    }

    @Test func morePacksThanAreTakenAreRefused() throws {
        let fixture = try SharingFixture()
        let remote = try HostileRemote(fixture)
        let ours = try fixture.store("ours")
        func refusal(_ change: (inout ReceivingLimits) -> Void) -> String {
            var limits = ReceivingLimits()
            change(&limits)
            do {
                _ = try Receiving(.everything, from: .neighbour(remote.repository), into: ours, limits: limits)
                return "no refusal"
            } catch {
                return "\(error)"
            }
        }
        #expect(refusal { $0.gitObjects = 5 }.contains("more than the 5 git objects that are taken"))
        #expect(refusal { $0.references = 2 }.contains("more than the 2 that are taken"))
        #expect(refusal { $0.planBytes = 10 }.contains("plan.json"))
        #expect(refusal { _ in } == "no refusal")
    }

    @Test func aServerThatSendsTooManyObjectsIsCutOff() throws {
        let fixture = try SharingFixture()
        let server = try TestServer(fixture)
        let remote = try HostileRemote(fixture)
        try fixture.git("push", "--quiet", "--mirror", server.repository.path, in: remote.repository)
        let ours = try fixture.store("ours")
        var limits = ReceivingLimits()
        limits.gitObjects = 5
        let error = #expect(throws: RemoteError.self) {
            try Receiving(.everything, from: .server(url: server.address, login: .keys), into: ours, limits: limits)
        }
        #expect(error?.description.contains("more than the 5 that are taken") == true)
    }

    /// A ref that is a file cannot be a directory as well.
    @Test func aBranchBelowABranchIsRefused() async throws {
        let fixture = try SharingFixture()
        let remote = try HostileRemote(fixture)
        let ours = try fixture.store("ours")
        try fixture.build("smart-home/deep", in: ours)
        let before = try fixture.state(of: "ours")
        let text = await failure { _ = try await ours.pull(.everything, from: Remote(remote.repository.path, for: ours)) }
        #expect(text.contains("git cannot keep both"))
        #expect(try fixture.state(of: "ours") == before)
    }
}
