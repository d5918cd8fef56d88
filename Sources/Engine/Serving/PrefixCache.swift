/// Blocks of what was read before, for prompts that begin alike: a tree whose nodes are whole blocks, found by their tokens.
///
/// Keys and values depend on the tokens up to their place alone, bit for bit, and tokens are compared, not hashes of them. So what
/// is found is what would be computed. Blocks that no sequence holds are dropped when room is needed, the least recently used first.
struct PrefixCache {
    private struct Node {
        var tokens: [Int32]
        var block: Int
        var parent: Int
        /// In the order of their tokens.
        var children: [Int] = []
        /// Neighbours in the order of use. The root stands between the newest and the oldest.
        var older = 0
        var newer = 0
    }

    private static let root = 0

    private var nodes = [Node(tokens: [], block: 0, parent: 0)]
    private var unused: [Int] = []

    /// Number of blocks.
    var count: Int { nodes.count - 1 - unused.count }

    /// What the tree holds of a sequence.
    struct Match {
        var blocks: [Int] = []
        /// A block whose first tokens go on with it.
        var border: Int?
        /// Number of tokens.
        var held = 0
    }

    /// The longest beginning of a sequence in the tree, but for its last token, which is always read.
    mutating func match(_ tokens: [Int32]) -> Match {
        var match = Match()
        let limit = tokens.count - 1
        var path: [Int] = []
        var node = Self.root
        while match.held + CacheBlocks.tokens <= limit,
            let child = child(of: node, tokens[match.held..<match.held + CacheBlocks.tokens])
        {
            match.blocks.append(nodes[child].block)
            match.held += CacheBlocks.tokens
            path.append(child)
            node = child
        }
        if match.held < limit, let border = closestChild(of: node, to: tokens[match.held..<limit]) {
            match.border = nodes[border.child].block
            match.held += border.common
            path.append(border.child)
        }
        use(path)
        return match
    }

    /// Adds the whole blocks of what was read of a sequence. Where the tree has a block with the same tokens, the sequence takes
    /// that one in place of its own, so that a block in use has no idle one before it.
    mutating func insert(_ tokens: ArraySlice<Int32>, blocks: inout [Int], in cache: CacheBlocks) {
        var path: [Int] = []
        var node = Self.root
        var rest = tokens
        for place in 0..<min(rest.count / CacheBlocks.tokens, blocks.count) {
            let own = rest.prefix(CacheBlocks.tokens)
            if let child = child(of: node, own) {
                node = child
                let shared = nodes[child].block
                if shared != blocks[place] {
                    cache.hold(CollectionOfOne(shared))
                    cache.release(CollectionOfOne(blocks[place]))
                    blocks[place] = shared
                }
            } else {
                node = add(Node(tokens: Array(own), block: blocks[place], parent: node))
                cache.keep(blocks[place])
            }
            path.append(node)
            rest = rest.dropFirst(CacheBlocks.tokens)
        }
        use(path)
    }

    /// Drops blocks that no sequence holds until `count` more fit into `limit`, or none is left.
    mutating func makeRoom(for count: Int, limit: Int, in cache: CacheBlocks) {
        var node = nodes[Self.root].newer
        while cache.heldCount + count > limit, node != Self.root {
            let next = nodes[node].newer
            if nodes[node].children.isEmpty, cache.isIdle(nodes[node].block) { remove(node, in: cache) }
            node = next
        }
    }

    // MARK: The tree

    /// The place among a node's children of the first one that is not before these tokens.
    private func place(of tokens: ArraySlice<Int32>, below node: Int) -> Int {
        let children = nodes[node].children
        var (low, high) = (0, children.count)
        while low < high {
            let middle = (low + high) / 2
            if nodes[children[middle]].tokens.lexicographicallyPrecedes(tokens) { low = middle + 1 } else { high = middle }
        }
        return low
    }

    private func child(of node: Int, _ tokens: ArraySlice<Int32>) -> Int? {
        let place = place(of: tokens, below: node)
        guard place < nodes[node].children.count else { return nil }
        let child = nodes[node].children[place]
        return nodes[child].tokens.elementsEqual(tokens) ? child : nil
    }

    /// The child that begins with the most of these tokens: in sorted order, one of the two beside their place.
    private func closestChild(of node: Int, to tokens: ArraySlice<Int32>) -> (child: Int, common: Int)? {
        let place = place(of: tokens, below: node)
        var best: (child: Int, common: Int)?
        for neighbour in [place - 1, place] where nodes[node].children.indices.contains(neighbour) {
            let child = nodes[node].children[neighbour]
            let common = zip(nodes[child].tokens, tokens).prefix { $0 == $1 }.count
            if common > best?.common ?? 0 { best = (child, common) }
        }
        return best
    }

    private mutating func add(_ node: Node) -> Int {
        let number = unused.popLast() ?? nodes.count
        if number == nodes.count { nodes.append(node) } else { nodes[number] = node }
        let place = place(of: node.tokens[...], below: node.parent)
        nodes[node.parent].children.insert(number, at: place)
        link(number)
        return number
    }

    private mutating func remove(_ number: Int, in cache: CacheBlocks) {
        let node = nodes[number]
        let place = place(of: node.tokens[...], below: node.parent)
        nodes[node.parent].children.remove(at: place)
        unlink(number)
        cache.drop(node.block)
        nodes[number].tokens = []
        unused.append(number)
    }

    // MARK: The order of use

    /// Makes the nodes of a path the newest. A node is then newer than those below it, which go before it.
    private mutating func use(_ path: [Int]) {
        for node in path.reversed() {
            unlink(node)
            link(node)
        }
    }

    private mutating func link(_ node: Int) {
        let newest = nodes[Self.root].older
        (nodes[node].older, nodes[node].newer) = (newest, Self.root)
        nodes[newest].newer = node
        nodes[Self.root].older = node
    }

    private mutating func unlink(_ node: Int) {
        let (older, newer) = (nodes[node].older, nodes[node].newer)
        nodes[older].newer = newer
        nodes[newer].older = older
    }
}
