import Engine
import Kinds
import Words

/// The strata of a split: rows that call the same functions, or have the same label. Rows themselves are not kept.
///
/// Rows of one text, and the turns of a conversation, count once, in the stratum of the first of them.
struct SplitStrata {
    private struct Member {
        var row: Fingerprint
        var hash: Double
        /// Among the members of all strata.
        var place: Int
    }

    private let task: TaskKind
    private let seed: Int
    private var strata: [String: [Member]] = [:]
    private var seen: Set<Fingerprint> = []

    init(_ split: DataSplit, of task: TaskKind) { (seed, self.task) = (split.seed, task) }

    mutating func take(_ row: Row) {
        let member = Member(row: row.identityInSplit, hash: row.hashInSplit(seed: seed), place: seen.count)
        guard seen.insert(member.row).inserted else { return }
        strata[stratum(of: row), default: []].append(member)
    }

    private func stratum(of row: Row) -> String {
        switch task {
        case .calls: row.answers.map(\.name).sorted().joined(separator: "\u{0}")
        case .classify: row.reply ?? ""
        case .rank: row.ranked?.isRelevant == true ? "yes" : "no"
        case .extract, .text, .choice: ""
        }
    }

    /// Where each row stands in its stratum, from 0 to 1: of n rows, in the order of their hashes, the i-th at (i + ½)/n.
    consuming func positions() -> [Fingerprint: Double] {
        var positions: [Fingerprint: Double] = [:]
        for members in strata.values {
            let sorted = members.sorted { ($0.hash, $0.place) < ($1.hash, $1.place) }
            for (place, member) in sorted.enumerated() {
                positions[member.row] = (Double(place) + 0.5) / Double(sorted.count)
            }
        }
        return positions
    }
}

extension Row {
    /// What rows have in common that belong to one set: their text, or their conversation.
    private var textInSplit: String { record ?? query }

    var identityInSplit: Fingerprint { Fingerprint(textInSplit.utf8) }

    func hashInSplit(seed: Int) -> Double { StableHash.unit("split", seed, textInSplit) }
}
