import BuildModel
import Store

extension Receiving {
    /// Objects that the checked commits need and the store lacks, each once; what waits in `lfs/incoming` already is among
    /// them.
    func missingObjects() throws -> [IncomingObject] {
        var wanted = checked.pointers
        var required = try requiredObjects()
        for record in try resultsWithoutFiles() {
            for file in record.artifact.files where checked.texts[file.digest] == nil {
                wanted[file.digest] = file.size
                required.insert(file.digest)
            }
        }
        var missing: [IncomingObject] = []
        for (digest, size) in wanted.sorted(by: { $0.key < $1.key }) {
            if let known = store.object(digest) {
                guard known.size != size else { continue }
                throw RemoteError.refused(
                    remote: remote.label,
                    refusals: [
                        Refusal(
                            subject: "the object \(digest.short)",
                            reason: "its pointer says \(size) bytes; it is here and has \(known.size)")
                    ])
            }
            missing.append(store.incomingObject(digest, size: size, isRequired: required.contains(digest)))
        }
        return missing
    }

    /// Objects of the results that the remote names by their actions, and of each branch's newest build.
    private func requiredObjects() throws -> Set<Digest> {
        var newest: Set<CommitID> = []
        for reference in chosen.references {
            guard case .branch = reference.kind, let plan = try checked.plan(of: reference.object) else { continue }
            newest.formUnion((NamedCommit.list(plan["stages"]) + NamedCommit.list(plan["targets"])).map(\.commit))
        }
        let needed = checked.stages.filter {
            chosen.advertisedActions.contains($0.action.key) || newest.contains($0.commit)
        }
        return Set(needed.flatMap { $0.artifact.files.map(\.digest) })
    }

    /// Stage commits that were asked for, are here, and whose objects were lost.
    private func resultsWithoutFiles() throws -> [StageRecord] {
        try chosen.references.compactMap { reference in
            guard case .action(let key) = reference.kind else { return nil }
            return try store.resultWithoutFiles(of: key, reference.object, in: checked.ours)
        }
    }
}
