import CLibgit2
import Foundation

extension GitRepository {
    /// The commit that a ref names, through an annotated tag as well; `nil` where there is no such ref.
    package func target(of reference: String) throws(StoreError) -> CommitID? {
        guard let id = try object(of: reference) else { return nil }
        return CommitID(hex: Self.hex(try reference.hasPrefix(Self.tags) ? commit(under: id) ?? id : id))
    }

    /// What a ref names itself: of an annotated tag the tag, not its commit; `nil` where there is no such ref.
    package func named(by reference: String) throws(StoreError) -> CommitID? {
        try object(of: reference).map { CommitID(hex: Self.hex($0)) }
    }

    /// The object that a ref points at; `nil` where there is no such ref.
    func object(of reference: String) throws(StoreError) -> git_oid? {
        var id = git_oid()
        let status = git_reference_name_to_id(&id, pointer, reference)
        if status == GIT_ENOTFOUND.rawValue { return nil }
        try Self.check(status, "read the ref \(reference)")
        return id
    }

    /// Makes a ref unless it exists: the first writer wins.
    ///
    /// - Returns: whether the ref names this commit now.
    package func createReference(_ name: String, to commit: CommitID) throws(StoreError) -> Bool {
        guard let id = Self.id(commit.hex) else { return false }
        if try set(name, to: id, "create the ref \(name)") { return true }
        return try target(of: name) == commit
    }

    /// Moves a ref from one commit to another; `false` where the ref names something else by now.
    package func moveReference(_ name: String, from old: CommitID?, to new: CommitID) throws(StoreError) -> Bool {
        guard let id = Self.id(new.hex) else { return false }
        return try set(name, to: id, from: old.flatMap { Self.id($0.hex) }, "move the ref \(name)")
    }

    /// Points a ref at an object.
    ///
    /// - Parameters:
    ///   - old: what it must name; where `nil`, it must not exist.
    ///   - replacing: whether it may name anything.
    /// - Returns: `false` where it names something else.
    func set(
        _ name: String, to id: git_oid, from old: git_oid? = nil, replacing: Bool = false, _ operation: String
    ) throws(StoreError) -> Bool {
        // Libgit2 flushes what it writes and the folder around it, but not the name of a folder that it makes.
        let folder = URL(fileURLWithPath: String(cString: git_repository_commondir(pointer)), isDirectory: true)
        try DurableFolder.flush(folder.appending(path: "objects", directoryHint: .isDirectory))
        var reference: OpaquePointer?
        defer { git_reference_free(reference) }
        var id = id
        let status = locked(name) {
            guard var old else { return git_reference_create(&reference, pointer, name, &id, replacing ? 1 : 0, "decant") }
            return git_reference_create_matching(&reference, pointer, name, &id, 1, &old, "decant")
        }
        if status == GIT_EMODIFIED.rawValue || status == GIT_EEXISTS.rawValue { return false }
        try Self.check(status, operation)
        try DurableFolder.make(folder.appending(path: name).deletingLastPathComponent(), below: folder)
        return true
    }

    /// Runs a step that takes git's own lock file of a ref; waits while another program holds it.
    ///
    /// The caller holds the store's write lock, so no build holds git's. A stock program does not hold it for long: what is
    /// still there after a second was left by a process that was killed, and is removed.
    func locked(_ reference: String, _ step: () -> Int32) -> Int32 {
        for _ in 0..<20 {
            let status = step()
            guard status == GIT_ELOCKED.rawValue else { return status }
            usleep(50_000)
        }
        unlink(String(cString: git_repository_path(pointer)) + reference + ".lock")
        return step()
    }

    /// Names of all refs that begin with a prefix, sorted. Only the prefix's folder is looked through: actions are many.
    package func references(startingWith prefix: String) throws(StoreError) -> [String] {
        var iterator: OpaquePointer?
        try Self.check(git_reference_iterator_glob_new(&iterator, pointer, prefix + "*"), "list the refs")
        defer { git_reference_iterator_free(iterator) }
        var names: [String] = []
        var name: UnsafePointer<CChar>?
        while true {
            let status = git_reference_next_name(&name, iterator)
            if status == GIT_ITEROVER.rawValue { return names.sorted() }
            try Self.check(status, "list the refs")
            if let name { names.append(String(cString: name)) }
        }
    }

    /// The branch that HEAD names, whether it exists or not; `nil` where HEAD cannot be read.
    func headTarget() -> String? {
        var head: OpaquePointer?
        guard git_reference_lookup(&head, pointer, "HEAD") == 0 else { return nil }
        defer { git_reference_free(head) }
        return git_reference_symbolic_target(head).map { String(cString: $0) }
    }

    /// Removes a ref, if it still names this commit.
    func removeReference(_ name: String) throws(StoreError) {
        try Self.check(locked(name) { git_reference_remove(pointer, name) }, "remove the ref \(name)")
        DurableFolder.forgetAll()
    }

    /// Points HEAD at a branch if it points at one that does not exist, so that a plain clone checks something out.
    package func adoptHead(_ branch: String) throws(StoreError) {
        guard git_repository_head_unborn(pointer) == 1 else { return }
        try Self.check(locked("HEAD") { git_repository_set_head(pointer, branch) }, "set HEAD")
    }

    package static func isValid(reference: String) -> Bool {
        var valid: Int32 = 0
        // The library may be asked before any repository is open.
        return Libgit2.isStarted && git_reference_name_is_valid(&valid, reference) == 0 && valid == 1
    }
}
