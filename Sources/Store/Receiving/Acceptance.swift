import BuildModel
import CLibgit2
import CanonicalJSON
import Foundation

/// What an exchange did to one ref.
package struct ReferenceChange: Hashable, Sendable {
    package enum Step: String, Hashable, Sendable {
        case created
        case forwarded
        /// Both sides had built: the newer build, on top of both.
        case merged
        /// Ours stays.
        case kept
    }

    package var name: String
    package var step: Step
    package var commit: CommitID
    /// Why ours stays; empty otherwise.
    package var reason = ""
}

extension Reception {
    /// Moves everything that came into the lineage: objects first, then git's, then the refs. All objects must be there.
    ///
    /// - Returns: what became of branches, tags and notes, and how many actions are new.
    package func accept() throws -> (changes: [ReferenceChange], actions: Int) {
        do {
            try SmallObjects.check(inspection.stages, texts: Set(inspection.texts.keys)) { try read($0) }
        } catch let refusal as Refusal {
            throw RemoteError.refused(remote: remote.label, refusals: [refusal])
        }
        let lock = try FileLock(store.layout.writeLock, .exclusive)
        defer { withExtendedLifetime(lock) {} }
        // Since the first look, somebody may have built.
        try inspection.refuseConflicts(from: remote)
        try refuseCollisions()
        try publishObjects()
        try quarantine.publishPacks(in: store.layout)
        try ours.refresh()
        let actions = try nameActions()
        return (try moveReferences(), actions)
    }

    /// Bytes of a small object, from the store or from what waits to come in; `nil` where it was collected.
    private func read(_ digest: Digest) throws -> [UInt8]? {
        let incoming = IncomingObject(digest: digest, size: 0, layout: store.layout)
        guard store.objects.object(digest) == nil else { return try [UInt8](store.objects.read(digest)) }
        return FileManager.default.contents(atPath: incoming.whole.path).map { [UInt8]($0) }
    }

    /// A branch `a` and a branch `a/b` cannot both be.
    private func refuseCollisions() throws {
        let known = Set(try ours.references(startingWith: "refs/heads/") + ours.references(startingWith: "refs/tags/"))
        for (_, reference) in references where !known.contains(reference.name) {
            let below = known.first { $0.hasPrefix(reference.name + "/") }
            let above = known.first { reference.name.hasPrefix($0 + "/") }
            guard let other = below ?? above else { continue }
            throw RemoteError.refused(
                remote: remote.label,
                refusals: [Refusal(subject: reference.name, reason: "there is \(other) here, and git cannot keep both")])
        }
    }

    private func publishObjects() throws {
        for object in try missingObjects() {
            guard object.isWhole else {
                if object.isRequired { throw StoreError.missingObject(object.digest) }
                continue
            }
            try DurableFile.publish(object.whole, as: store.layout.object(object.digest))
        }
        for (digest, id) in inspection.texts where store.objects.object(digest) == nil {
            try store.objects.importText(quarantine.repository.readBlob(id))
        }
    }

    /// Names every new stage commit by its action; the commit that the remote names so comes first.
    private func nameActions() throws -> Int {
        let named = Set(references.compactMap { if case .action = $0.reference { $0.remote.object } else { nil } })
        var created = 0
        for record in inspection.stages.filter({ named.contains($0.commit) }) + inspection.stages {
            let name = StageCommit.reference(for: record.action.key)
            guard try ours.target(of: name) == nil, store.objects.holds(record.artifact) else { continue }
            if try ours.createReference(name, to: record.commit) { created += 1 }
        }
        // A ref that was lost here, of a commit that was not.
        for (reference, remote) in references {
            guard case .action = reference, try ours.target(of: remote.name) == nil else { continue }
            if try ours.createReference(remote.name, to: remote.object) { created += 1 }
        }
        return created
    }

    private func moveReferences() throws -> [ReferenceChange] {
        var changes: [ReferenceChange] = []
        for (reference, remote) in references {
            switch reference {
            case .action: continue
            case .branch(let recipe): changes += try moveBranch(remote, of: recipe)
            case .tag: changes += try moveTag(remote)
            case .runNotes: changes += try moveNotes(remote)
            }
        }
        if let branch = references.first(where: { if case .branch = $0.reference { true } else { false } }) {
            try ours.adoptHead(branch.remote.name)
        }
        return changes
    }

    private func moveBranch(_ remote: RemoteReference, of recipe: String) throws -> [ReferenceChange] {
        let head = try ours.target(of: remote.name)
        guard let head else { return [try move(remote.name, from: nil, to: remote.object, .created)] }
        if try ours.contains(head, remote.object) { return [] }
        if try ours.contains(remote.object, head) { return [try move(remote.name, from: head, to: remote.object, .forwarded)] }
        let merge = try BuildMerge.write(head, remote.object, recipe: recipe, in: ours)
        return [try move(remote.name, from: head, to: merge, .merged)]
    }

    private func moveTag(_ remote: RemoteReference) throws -> [ReferenceChange] {
        let known = try ours.named(by: remote.name)
        guard let known else { return [try move(remote.name, from: nil, to: remote.object, .created)] }
        if known == remote.object { return [] }
        return [
            ReferenceChange(
                name: remote.name, step: .kept, commit: known, reason: "the remote's tag of this name names \(remote.object)")
        ]
    }

    private func moveNotes(_ remote: RemoteReference) throws -> [ReferenceChange] {
        let head = try ours.target(of: remote.name)
        guard let head else { return [try move(remote.name, from: nil, to: remote.object, .created)] }
        if try ours.contains(head, remote.object) { return [] }
        if try ours.contains(remote.object, head) { return [try move(remote.name, from: head, to: remote.object, .forwarded)] }
        return [try move(remote.name, from: head, to: RunNotes.merge(head, remote.object, in: ours), .merged)]
    }

    private func move(_ name: String, from old: CommitID?, to new: CommitID, _ step: ReferenceChange.Step) throws
        -> ReferenceChange
    {
        guard try ours.moveReference(name, from: old, to: new) else {
            throw StoreError.git(operation: "move the ref \(name)", reason: "another program moved it; pull again")
        }
        if name.hasPrefix(BuildCommit.branches) { Adoption.settle(new, in: store.layout) }
        return ReferenceChange(name: name, step: step, commit: new)
    }
}
