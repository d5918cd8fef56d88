import BuildModel
import CanonicalJSON
import Foundation
import Testing

@testable import Store

/// A repository that is filled with raw git plumbing, past every check that a tool would make.
struct HostileRemote {
    let fixture: SharingFixture
    let repository: URL
    /// The honest lineage that it began with: `smart-home`, of two stages.
    let honest: (data: CommitID, model: CommitID, build: CommitID)

    static let text = Data("a text\n".utf8)

    init(_ fixture: SharingFixture) throws {
        self.fixture = fixture
        let store = try fixture.store("honest")
        honest = try fixture.build(in: store)
        repository = fixture.place("honest/lineage.git")
    }

    struct Entry {
        var mode = "100644"
        var name: [UInt8]
        var id: String

        init(_ mode: String, _ name: String, _ id: String) {
            self.mode = mode
            self.name = Array(name.utf8)
            self.id = id
        }

        init(_ name: String, _ id: String) { self.init("100644", name, id) }
    }

    func blob(_ content: Data = text) throws -> String {
        try fixture.git("hash-object", "-w", "--stdin", in: repository, input: content)
    }

    /// Writes a git object's file anew, with a header of one's own.
    func overwrite(_ id: String, header: String, _ content: Data) throws {
        let file = repository.appending(path: "objects/\(id.prefix(2))/\(id.dropFirst(2))")
        let raw = fixture.place("raw-\(id)")
        try (Data(header.utf8) + [0] + content).write(to: raw)
        chmod(file.path, 0o644)
        try fixture.python(
            "import sys, zlib; open(sys.argv[2], 'wb').write(zlib.compress(open(sys.argv[1], 'rb').read()))", raw.path,
            file.path)
    }

    /// A tree of just these entries, in just this order.
    func tree(_ entries: [Entry]) throws -> String {
        var bytes = Data()
        for entry in entries {
            bytes.append(contentsOf: Array("\(entry.mode) ".utf8) + entry.name + [0])
            var id = entry.id[...]
            while !id.isEmpty {
                bytes.append(try #require(UInt8(id.prefix(2), radix: 16)))
                id = id.dropFirst(2)
            }
        }
        return try fixture.git("hash-object", "-t", "tree", "--literally", "-w", "--stdin", in: repository, input: bytes)
    }

    /// A commit; as Decant signs stage commits unless told otherwise.
    func commit(
        _ tree: String, parents: [String] = [], message: String = "test\n", author: String = "Decant", time: Int = 946_684_800
    ) throws -> String {
        let environment = [
            "GIT_AUTHOR_NAME": author, "GIT_AUTHOR_EMAIL": "lineage@decant.invalid", "GIT_AUTHOR_DATE": "\(time) +0000",
            "GIT_COMMITTER_NAME": author, "GIT_COMMITTER_EMAIL": "lineage@decant.invalid",
            "GIT_COMMITTER_DATE": "\(time) +0000",
        ]
        var arguments = ["commit-tree", tree]
        for parent in parents { arguments += ["-p", parent] }
        return try fixture.git(arguments, in: repository, input: Data(message.utf8), environment: environment)
    }

    func name(_ reference: String, _ commit: String) throws {
        try fixture.git("update-ref", reference, commit, in: repository)
    }

    /// What a stage commit is made of; change a part, then write it.
    struct Stage {
        var action = Action(kind: "test", revision: 1, parameters: [:], inputs: [], numerics: .portable)
        var actionText: Data?
        /// What Decant would take the artifact for, which decides message and attributes.
        var files: [Artifact.File] = []
        var pointers: [String] = []
        /// The id of the artifact's tree.
        var tree = ""
        var extra: [Entry] = []
        var parents: [String] = []
        var author = "Decant"
        var time = 946_684_800
        var message: String?
        var attributes: String?
        var reference: String?
    }

    @discardableResult
    func write(_ stage: Stage) throws -> String {
        let attributes = stage.attributes ?? ArtifactTree.attributes(pointers: stage.pointers.map { "artifact/" + $0 })
        let root = try tree(
            ([
                Entry(".gitattributes", try blob(Data(attributes.utf8))),
                Entry("action.json", try blob(stage.actionText ?? Data(stage.action.canonicalBytes))),
                Entry("40000", "artifact", stage.tree),
            ] + stage.extra))
        let message = stage.message ?? StageCommit.message(for: stage.action, artifact: Artifact(files: stage.files))
        let commit = try commit(root, parents: stage.parents, message: message, author: stage.author, time: stage.time)
        try name(stage.reference ?? StageCommit.reference(for: stage.action.key), commit)
        return commit
    }

    /// A stage whose artifact has one honest text.
    func textStage() throws -> Stage {
        Stage(
            files: [.init(path: "a.txt", size: Self.text.count, digest: Digest(hashing: Self.text))],
            tree: try tree([Entry("a.txt", try blob())]))
    }

    /// A stage whose artifact has these entries.
    func stage(_ entries: [Entry]) throws -> Stage { Stage(tree: try tree(entries)) }

    /// A stage with one file behind a pointer.
    func pointerStage(_ content: Data, size: Int? = nil, isStored: Bool = true) throws -> Stage {
        let digest = Digest(hashing: content)
        let pointer = LFSPointer(digest: digest, size: size ?? content.count)
        if isStored { try store(content, as: digest) }
        return Stage(
            files: [.init(path: "a.bin", size: size ?? content.count, digest: digest)], pointers: ["a.bin"],
            tree: try tree([Entry("a.bin", try blob(Data(pointer.text.utf8)))]))
    }

    func store(_ content: Data, as digest: Digest) throws {
        let file = StoreLayout(root: fixture.place("honest")).object(digest)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try content.write(to: file)
    }

    /// The honest build's tree with one entry of its root replaced, or taken away.
    func buildTree(replacing name: String, with entry: Entry?) throws -> String {
        let listing = try fixture.git("ls-tree", "smart-home", in: repository)
        var entries = try listing.split(separator: "\n").map { line -> Entry in
            let parts = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).map(String.init)
            try #require(parts.count == 4)
            return Entry(parts[0] == "040000" ? "40000" : parts[0], parts[3], parts[2])
        }
        entries.removeAll { $0.name == Array(name.utf8) }
        if let entry { entries.append(entry) }
        return try tree(entries.sorted { $0.name.lexicographicallyPrecedes($1.name) })
    }

    /// A build commit of this tree on a branch, on top of the honest one's stage.
    func build(_ tree: String, parents: [String]? = nil) throws {
        try name("refs/heads/evil", try commit(tree, parents: parents ?? [honest.model.hex], message: "evil: 1 ran\n"))
    }

    func plan() throws -> String { try fixture.git("show", "smart-home:plan.json", in: repository) }
}
