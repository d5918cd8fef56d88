import BuildModel
import CanonicalJSON
import Foundation
import Store

/// An artifact in the store as a person names it: a stage or a target of a recipe's last build, or a commit.
struct StoredTarget {
    var name: String
    var record: StageRecord

    /// Resolves `student.kd`, `RECIPE:student.kd`, a target's name, or a commit id of at least seven digits.
    init(_ reference: String, in store: Store) throws {
        let matches = try Self.matches(for: reference, in: store)
        if let first = matches.first {
            guard Set(matches.map(\.commit)).count == 1 else {
                throw CommandFailure.badInput(
                    "'\(reference)' is ambiguous: " + matches.map { "\($0.recipe):\($0.name)" }.joined(separator: ", "))
            }
            guard let record = try store.stageCommit(first.commit) else {
                throw CommandFailure.badInput("the commit \(first.commit) of '\(reference)' is not in this store", hint: "fsck")
            }
            name = "\(first.recipe):\(first.name)"
            self.record = record
        } else if reference.count >= 7, reference.allSatisfy(\.isHexDigit), let record = try store.stageCommit(reference) {
            name = String(record.commit.hex.prefix(12))
            self.record = record
        } else {
            throw CommandFailure.badInput(
                "no recipe's last build has a stage or target '\(reference)', and no commit starts with it")
        }
    }

    private static func matches(
        for reference: String, in store: Store
    ) throws -> [(recipe: String, name: String, commit: String)] {
        let parts = reference.split(separator: ":", maxSplits: 1).map(String.init)
        let wanted = parts.last ?? reference
        var matches: [(recipe: String, name: String, commit: String)] = []
        for recipe in try store.recipes() where parts.count == 1 || parts[0] == recipe {
            if let target = try store.builds(of: recipe).first?.targets.first(where: { $0.name == wanted }) {
                matches.append((recipe, wanted, target.commit.hex))
                continue
            }
            let stage = try store.lastPlan(of: recipe)?["stages"]?.array?.first { $0["name"]?.string == wanted }
            if let commit = stage?["commit"]?.string { matches.append((recipe, wanted, commit)) }
        }
        return matches
    }
}
