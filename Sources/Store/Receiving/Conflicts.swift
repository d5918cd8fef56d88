import BuildModel
import CLibgit2

extension Inspection {
    /// An action has one result. Where two are known, one of two builds was not reproducible, and a person must see which.
    func refuseConflicts(from remote: RemoteRepository) throws {
        var refusals: [Refusal] = []
        var results: [Digest: StageRecord] = [:]
        for record in stages {
            let key = record.action.key
            if let other = results[key], other.artifact.digest != record.artifact.digest {
                refusals.append(Self.conflict(record, with: other.artifact, place: "there as well"))
            }
            results[key] = record
            guard let known = try ours.target(of: StageCommit.reference(for: key)),
                let own = try StageCommit.read(known, from: ours), own.artifact.digest != record.artifact.digest
            else { continue }
            refusals.append(Self.conflict(record, with: own.artifact, place: "here, which stays"))
        }
        guard refusals.isEmpty else { throw RemoteError.refused(remote: remote.label, refusals: refusals) }
    }

    private static func conflict(_ record: StageRecord, with other: Artifact, place: String) -> Refusal {
        Refusal(
            subject: "\(record.action.kind) (action \(record.action.key.short))",
            reason:
                "the same action gave the artifact \(record.artifact.digest.short) there and \(other.digest.short) \(place): "
                + "one of the two is not reproducible; `verify` runs it again")
    }
}

/// The one rule of stage commits that needs the bytes of objects: a small text stands in git as itself.
enum SmallObjects {
    static func check(_ records: [StageRecord], texts: Set<Digest>, read: (Digest) throws -> [UInt8]?) throws {
        var seen: Set<Digest> = []
        for record in records {
            for file in record.artifact.files where file.size <= ArtifactTree.inlineLimit && !texts.contains(file.digest) {
                guard seen.insert(file.digest).inserted, let content = try read(file.digest),
                    ArtifactTree.standsAsItself(content)
                else { continue }
                throw Refusal(
                    subject: "the stage commit \(record.commit)",
                    reason:
                        "'\(TreeRules.shown(file.path))' is a small text, which stands in git as itself; here it is a pointer"
                )
            }
        }
    }
}
