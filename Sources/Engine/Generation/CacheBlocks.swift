import CKernels

/// Keys and values in blocks of sixteen tokens, which sequences share by reference counts.
final class CacheBlocks {
    static let tokens = Int(decant_block_tokens)

    private let layerSize: Int
    private let layerCount: Int
    private var buffers: [FloatBuffer] = []
    private var holders: [Int] = []
    private var free: [Int] = []

    init(_ configuration: ModelConfiguration) {
        layerSize = decant_block_size(configuration.attentionShape(ofLayer: 0))
        layerCount = configuration.layerCount
    }

    /// Number of blocks in use.
    var heldCount: Int { buffers.count - free.count }

    /// A block with one reference; its contents are not cleared.
    func take() -> Int {
        if let block = free.popLast() {
            holders[block] = 1
            return block
        }
        buffers.append(FloatBuffer(count: layerCount * layerSize))
        holders.append(1)
        return buffers.count - 1
    }

    /// Adds a reference to each block.
    func hold(_ blocks: some Sequence<Int>) {
        for block in blocks { holders[block] += 1 }
    }

    /// Removes a reference from each block.
    func release(_ blocks: some Sequence<Int>) {
        for block in blocks {
            holders[block] -= 1
            if holders[block] == 0 { free.append(block) }
        }
    }

    func base(_ block: Int, layer: Int) -> UnsafeMutablePointer<Float> { buffers[block].base + layer * layerSize }

    /// Copies a layer's part of one block to another.
    func copy(_ source: Int, to target: Int, layer: Int) {
        base(target, layer: layer).update(from: base(source, layer: layer), count: layerSize)
    }
}

/// The blocks of the last prompt, kept so that the next prompt reuses the prefix that both share.
///
/// Prompts are read in the order of their tokens, in which no earlier prompt shares a longer prefix with the next one than the
/// last prompt does. So no other prompt needs to be kept.
struct SharedHead {
    private var prompt: [Int32] = []
    private var blocks: [Int] = []

    /// The blocks for a prompt, and the number of its tokens that they hold already, which is less than all of them.
    ///
    /// Whole blocks are shared. Where the prompts differ within a block, the next prompt gets a copy of it, which is made after
    /// earlier tokens are read.
    mutating func blocks(for next: [Int32], in cache: CacheBlocks) -> (blocks: [Int], held: Int, copy: BlockCopy?) {
        let common = min(zip(prompt, next).prefix { $0 == $1 }.count, next.count - 1)
        var table = Array(blocks[..<(common / CacheBlocks.tokens)])
        cache.hold(table)
        let border = common % CacheBlocks.tokens == 0 ? nil : blocks[table.count]
        while table.count * CacheBlocks.tokens < next.count { table.append(cache.take()) }
        let copy = border.map { BlockCopy(source: $0, target: table[common / CacheBlocks.tokens]) }
        // The source must stay in use until it is copied.
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

/// A block that starts as a copy of another, which stays in use until then.
struct BlockCopy {
    var source: Int
    var target: Int
}
