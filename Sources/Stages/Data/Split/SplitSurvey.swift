import Engine
import Kinds

/// What all rows say together, before they are divided. Rows themselves are not kept.
struct SplitSurvey {
    private let limit: [String: Int]
    private let seed: Int
    /// Functions that some row calls.
    private(set) var called: Set<String> = []
    private(set) var functions = ListedFunctions()
    /// The names of the sets that rows fall into.
    private(set) var sets: Set<String> = []
    /// The queries of the training set.
    private var learned: Set<Fingerprint> = []
    /// The rows of sets with a limit.
    private var ranked: [String: [RankedRow]] = [:]

    init(_ split: DataSplit) { (limit, seed) = (split.limit, split.seed) }

    var hasTrainingRows: Bool { !learned.isEmpty }

    mutating func take(_ row: Row, set: String) {
        for answer in row.answers where !called.contains(answer.name) { called.insert(answer.name) }
        functions.take(row, set: row.set ?? RowSets.training)
        if !sets.contains(set) { sets.insert(set) }
        let query = Fingerprint(row.asked.joined(separator: "\u{0}").utf8)
        if set == RowSets.training { learned.insert(query) }
        if limit[set] != nil {
            ranked[set, default: []].append(
                RankedRow(rank: StableHash.unit("limit", seed, row.id), id: row.id, query: query))
        }
    }

    /// Which rows their sets keep.
    consuming func kept() -> KeptRows {
        var kept: [String: Set<String>] = [:]
        for (set, rows) in ranked {
            guard let most = limit[set] else { continue }
            let unseen = set == RowSets.training ? rows : rows.filter { !learned.contains($0.query) }
            guard unseen.count > most else { continue }
            kept[set] = Set(unseen.sorted { ($0.rank, $0.id) < ($1.rank, $1.id) }.prefix(most).map(\.id))
        }
        return KeptRows(learned: learned, ids: kept)
    }

    private struct RankedRow {
        var rank: Double
        var id: String
        var query: Fingerprint
    }
}

/// Which rows a set keeps: not more than its limit, those with the smallest hashes; and outside the training set none whose query
/// is learned, because it would test nothing.
struct KeptRows {
    fileprivate let learned: Set<Fingerprint>
    /// Of sets that have more rows than their limit.
    fileprivate let ids: [String: Set<String>]

    func has(_ row: Row, in set: String) -> Bool {
        if let ids = ids[set] { return ids.contains(row.id) }
        return set == RowSets.training || !learned.contains(Fingerprint(row.asked.joined(separator: "\u{0}").utf8))
    }
}

extension Row {
    /// What an answer depends on: the query, and for a turn of a conversation what was said around it.
    fileprivate var asked: [String] {
        record == nil ? [query] : background.context.map(\.text) + [query] + background.steps.map(\.text)
    }
}
