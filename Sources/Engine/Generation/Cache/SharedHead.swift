/// The prompt that was read last, kept so that the next one begins where it departs from it.
///
/// Prompts wait in the order of their tokens, in which no earlier prompt has a longer head in common with the next one than
/// the last one has. So this one is all that needs keeping.
struct SharedHead {
    private var prompt: [Int32] = []
    private var blocks: [Int] = []

    /// The blocks for a prompt, and how many of its tokens they hold already; at least the last token is left to be read.
    ///
    /// Whole blocks are shared. Where the prompts depart within a block, the next one gets a copy of it, to be made behind
    /// whatever is read before.
    mutating func blocks(for next: [Int32], in cache: CacheBlocks) -> (blocks: [Int], held: Int, copy: BlockCopy?) {
        let common = min(zip(prompt, next).prefix { $0 == $1 }.count, next.count - 1)
        var table = Array(blocks[..<(common / CacheBlocks.tokens)])
        cache.hold(table)
        let border = common % CacheBlocks.tokens == 0 ? nil : blocks[table.count]
        while table.count * CacheBlocks.tokens < next.count { table.append(cache.take()) }
        let copy = border.map { BlockCopy(source: $0, target: table[common / CacheBlocks.tokens]) }
        // A source that nobody else holds must live until it is copied.
        if let copy { cache.hold(CollectionOfOne(copy.source)) }
        cache.hold(table)
        cache.release(blocks)
        (prompt, blocks) = (next, table)
        return (table, common, copy)
    }

    mutating func release(in cache: CacheBlocks) {
        cache.release(blocks)
        self = SharedHead()
    }
}

/// A block that begins as a copy of another one, which is held until then.
struct BlockCopy {
    var source: Int
    var target: Int
}
