import BuildModel
import CLibgit2
import Foundation

/// The statements of one run of `verify`, signed as a whole.
package struct Witness: Sendable {
    package var commit: CommitID
    /// When its author says that it was made.
    package var time: Date
    /// Sorted by their actions, one for each.
    package var statements: [WitnessStatement]

    package subscript(action: Digest) -> WitnessStatement? { statements.first { $0.action == action } }
}

/// How a witness lies in git: a signed commit without parents, whose tree has a statement for each action, under a ref that is
/// named for the commit. So no ref of a witness ever moves, and none names another one's.
package enum WitnessCommit {
    package static let references = "refs/decant/witnesses/"
    static let message = "Stages that were run again\n"

    package static func reference(of commit: CommitID) -> String { "\(references)\(commit.hex.prefix(2))/\(commit.hex)" }

    /// The commit that a ref of this name must name; `nil` for a name that no witness has.
    package static func commit(ofReference name: String) -> CommitID? {
        let commit = CommitID(hex: String(name.suffix(40)))
        return GitRepository.id(commit.hex).map(GitRepository.hex) == commit.hex && reference(of: commit) == name ? commit : nil
    }

    /// How much is read of one.
    private static let statementBytes = 8 << 10
    private static let statementLimit = 50_000
    private static let commitBytes = 16 << 10

    /// Writes a witness. No ref is made.
    static func write(
        _ statements: [WitnessStatement], signer: any CommitSigner, in repository: GitRepository
    ) throws(StoreError) -> CommitID {
        var files: [FileName: GitTree] = [:]
        for statement in statements {
            files[FileName("\(statement.action.hex).json")] = .blob(try repository.writeBlob(statement.bytes))
        }
        return try repository.writeCommit(
            tree: repository.write(.directory(files)), parents: [], message: message, signature: repository.localSignature(),
            signer: signer)
    }

    /// Reads a witness, whoever wrote it.
    ///
    /// - Throws: why it is none. Who signed it is not asked here.
    package static func read(_ id: CommitID, from repository: GitRepository) throws(Refusal) -> Witness {
        func refusal(_ reason: String) -> Refusal { Refusal(subject: reference(of: id), reason: reason) }
        do {
            guard let oid = GitRepository.id(id.hex), let header = try repository.header(of: oid) else {
                throw refusal("its commit is missing")
            }
            guard header.type == GIT_OBJECT_COMMIT else { throw refusal("it names no commit") }
            guard header.size <= commitBytes else { throw refusal("its commit has more than \(commitBytes) bytes") }
            guard let commit = try repository.commit(id), commit.parents.isEmpty, commit.message == message else {
                throw refusal("its commit is not as Decant writes a witness's: without parents, with the one message")
            }
            let entries = try repository.entries(of: commit.tree)
            guard (1...statementLimit).contains(entries.count) else {
                throw refusal("it has \(entries.count) statements; 1 to \(statementLimit) are taken")
            }
            try TreeForm.check(entries, at: "", of: reference(of: id))
            let statements = try entries.map { entry in
                let name = entry.name
                guard !entry.isDirectory, name.utf8.count == 69, name.hasSuffix(".json"),
                    let action = Digest(hex: String(name.dropLast(5)))
                else { throw refusal("'\(TreeForm.shown(name))' is no statement about an action") }
                guard let blob = try repository.header(of: entry.id), blob.type == GIT_OBJECT_BLOB else {
                    throw refusal("its statement about \(action.short) is missing")
                }
                guard blob.size <= statementBytes else {
                    throw refusal("its statement about \(action.short) has more than \(statementBytes) bytes")
                }
                guard let statement = try WitnessStatement(parsing: repository.readBlob(entry.id)) else {
                    throw refusal("its statement about \(action.short) is not as Decant writes one")
                }
                guard statement.action == action else {
                    throw refusal("its statement about \(action.short) is about another action, \(statement.action.short)")
                }
                return statement
            }
            return Witness(commit: id, time: commit.author.time, statements: statements)
        } catch let refusal as Refusal {
            throw refusal
        } catch {
            throw refusal("it cannot be read: \(error)")
        }
    }
}

extension Store {
    /// Keeps what was seen, signed.
    ///
    /// - Returns: the witness's commit.
    package func record(_ statements: [WitnessStatement], signer: any CommitSigner) throws(StoreError) -> CommitID {
        try writing { repository throws(StoreError) in
            let commit = try WitnessCommit.write(statements, signer: signer, in: repository)
            _ = try repository.createReference(WitnessCommit.reference(of: commit), to: commit)
            return commit
        }
    }

    /// Every witness here, by its commit, and every ref of a witness that names none.
    package func witnesses() throws(StoreError) -> (known: [Witness], faults: [Refusal]) {
        let repository = try openRepository()
        var known: [Witness] = []
        var faults: [Refusal] = []
        for name in try repository.references(startingWith: WitnessCommit.references) {
            do throws(Refusal) {
                known.append(try repository.witness(ofReference: name))
            } catch {
                faults.append(error)
            }
        }
        return (known, faults)
    }

    /// Takes witnesses in that were checked, each with its statements and nothing else.
    ///
    /// - Returns: those that are new here.
    package func admit(_ witnesses: [Witness], from other: GitRepository) throws(StoreError) -> [Witness] {
        let repository = try openRepository()
        return try layout.writing { () throws(StoreError) in
            var new: [Witness] = []
            for witness in witnesses where try repository.named(by: WitnessCommit.reference(of: witness.commit)) == nil {
                guard let id = GitRepository.id(witness.commit.hex), let tree = try other.commit(witness.commit)?.tree else {
                    continue
                }
                for entry in try other.entries(of: tree) { try repository.copy(entry.id, from: other) }
                try repository.copy(tree, from: other)
                try repository.copy(id, from: other)
                if try repository.createReference(WitnessCommit.reference(of: witness.commit), to: witness.commit) {
                    new.append(witness)
                }
            }
            return new
        }
    }
}

extension GitRepository {
    /// The witness under a ref; throws where the ref names none, or another's.
    package func witness(ofReference name: String) throws(Refusal) -> Witness {
        guard let commit = WitnessCommit.commit(ofReference: name) else {
            throw Refusal(subject: name, reason: "a witness's ref is named refs/decant/witnesses/, two digits, and its commit")
        }
        guard let named = try? self.named(by: name), named == commit else {
            throw Refusal(subject: name, reason: "it names another commit than its own")
        }
        return try WitnessCommit.read(commit, from: self)
    }

    /// Copies one object; what it names is not.
    fileprivate func copy(_ id: git_oid, from other: GitRepository) throws(StoreError) {
        guard !exists(id) else { return }
        try other.requireIntact(id)
        var object: OpaquePointer?
        try Self.check(
            withUnsafePointer(to: id) { git_odb_read(&object, other.database, $0) }, "read the object \(Self.hex(id))")
        defer { git_odb_object_free(object) }
        var written = git_oid()
        try Self.check(
            git_odb_write(
                &written, database, git_odb_object_data(object), git_odb_object_size(object), git_odb_object_type(object)),
            "write the object \(Self.hex(id))")
    }
}
