import BuildModel
import CLibgit2
import CanonicalJSON

extension GitRepository {
    /// Whether a ref to this object claims to belong to a lineage: it names a stage commit or a build, itself or as a tag.
    ///
    /// What claims so is checked, and refused where it is wrong. Anything else is someone else's: a README, a project's code.
    package func claimsToBeLineage(_ id: CommitID, limits: ReceivingLimits) -> Bool {
        guard let oid = Self.id(id.hex), exists(oid) else { return true }
        guard let found = try? commit(under: oid), let commit = try? commit(CommitID(hex: Self.hex(found))),
            let entries = try? entries(of: commit.tree)
        else { return false }
        let names = Set(entries.map { FileName($0.name) })
        if names.contains("action.json"), names.contains("artifact") { return true }
        guard let plan = entries.first(where: { FileName($0.name) == "plan.json" }), let header = try? header(of: plan.id),
            header.type == GIT_OBJECT_BLOB
        else { return false }
        // What is too long to be looked at is checked, and refused.
        guard header.size <= limits.planBytes, let bytes = try? readBlob(plan.id) else { return true }
        return (try? JSON(parsing: bytes)).map { $0["stages"]?.array != nil } ?? names.contains("targets")
    }
}
