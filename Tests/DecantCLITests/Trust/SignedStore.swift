import BuildModel
import Foundation
import Store
import TestSupport
import Testing

/// A store that was filled without training anything, with keys of its own to sign its builds and tags.
struct SignedStore {
    let program: DecantProgram
    let ring = KeyRing()
    let name: String

    init(_ program: DecantProgram, _ name: String = "cache") throws {
        (self.program, self.name) = (program, name)
        for key in ["ann", "bob"] { try ring.key(key) }
    }

    private struct Signer: CommitSigner {
        let ring: KeyRing
        let key: String

        func signature(of content: [UInt8]) throws(StoreError) -> String {
            do {
                return try ring.sign(String(decoding: content, as: UTF8.self), with: key)
            } catch {
                throw .cannotSign(reason: "\(error)")
            }
        }
    }

    var repository: URL { program.folder.appending(path: "\(name)/lineage.git") }
    func open() throws -> Store { try Store(at: program.folder.appending(path: name)) }

    /// A build of `smart-home` with one model, whose weights `text` is; returns its commit.
    @discardableResult
    func build(_ text: String, by key: String?) throws -> String {
        let store = try open()
        try program.write(text, to: "files/model.safetensors")
        let artifact = try store.importDirectory(program.folder.appending(path: "files"))
        let action = Action(
            kind: "model.init", revision: 1, parameters: ["seed": .string(text)], inputs: [], numerics: .portable)
        let model = try store.record(action, parents: [], artifact: artifact)
        return try store.recordBuild(
            BuildRecord(
                recipe: "smart-home", recipeText: "decant: 1\n", stages: [NamedCommit(name: "model", commit: model)],
                targets: [(name: "model", commit: model, artifact: artifact)], summary: "1 ran"),
            signer: key.map { Signer(ring: ring, key: $0) }
        ).hex
    }

    func tag(_ tag: String, by key: String?) throws {
        let store = try open()
        let head = try #require(try store.build(of: "smart-home")).commit
        #expect(
            try store.makeTag(
                tag, of: head, message: tag, replacing: false, signer: key.map { Signer(ring: ring, key: $0) }))
    }

    @discardableResult
    func git(_ arguments: String..., input: String = "") throws -> String {
        try ProgramRun.output(
            of: ["git", "-C", repository.path] + arguments, environment: ProgramRun.isolated(home: program.folder),
            input: Data(input.utf8), mergesErrors: true
        ).trimmingCharacters(in: .newlines)
    }

    /// Writes a tag object of any text, and its ref.
    func writeTag(_ tag: String, _ text: String) throws {
        try git("update-ref", "refs/tags/\(tag)", git("hash-object", "-t", "tag", "--literally", "-w", "--stdin", input: text))
    }
}
