import CLibgit2
import Foundation

/// A repository on this machine's file systems. Libgit2's own local transport sends everything each time; this sends what is
/// missing.
struct NeighbourRepository {
    let repository: GitRepository
    /// Where objects and refs are; another place than `.git` for a linked working tree.
    let folder: URL

    init(at path: URL) throws {
        do {
            repository = try GitRepository(existing: path)
        } catch {
            throw RemoteError.unreachable(remote: path.path, reason: Self.reason(error))
        }
        folder = URL(fileURLWithPath: String(cString: git_repository_commondir(repository.pointer)), isDirectory: true)
    }

    var objects: ObjectFolder { ObjectFolder(folder.appending(path: "lfs/objects", directoryHint: .isDirectory)) }

    func references() throws(StoreError) -> [RemoteReference] {
        var references: [RemoteReference] = []
        for name in try repository.references(startingWith: "refs/") {
            if let object = try? repository.target(of: name) { references.append(RemoteReference(name: name, object: object)) }
        }
        return references
    }

    /// Writes a pack of all that tips reach and the other repository has not.
    func pack(_ tips: [CommitID], lackedBy other: GitRepository, limits: ReceivingLimits) throws {
        try Self.copy(tips, from: repository, to: other, limits: limits)
    }

    /// Takes a pack of all that tips reach and is not here.
    func take(_ tips: [CommitID], from other: GitRepository) throws {
        try Self.copy(tips, from: other, to: repository, limits: ReceivingLimits())
    }

    private static func copy(
        _ tips: [CommitID], from source: GitRepository, to target: GitRepository, limits: ReceivingLimits
    ) throws {
        var builder: OpaquePointer?
        try GitRepository.check(git_packbuilder_new(&builder, source.pointer), "start a pack")
        defer { git_packbuilder_free(builder) }
        var walk: OpaquePointer?
        try GitRepository.check(git_revwalk_new(&walk, source.pointer), "walk the commits")
        defer { git_revwalk_free(walk) }
        for tip in tips {
            guard var id = GitRepository.id(tip.hex), !target.exists(id) else { continue }
            // A tag's object goes along; what it names is walked.
            var commit = id
            var seen = 0
            while source.type(of: commit) == GIT_OBJECT_TAG, seen < 8, let next = try source.tagTarget(commit) {
                try GitRepository.check(git_packbuilder_insert(builder, &commit, nil), "pack a tag")
                commit = next
                seen += 1
            }
            guard source.type(of: commit) == GIT_OBJECT_COMMIT else {
                try GitRepository.check(git_packbuilder_insert(builder, &id, nil), "pack an object")
                continue
            }
            try GitRepository.check(git_revwalk_push(walk, &commit), "walk the commits")
        }
        for name in try target.references(startingWith: "refs/") {
            guard let known = try? target.target(of: name), var id = GitRepository.id(known.hex),
                source.type(of: id) == GIT_OBJECT_COMMIT
            else { continue }
            try GitRepository.check(git_revwalk_hide(walk, &id), "walk the commits")
        }
        try GitRepository.check(git_packbuilder_insert_walk(builder, walk), "collect the git objects")
        let count = git_packbuilder_object_count(builder)
        guard count <= limits.gitObjects else {
            throw Refusal(subject: "the pack", reason: "\(count) git objects are more than the \(limits.gitObjects) that are taken")
        }
        guard count > 0 else { return }
        let folder = String(cString: git_repository_commondir(target.pointer)) + "objects/pack"
        try GitRepository.check(git_packbuilder_write(builder, folder, 0o444, nil, nil), "write a pack")
    }

    private static func reason(_ error: StoreError) -> String {
        if case .git(_, let reason) = error { reason } else { error.description }
    }
}
