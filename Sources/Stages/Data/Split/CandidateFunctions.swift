import Engine
import Kinds

/// Chooses which functions a row's prompt lists.
struct CandidateFunctions {
    let split: DataSplit
    /// Names that any row may list, sorted: none is out of domain.
    let pool: [String]
    private let domain: Set<String>
    /// `nil` where words do not matter.
    private let similar: SimilarFunctions?

    init(_ split: DataSplit, pool: [String]) {
        (self.split, self.pool) = (split, pool)
        domain = Set(pool)
        similar = split.similar == 0 && split.missing == 0 ? nil : SimilarFunctions(pool: pool, seed: split.seed)
    }

    /// The row with its own functions among others, in an order that tells nothing. Only an out-of-domain row lists an
    /// out-of-domain function, its own. A row that misses its functions lists others only and wants no call. A passage lists
    /// none.
    func chosen(for row: Row) -> Row {
        if row.isPassage { return row }
        let own = Set(row.answers.map(\.name))
        var row = row
        if misses(row) {
            let others = listedWithoutOwn(by: row, calling: own)
            if !others.isEmpty {
                row.answers = []
                row.possible = nil
                row.functions = placed(others, in: row)
                return row
            }
        }
        row.functions = placed(listed(by: row, calling: own), in: row)
        return row
    }

    /// The row with the functions that it came with, in an order that tells nothing.
    func kept(by row: Row) -> Row {
        guard !row.functions.isEmpty || row.definitions != nil else { return chosen(for: row) }
        var row = row
        row.functions = placed(row.functions, in: row)
        return row
    }

    func misses(_ row: Row) -> Bool {
        split.missing > 0 && !row.answers.isEmpty && StableHash.unit("missing", split.seed, row.id) < split.missing
    }

    /// Nobody knows which functions an unlabelled row needs, so that it lists all that it may.
    private func listed(by row: Row, calling own: Set<String>) -> [String] {
        if split.candidates == 0 || row.isUnlabelled { return known(to: row, calling: own) }
        return own.sorted() + others(split.candidates - own.count, than: own, for: row, alike: 0)
    }

    /// At least one of the others is similar to a missing function, if there is one.
    private func listedWithoutOwn(by row: Row, calling own: Set<String>) -> [String] {
        if split.candidates == 0 { return known(to: row, calling: own).filter { !own.contains($0) } }
        return others(split.candidates, than: own, for: row, alike: 1)
    }

    /// The functions that a row came with, or the whole pool.
    private func known(to row: Row, calling own: Set<String>) -> [String] {
        if row.functions.isEmpty, row.definitions == nil { return own.union(pool).sorted() }
        return row.functions.filter { domain.contains($0) || own.contains($0) }
    }

    func others(_ count: Int, than own: Set<String>, for row: Row, alike fewest: Int) -> [String] {
        let count = max(0, count)
        if let similar {
            return similar.drawn(count, for: own, share: split.similar, atLeast: fewest, stream: row.id)
        }
        let ranked = pool.filter { !own.contains($0) }.map { (order($0, row), $0) }.sorted { $0 < $1 }
        return ranked.prefix(count).map(\.1)
    }

    /// Functions that are listed because they are similar to those that a row calls.
    func alike(to own: Set<String>, for row: Row) -> [String] {
        similar?.alike(to: own, in: max(0, split.candidates - own.count), share: split.similar, stream: row.id) ?? []
    }

    func placed(_ names: [String], in row: Row) -> [String] {
        names.map { (order($0 + "/place", row), $0) }.sorted { $0 < $1 }.map(\.1)
    }

    private func order(_ name: String, _ row: Row) -> Double {
        StableHash.unit("candidates", split.seed, row.id + "/" + name)
    }
}

/// Functions by the words of their names: `open_door`, `openWindow` and `door_lock` share words with `open_door`.
struct SimilarFunctions {
    private let pool: [String]
    private let seed: Int
    /// Indices into the pool.
    private let functions: [String: [Int]]

    /// - Parameter pool: names, sorted.
    init(pool: [String], seed: Int) {
        (self.pool, self.seed) = (pool, seed)
        var functions: [String: [Int]] = [:]
        for (index, name) in pool.enumerated() {
            for word in Set(SearchTerms.terms(of: name)) { functions[word, default: []].append(index) }
        }
        self.functions = functions
    }

    /// Functions of the pool that are not called, each once; fewer than `count` if the pool is too small.
    ///
    /// - Parameters:
    ///   - share: of the functions, those that share a word with one that is called; rounded up as often as the fraction says.
    ///   - fewest: at least so many of them.
    ///   - stream: names the draw; equal streams draw the same.
    func drawn(_ count: Int, for called: Set<String>, share: Double, atLeast fewest: Int, stream: String) -> [String] {
        let alike = alike(to: called, in: count, share: share, atLeast: fewest, stream: stream)
        var taken = called.union(alike)
        return alike + draw(count - alike.count, of: Array(pool.indices), &taken, stream: "others/\(stream)")
    }

    /// Those alone that share a word with one that is called, of `count` functions that are drawn.
    func alike(
        to called: Set<String>, in count: Int, share: Double, atLeast fewest: Int = 0, stream: String
    ) -> [String] {
        let wanted = Int(share * Double(count) + StableHash.unit("similar", seed, stream))
        var taken = called
        let words = Set(called.flatMap(SearchTerms.terms)).sorted()
        return draw(
            min(count, max(fewest, wanted)), of: words.flatMap { functions[$0] ?? [] }, &taken, stream: "similar/\(stream)")
    }

    private func draw(_ count: Int, of indices: [Int], _ taken: inout Set<String>, stream: String) -> [String] {
        var names: [String] = []
        for place in RandomOrder(count: indices.count, seed: seed, stream: stream) {
            if names.count == count { break }
            let name = pool[indices[place]]
            if taken.insert(name).inserted { names.append(name) }
        }
        return names
    }
}
