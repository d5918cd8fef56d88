import Engine

/// Functions by the words of their names: `open_door`, `openWindow` and `door_lock` share words with `open_door`.
struct SimilarFunctions {
    private let pool: [String]
    private let seed: Int
    /// Indices into the pool.
    private let functions: [String: [Int]]

    /// - Parameter pool: names, sorted.
    init(pool: [String], seed: Int) {
        self.pool = pool
        self.seed = seed
        var functions: [String: [Int]] = [:]
        for (index, name) in pool.enumerated() {
            for word in Set(SearchTerms.terms(of: name)) { functions[word, default: []].append(index) }
        }
        self.functions = functions
    }

    /// Functions of the pool other than those called, each once; fewer where the pool has no more.
    ///
    /// - Parameters:
    ///   - share: of the functions, those that share a word with one that is called; rounded up as often as the fraction says.
    ///   - fewest: at least so many of them.
    ///   - stream: names the draw; equal streams draw the same.
    func drawn(_ count: Int, for called: Set<String>, share: Double, atLeast fewest: Int, stream: String) -> [String] {
        let wanted = Int(share * Double(count) + StableHash.unit("similar", seed, stream))
        var taken = called
        let words = Set(called.flatMap(SearchTerms.terms)).sorted()
        let alike = draw(
            min(count, max(fewest, wanted)), of: words.flatMap { functions[$0] ?? [] }, &taken, stream: "similar/\(stream)")
        return alike + draw(count - alike.count, of: Array(pool.indices), &taken, stream: "others/\(stream)")
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
