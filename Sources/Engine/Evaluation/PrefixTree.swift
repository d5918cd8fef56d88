/// The tree of several prompts: those that begin alike share its nodes, one a token. A server that keeps the keys and values of
/// what it has read computes each node once.
package struct PrefixTree: Sendable {
    /// For each prompt the tokens at its beginning that are in the tree before it, but for its last one, which is always
    /// computed. The sum depends on the prompts alone, not on their order.
    package let cachedTokens: [Int]

    /// In sorted order, what a prompt shares with the tree is what it shares with the prompt before it. So no tree is made.
    package init(of prompts: [[Int32]]) {
        let order = prompts.indices.sorted { left, right in
            if prompts[left] == prompts[right] { return left < right }
            return prompts[left].lexicographicallyPrecedes(prompts[right])
        }
        var cached = [Int](repeating: 0, count: prompts.count)
        for (before, place) in zip(order, order.dropFirst()) {
            let shared = zip(prompts[before], prompts[place]).prefix { $0 == $1 }.count
            cached[place] = min(shared, max(prompts[place].count - 1, 0))
        }
        cachedTokens = cached
    }
}
