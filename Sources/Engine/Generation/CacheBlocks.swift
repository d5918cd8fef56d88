import CKernels

/// Keys and values of tokens, in blocks of sixteen that sequences share; a block lives while someone holds it.
final class CacheBlocks {
    static let tokens = Int(decant_block_tokens)

    private let layerSize: Int
    private let layerCount: Int
    private var buffers: [FloatBuffer] = []
    private var holders: [Int] = []
    private var free: [Int] = []

    init(_ configuration: ModelConfiguration) {
        layerSize = decant_block_size(configuration.attentionShape)
        layerCount = configuration.layerCount
    }

    /// Blocks that someone holds.
    var heldCount: Int { buffers.count - free.count }

    /// A block for one holder. What it holds is not cleared.
    func take() -> Int {
        if let block = free.popLast() {
            holders[block] = 1
            return block
        }
        buffers.append(FloatBuffer(count: layerCount * layerSize))
        holders.append(1)
        return buffers.count - 1
    }

    /// Adds a holder to each.
    func hold(_ blocks: some Sequence<Int>) {
        for block in blocks { holders[block] += 1 }
    }

    /// Takes a holder from each.
    func release(_ blocks: some Sequence<Int>) {
        for block in blocks {
            holders[block] -= 1
            if holders[block] == 0 { free.append(block) }
        }
    }

    func base(_ block: Int, layer: Int) -> UnsafeMutablePointer<Float> { buffers[block].base + layer * layerSize }

    /// Copies what one block holds for a layer to another.
    func copy(_ source: Int, to target: Int, layer: Int) {
        base(target, layer: layer).update(from: base(source, layer: layer), count: layerSize)
    }
}

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
