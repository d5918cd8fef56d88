import Engine
import Kinds
import Words

/// What all rows say together, before they are divided. Rows themselves are not kept.
struct SplitSurvey {
    private let limit: [String: Int]
    private let weights: [String: Double]
    private let seed: Int
    /// Functions that some row calls.
    private(set) var called: Set<String> = []
    private(set) var functions = ListedFunctions()
    /// The names of the sets that rows fall into.
    private(set) var sets: Set<String> = []
    /// The queries of the training set.
    private var learned: Set<Fingerprint> = []
    /// The training rows that are not mixed in.
    private var own = 0
    /// The rows of sets with a limit.
    private var ranked: [String: [RankedRow]] = [:]
    /// Those that may be mixed into training, by the set that they were read under.
    private var mixed: [String: [RankedRow]] = [:]

    init(_ split: DataSplit) { (limit, weights, seed) = (split.limit, split.weights ?? [:], split.seed) }

    var hasTrainingRows: Bool { !learned.isEmpty }

    mutating func take(_ row: Row, set: String) {
        for answer in row.answers where !called.contains(answer.name) { called.insert(answer.name) }
        functions.take(row, isApart: row.isApart || row.set == RowSet.ood.rawValue)
        if !sets.contains(set) { sets.insert(set) }
        let query = Fingerprint(row.asked.joined(separator: "\u{0}").utf8)
        if set == RowSets.training, let source = row.set, weights[source] != nil {
            mixed[source, default: []].append(
                RankedRow(rank: StableHash.unit("weight", seed, row.id), id: row.id, query: query))
            return
        }
        if set == RowSets.training {
            learned.insert(query)
            own += 1
        }
        if limit[set] != nil {
            ranked[set, default: []].append(
                RankedRow(rank: StableHash.unit("limit", seed, row.id), id: row.id, query: query))
        }
    }

    /// What is mixed into training.
    var mixture: Mixture {
        Mixture(
            weights: weights, rows: mixed.mapValues(\.count), own: limit[RowSets.training].map { min($0, own) } ?? own)
    }

    /// Which rows their sets keep.
    consuming func kept() -> KeptRows {
        var kept: [String: Set<String>] = [:]
        var learned = learned
        for part in mixture.parts {
            let taken = (mixed[part.set] ?? []).sorted { ($0.rank, $0.id) < ($1.rank, $1.id) }.prefix(part.taken)
            kept[part.set] = Set(taken.map(\.id))
            learned.formUnion(taken.map(\.query))
        }
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
    /// Of sets that have more rows than their limit, and of those whose rows are mixed into training.
    fileprivate let ids: [String: Set<String>]

    func has(_ row: Row, in set: String) -> Bool {
        if set == RowSets.training, let source = row.set, let mixed = ids[source], source != set {
            return mixed.contains(row.id)
        }
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
