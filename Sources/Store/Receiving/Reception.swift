import BuildModel
import CLibgit2
import CanonicalJSON
import Foundation

/// What came from a remote: fetched and checked, but no part of the lineage before `accept`.
package final class Reception {
    let store: Store
    let remote: RemoteRepository
    let quarantine: Quarantine
    /// A handle of its own, so that builds of this process go on meanwhile.
    let ours: GitRepository
    let inspection: Inspection
    /// What was asked for, as the remote has it.
    let references: [(reference: SharedReference, remote: RemoteReference)]
    /// Refs that the remote has and a lineage has no place for; they were not asked for.
    package let leftOut: [Refusal]
    /// Actions whose results the remote names, asked for or not.
    private let advertisedActions: Set<Digest>

    /// Fetches and checks. Nothing of the store changes.
    ///
    /// - Parameter known: the remote's refs, if they were listed before.
    /// - Throws: `RemoteError`, `StoreError`.
    package init(
        of selection: Selection, from remote: RemoteRepository, into store: Store, known: [RemoteReference]? = nil,
        limits: ReceivingLimits = ReceivingLimits()
    ) throws {
        self.store = store
        self.remote = remote
        ours = try GitRepository(at: store.layout.repository)
        quarantine = try Quarantine(for: store.layout, ours: ours)
        do {
            let advertised = try known ?? store.references(of: remote)
            advertisedActions = Set(advertised.compactMap { StageCommit.key(ofReference: $0.name) })
            (references, leftOut) = try Self.choose(selection, among: advertised, of: remote, limits)
            // Libgit2 reads our commits while it tells a server what we have: those of a damaged file past their ends. One
            // action's result is not worth the time.
            if case .server = remote, !selection.isOfActions { try ours.walk(ours.allTips()) { _ throws(StoreError) in true } }
            try Self.fetch(selection, references.map(\.remote), from: remote, into: quarantine.repository, limits)
            var inspection = Inspection(quarantine: quarantine.repository, ours: ours, limits: limits)
            try inspection.inspect(references)
            try Self.refuseUnnamed(in: quarantine.repository, inspection)
            try inspection.refuseConflicts(from: remote)
            self.inspection = inspection
        } catch let refusal as Refusal {
            throw RemoteError.refused(remote: remote.label, refusals: [refusal])
        } catch StoreError.git(let operation, let reason) {
            throw RemoteError.refused(
                remote: remote.label, refusals: [Refusal(subject: "a git object", reason: "git cannot \(operation): \(reason)")]
            )
        }
    }

    package var stages: Int { inspection.stages.count }
    package var builds: Int { inspection.builds.count }
    package var gitObjects: Int { inspection.reached.count }
    /// Objects that new pointers name, here or not.
    package var objects: Int { inspection.pointers.count }

    /// Bytes of git's that came.
    package var gitBytes: Int {
        quarantine.packs.reduce(0) { sum, pack in
            var status = stat()
            return stat(pack.appendingPathExtension("pack").path, &status) == 0 ? sum + Int(status.st_size) : sum
        }
    }

    /// Objects that the accepted commits need and the store lacks, each once; what waits in `lfs/incoming` already is among
    /// them.
    package func missingObjects() throws -> [IncomingObject] {
        var wanted = inspection.pointers
        var required = try requiredObjects()
        for record in try knownStages() {
            for file in record.artifact.files where inspection.texts[file.digest] == nil {
                wanted[file.digest] = file.size
                required.insert(file.digest)
            }
        }
        var missing: [IncomingObject] = []
        for (digest, size) in wanted.sorted(by: { $0.key < $1.key }) {
            if let known = store.objects.object(digest) {
                guard known.size != size else { continue }
                throw RemoteError.refused(
                    remote: remote.label,
                    refusals: [
                        Refusal(
                            subject: "the object \(digest.short)",
                            reason: "its pointer says \(size) bytes; it is here and has \(known.size)")
                    ])
            }
            missing.append(
                IncomingObject(digest: digest, size: size, isRequired: required.contains(digest), layout: store.layout))
        }
        return missing
    }

    /// Objects of the results that the remote names by their actions, and of each branch's newest build.
    private func requiredObjects() throws -> Set<Digest> {
        var newest: Set<String> = []
        for (reference, remote) in references {
            guard case .branch = reference, let plan = try inspection.build(remote.object) else { continue }
            for stage in (plan["stages"]?.array ?? []) + (plan["targets"]?.array ?? []) {
                if let commit = stage["commit"]?.string { newest.insert(commit) }
            }
        }
        let needed = inspection.stages.filter { advertisedActions.contains($0.action.key) || newest.contains($0.commit.hex) }
        return Set(needed.flatMap { $0.artifact.files.map(\.digest) })
    }

    /// Stage commits that were asked for, are here, and whose objects were lost.
    private func knownStages() throws -> [StageRecord] {
        try references.compactMap { reference, remote in
            guard case .action(let key) = reference, let id = GitRepository.id(remote.object.hex), ours.exists(id) else {
                return nil
            }
            if let artifact = try store.index.result(of: key), store.objects.holds(artifact) { return nil }
            guard let record = try StageCommit.read(remote.object, from: ours), !store.objects.holds(record.artifact) else {
                return nil
            }
            try ours.restoreTexts(of: record, to: store.objects)
            return record
        }
    }

    private static func fetch(
        _ selection: Selection, _ references: [RemoteReference], from remote: RemoteRepository, into repository: GitRepository,
        _ limits: ReceivingLimits
    ) throws {
        switch remote {
        case .neighbour(let path):
            try NeighbourRepository(at: path).pack(references.map(\.object), lackedBy: repository, limits: limits)
        case .server(let url, let login):
            let connection = ServerConnection(url: url, login: login, limits: limits)
            if case .everything = selection {
                try connection.fetch(SharedReference.patterns, into: repository)
            } else if !references.isEmpty {
                try connection.fetch(references.map(\.name), into: repository)
            }
        }
        try repository.refresh()
    }

    /// A pack holds what refs reach; anything else came for a reason that nobody knows.
    private static func refuseUnnamed(in repository: GitRepository, _ inspection: Inspection) throws {
        var unnamed = 0
        try repository.forEachObject { id in
            if !inspection.reached.contains(ObjectName(id)), inspection.isNew(id) { unnamed += 1 }
        }
        guard unnamed == 0 else {
            throw Refusal(subject: "the pack", reason: "\(unnamed) of its git objects belong to no ref that was asked for")
        }
    }
}

extension Store {
    /// The refs that a remote has.
    package func references(of remote: RemoteRepository) throws -> [RemoteReference] {
        switch remote {
        case .neighbour(let path):
            return try NeighbourRepository(at: path).references()
        case .server(let url, let login):
            let repository = try GitRepository(at: layout.repository)
            return try ServerConnection(url: url, login: login, limits: ReceivingLimits()).references(for: repository)
        }
    }
}

extension GitRepository {
    /// Looks for packs that came since this repository was opened.
    func refresh() throws(StoreError) {
        var database: OpaquePointer?
        try Self.check(git_repository_odb(&database, pointer), "open the object database")
        defer { git_odb_free(database) }
        try Self.check(git_odb_refresh(database), "read the object database")
    }
}
