import BuildModel
import CLibgit2
import Foundation

/// The one way for commits of others into the lineage.
extension Store {
    /// A place for what comes, which sees the lineage.
    ///
    /// - Parameter ours: a handle on the lineage.
    package func quarantine(for ours: GitRepository) throws(StoreError) -> Quarantine {
        try requireWritable()
        return try Quarantine(for: layout, ours: ours)
    }

    /// Moves checked commits and their files into the lineage, while no other process moves refs. The order keeps the store
    /// whole whenever the process ends: objects, git's packs, the refs of actions, all other refs.
    ///
    /// - Parameters:
    ///   - origin: where it came from; every new commit is marked so.
    ///   - references: what was checked, as the other side has it.
    ///   - objects: what the store lacked of the objects that the commits need.
    ///   - moveReferences: moves branches, tags and notes.
    /// - Returns: what moving the refs gave, and how many actions are new.
    /// - Throws: `Refusals` where something breaks a rule, then nothing has moved; `StoreError`.
    package func admit<Moves>(
        _ checked: CommitCheck, from quarantine: Quarantine, origin: Arrival, references: [SharedReference],
        objects: [IncomingObject],
        moveReferences: (Admission) throws -> Moves
    ) throws -> (moves: Moves, actions: Int) {
        do {
            try SmallObjects.check(checked.stages, texts: Set(checked.texts.keys), read: readIncoming)
        } catch let refusal as Refusal {
            throw Refusals(all: [refusal])
        }
        let lock = try WriteLock(layout.writeLock, repository: layout.repository)
        defer { withExtendedLifetime(lock) {} }
        // Another process may have built since the commits were checked.
        try checked.refuseConflicts()
        try refuseCollisions(of: references, in: checked.ours)
        for object in objects where self.objects.object(object.digest)?.size != object.size {
            if object.isWhole {
                try DurableFile.publish(object.whole, as: layout.object(object.digest), below: layout.root)
            } else if object.isRequired {
                throw StoreError.missingObject(object.digest)
            }
        }
        for (digest, id) in checked.texts where self.objects.object(digest) == nil {
            try self.objects.importText(quarantine.repository.readBlob(id))
        }
        try quarantine.publishPacks(in: layout)
        try checked.ours.refresh()
        try Arrivals.mark(checked.stages.map(\.commit) + checked.builds, origin, in: checked.ours)
        let actions = try nameActions(checked, references)
        return (try moveReferences(Admission(layout: layout, repository: checked.ours)), actions)
    }

    /// Bytes of a small object, from the store or from what waits to come in; `nil` where it was collected.
    private func readIncoming(_ digest: Digest) throws -> [UInt8]? {
        guard objects.object(digest) == nil else { return try [UInt8](objects.read(digest)) }
        let incoming = IncomingObject(digest: digest, size: 0, layout: layout)
        return FileManager.default.contents(atPath: incoming.whole.path).map { [UInt8]($0) }
    }

    /// A branch `a` and a branch `a/b` cannot both be.
    private func refuseCollisions(of references: [SharedReference], in ours: GitRepository) throws {
        let known = Set(try ours.references(startingWith: "refs/heads/") + ours.references(startingWith: "refs/tags/"))
        for name in references.map(\.name) where !known.contains(name) {
            guard let other = known.first(where: { $0.hasPrefix(name + "/") || name.hasPrefix($0 + "/") }) else { continue }
            throw Refusals(all: [Refusal(subject: name, reason: "there is \(other) here, and git cannot keep both")])
        }
    }

    /// Names every new stage commit by its action; the commit that the other side names so comes first.
    private func nameActions(_ checked: CommitCheck, _ references: [SharedReference]) throws -> Int {
        let ours = checked.ours
        let actions = references.filter { if case .action = $0.kind { true } else { false } }
        let named = Set(actions.map(\.object))
        var created = 0
        func name(_ key: Digest, _ commit: CommitID) throws {
            let old = try ours.target(of: StageCommit.reference(for: key))
            if try ours.nameAction(key, commit), old != commit { created += 1 }
        }
        for record in checked.stages.filter({ named.contains($0.commit) }) + checked.stages where objects.holds(record.artifact)
        {
            try name(record.action.key, record.commit)
        }
        // A ref that was lost here, of a commit that was not.
        for action in actions { if case .action(let key) = action.kind { try name(key, action.object) } }
        return created
    }

    /// Restores what git holds of a stage commit whose files were lost.
    ///
    /// - Returns: the commit, if files may still be missing; `nil` if none are, or if the commit is not here.
    package func resultWithoutFiles(
        of key: Digest, _ commit: CommitID, in ours: GitRepository
    ) throws(StoreError) -> StageRecord? {
        guard let id = GitRepository.id(commit.hex), ours.exists(id) else { return nil }
        if let artifact = try index.result(of: key), objects.holds(artifact) { return nil }
        guard let record = try StageCommit.read(commit, from: ours), !objects.holds(record.artifact) else { return nil }
        try ours.restoreTexts(of: record, to: objects)
        return record
    }
}

/// The lineage while it accepts commits: no other process moves its refs.
package struct Admission {
    fileprivate let layout: StoreLayout
    package let repository: GitRepository

    /// Moves a branch or the notes to a new commit, or makes the ref.
    package func move(_ name: String, from old: CommitID?, to new: CommitID) throws(StoreError) {
        guard try repository.moveReference(name, from: old, to: new) else {
            throw .git(operation: "move the ref \(name)", reason: "another program moved it; pull again")
        }
        if name.hasPrefix(BuildCommit.branches) { GitArrivals.settle(new, in: layout) }
    }
}

/// A ref that lineages share.
package struct SharedReference: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        case branch(recipe: String)
        case tag
        case action(key: Digest)
        case runNotes
    }

    package let name: String
    package let kind: Kind
    /// What it names on the other side: a commit, or a tag object.
    package let object: CommitID

    /// What a full exchange asks for, besides witnesses, which come one by one.
    package static let resultPatterns = ["refs/heads/*", "refs/tags/*", "refs/decant/actions/*", RunNotes.reference]
    /// All that stores exchange.
    package static let patterns = resultPatterns + [WitnessCommit.references + "*"]

    /// - Throws: why a lineage cannot share a ref of this name.
    package init(_ name: String, naming object: CommitID) throws(Refusal) {
        func refusal(_ reason: String) -> Refusal { Refusal(subject: name, reason: reason) }
        guard GitRepository.isValid(reference: name), name.utf8.count <= 1024,
            Artifact.components(of: name).allSatisfy({ $0.utf8.count <= 200 })
        else { throw refusal("the name cannot be a ref's, or is too long") }
        (self.name, self.object) = (name, object)
        if name == RunNotes.reference {
            kind = .runNotes
        } else if name.hasPrefix(BuildCommit.branches) {
            kind = .branch(recipe: String(name.dropFirst(BuildCommit.branches.count)))
        } else if name.hasPrefix(GitRepository.tags) {
            kind = .tag
        } else if name.hasPrefix(StageCommit.references) {
            guard let key = StageCommit.key(ofReference: name) else {
                throw refusal("an action's ref is named refs/decant/actions/, two digits, and the key of 64 digits")
            }
            kind = .action(key: key)
        } else {
            throw refusal("a lineage shares branches, tags, actions and notes on runs, not this")
        }
    }
}
