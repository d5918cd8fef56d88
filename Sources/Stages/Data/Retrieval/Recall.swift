import CanonicalJSON
import Engine

/// The number of rows whose wanted functions are all among the first k retrieved ones.
struct Recall {
    /// 1, 2, 3, 5, 8, 10, 15, 20, 30, 50, 80, … up to `last`, and `last`; besides those that are asked for.
    let places: [Int]
    private var found: [Int]
    private var rows = 0
    private var withoutCall = 0

    init(upTo last: Int, and asked: [Int] = []) {
        let steps = [1, 2, 3, 5, 8, 10, 15, 20, 30, 50, 80, 100, 150, 200, 300, 500, 800]
        places = Set(steps.filter { $0 < last } + [last] + asked).sorted()
        found = places.map { _ in 0 }
    }

    /// - Parameter ranked: names, the nearest first. A row without a call is counted apart.
    mutating func add(_ row: Row, ranked: [String]) {
        let wanted = Set(row.answers.map(\.name))
        if wanted.isEmpty {
            withoutCall += 1
            return
        }
        rows += 1
        let ranks = wanted.map { ranked.firstIndex(of: $0) ?? Int.max }
        for (index, place) in places.enumerated() where (ranks.max() ?? 0) < place { found[index] += 1 }
    }

    /// Shares between 0 and 1 by k; `null` where no row has a call.
    var json: JSON {
        let shares = zip(places, found).map { place, found in
            (String(place), rows == 0 ? JSON.null : .number(Double(found) / Double(rows)))
        }
        return [
            "rows": .count(rows), "rows_without_call": .count(withoutCall),
            "recall": .object(Dictionary(uniqueKeysWithValues: shares)),
        ]
    }
}
