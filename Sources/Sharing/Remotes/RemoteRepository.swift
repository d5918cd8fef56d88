import CLibgit2
import Foundation
import Store

/// A git repository elsewhere.
enum RemoteRepository: Sendable {
    /// A repository on this machine's file systems, by its path.
    case neighbour(URL)
    /// A repository behind a server: an address without a password, and who asks there. Libgit2 asks for the login only where
    /// the server wants one.
    case server(url: String, login: ServerLogin)

    var label: String {
        switch self {
        case .neighbour(let path): path.path
        case .server(let url, _): url
        }
    }

    /// What policies may call it.
    var addresses: [String] {
        switch self {
        case .neighbour(let path):
            [path, path.resolvingSymlinksInPath()].flatMap { [$0.path, $0.deletingLastPathComponent().path] }.enumerated()
                .filter { $0.offset % 2 == 0 || path.lastPathComponent == "lineage.git" || path.lastPathComponent == ".git" }
                .map(\.element)
        case .server(let url, _): [url]
        }
    }

    /// The refs that it has.
    ///
    /// - Parameter ours: a handle on the lineage, which libgit2 wants for any conversation.
    func references(seenFrom ours: GitRepository) throws -> [RemoteReference] {
        switch self {
        case .neighbour(let path): try NeighbourRepository(at: path).references()
        case .server(let url, let login):
            try ServerConnection(url: url, login: login, limits: ReceivingLimits()).references(for: ours)
        }
    }
}

extension RemoteRepository {
    /// Whether a commit is known to belong to no lineage. What a server has is not known before it is fetched.
    func hasForeign(_ commit: CommitID) -> Bool {
        guard case .neighbour(let path) = self, let neighbour = try? NeighbourRepository(at: path) else { return false }
        return !neighbour.repository.claimsToBeLineage(commit, limits: ReceivingLimits())
    }
}

/// How a server is told who asks.
enum ServerLogin: Sendable {
    /// Over http.
    case web(LoginServer)
    /// Over SSH: an agent's key, or one of the usual files.
    case keys
}

/// A ref that a remote repository has.
struct RemoteReference: Hashable, Sendable {
    var name: String
    /// What it names: a commit, or a tag object.
    var object: CommitID
}

/// What git's configuration of the lineage repository says of remotes.
extension Store {
    /// The address of which this store is to be a clone, and not all has come; `nil` where no clone was cut off.
    package var unfinishedClone: String? { gitConfiguration.value(Self.cloning) }

    private static let cloning = "decant.cloning"

    /// Writes down that a clone begins, so that one that is killed can go on.
    package func beginClone(of address: String) throws(StoreError) {
        try changeConfiguration { configuration throws(StoreError) in
            try GitRepository.check(git_config_set_string(configuration, Self.cloning, address), "remember the clone")
        }
    }

    /// Remembers where a clone came from, so that `git fetch` and `git push` exchange the same refs as Decant does. All has come.
    package func endClone(of address: String, as name: String = "origin") throws(StoreError) {
        try changeConfiguration { configuration throws(StoreError) in
            git_config_delete_entry(configuration, Self.cloning)
            try GitRepository.check(git_config_set_string(configuration, "remote.\(name).url", address), "remember the remote")
            for pattern in SharedReference.patterns {
                for key in ["remote.\(name).fetch", "remote.\(name).push"] {
                    try GitRepository.check(
                        git_config_set_multivar(
                            configuration, key, "^\(pattern.replacing("*", with: "[*]")):.*$", "\(pattern):\(pattern)"),
                        "remember the remote")
                }
            }
        }
    }
}

/// A repository on this machine's file systems. Libgit2's own local transport sends everything each time; this sends what is
/// missing.
struct NeighbourRepository {
    let repository: GitRepository
    /// Where objects and refs are; another place than `.git` for a linked working tree.
    let folder: URL

    init(at path: URL) throws {
        do {
            // Of a linked working tree, what it shares with the others.
            let opened = try GitRepository(existing: path)
            folder = URL(fileURLWithPath: String(cString: git_repository_commondir(opened.pointer)), isDirectory: true)
            repository = try GitRepository(existing: folder)
        } catch {
            throw RemoteError.unreachable(remote: path.path, reason: Self.reason(error))
        }
        let borrowed = folder.appending(path: "objects/info/alternates").path
        guard !FileManager.default.fileExists(atPath: borrowed) else {
            throw RemoteError.unreachable(
                remote: path.path,
                reason: "it borrows objects from other repositories; `git repack -a -d` and `rm \(borrowed)` make it whole")
        }
    }

    /// Where the git repository of a path is: the path itself, its `.git`, or the lineage of a store.
    static func place(of path: URL) -> URL? {
        let candidates = [
            path.appending(path: "lineage.git"), path.appending(path: ".git"), path, path.appendingPathExtension("git"),
        ]
        return candidates.first { FileManager.default.fileExists(atPath: $0.appending(path: "HEAD").path) }
    }

    var objects: ObjectFolder { ObjectFolder(folder.appending(path: "lfs/objects", directoryHint: .isDirectory)) }

    func references() throws(StoreError) -> [RemoteReference] {
        var references: [RemoteReference] = []
        for name in try repository.references(startingWith: "refs/") where !name.hasPrefix(PendingCommits.references) {
            if let object = try? repository.named(by: name) { references.append(RemoteReference(name: name, object: object)) }
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

    static func copy(
        _ tips: [CommitID], from source: GitRepository, to target: GitRepository, limits: ReceivingLimits
    ) throws {
        var builder: OpaquePointer?
        try GitRepository.check(git_packbuilder_new(&builder, source.pointer), "start a pack")
        defer { git_packbuilder_free(builder) }
        var open = tips.compactMap { GitRepository.id($0.hex) }
        var seen: Set<ObjectName> = []
        while let next = open.popLast() {
            guard seen.insert(ObjectName(next)).inserted, !target.exists(next) else { continue }
            guard seen.count <= limits.gitObjects else {
                throw Refusal(
                    subject: "the pack", reason: "it would have more than the \(limits.gitObjects) git objects that are taken")
            }
            var id = next
            open += try source.named(by: id)
            try GitRepository.check(git_packbuilder_insert(builder, &id, nil), "pack an object")
        }
        let count = git_packbuilder_object_count(builder)
        guard count > 0 else { return }
        let folder = String(cString: git_repository_commondir(target.pointer)) + "objects/pack"
        try GitRepository.check(git_packbuilder_write(builder, folder, 0o444, nil, nil), "write a pack")
    }

    private static func reason(_ error: StoreError) -> String {
        if case .git(_, let reason) = error { reason } else { error.description }
    }
}
