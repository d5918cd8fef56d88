import CanonicalJSON
import Store

/// How many stages a build adds to the one before it, takes away and changes: read off the two plans alone.
struct BuildChanges {
    var added = 0
    var removed = 0
    var changed = 0

    init(from old: StoredBuild, to new: StoredBuild) {
        let before = Dictionary(old.stages.map { ($0.name, $0.commit) }, uniquingKeysWith: { $1 })
        let after = Dictionary(new.stages.map { ($0.name, $0.commit) }, uniquingKeysWith: { $1 })
        added = after.keys.count { before[$0] == nil }
        removed = before.keys.count { after[$0] == nil }
        changed = after.count { name, commit in before[name].map { $0 != commit } ?? false }
    }

    var json: JSON {
        ["added": .integer(Int64(added)), "removed": .integer(Int64(removed)), "changed": .integer(Int64(changed))]
    }

    var text: String {
        let parts = [(added, "added"), (removed, "removed"), (changed, "changed")].filter { $0.0 > 0 }
        return parts.isEmpty
            ? "no stage changed" : "stages: " + parts.map { "\($0.0) \($0.1)" }.joined(separator: ", ")
    }
}
