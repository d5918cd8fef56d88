import Store

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

extension Receiving {
    /// Moves everything that came into the lineage. All required objects must have come.
    ///
    /// - Returns: what became of branches, tags and notes, and how many actions are new.
    func accept() throws -> (moves: [ReferenceChange], actions: Int) {
        let missing = try missingObjects()
        return try RemoteError.refusing(remote.label) {
            let origin = Arrival(from: remote.label)
            return try store.admit(
                checked, from: quarantine, origin: origin, references: chosen.references, objects: missing
            ) { admission in
                let changes = try chosen.references.compactMap { try take($0, into: admission) }
                if let branch = chosen.references.first(where: { if case .branch = $0.kind { true } else { false } }) {
                    try admission.repository.adoptHead(branch.name)
                }
                return changes
            }
        }
    }

    /// Moves one ref to where the remote has it, or to a merge with what is here; `nil` where nothing is to be done.
    private func take(_ reference: SharedReference, into admission: Admission) throws -> ReferenceChange? {
        if case .action = reference.kind { return nil }
        let ours = admission.repository
        let head = try ours.named(by: reference.name)
        func move(to commit: CommitID, _ step: ReferenceChange.Step) throws -> ReferenceChange {
            try admission.move(reference.name, from: head, to: commit)
            return ReferenceChange(name: reference.name, step: step, commit: commit)
        }
        guard let head else { return try move(to: reference.object, .created) }
        if head == reference.object { return nil }
        if case .tag = reference.kind {
            return ReferenceChange(
                name: reference.name, step: .kept, commit: head,
                reason: "the remote's tag of this name names \(reference.object)")
        }
        if try ours.contains(head, reference.object) { return nil }
        // Another process may have built since this was asked first.
        if let refusal = try trust.refusal(moving: reference, from: head, in: ours) { throw refusal }
        if try ours.contains(reference.object, head) { return try move(to: reference.object, .forwarded) }
        if case .branch(let recipe) = reference.kind {
            return try move(
                to: BuildCommit.merge(
                    head, reference.object, recipe: recipe, in: ours, signer: trust.signer), .merged)
        }
        return try move(to: RunNotes.merge(head, reference.object, in: ours), .merged)
    }
}
