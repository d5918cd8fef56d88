import CKernels

/// The precision of the keys and values that decoding keeps.
package enum CachePrecision: String, CaseIterable, Hashable, Sendable {
    /// As they are computed.
    case float32
    /// Rounded to INT8, each of a token and head by its own scale: about a quarter of the memory.
    case int8
}

/// Keys and values in blocks of sixteen tokens, which sequences share by reference counts.
///
/// A block that is kept stays as it is when no sequence holds it: it is then idle, until it is held again or dropped.
final class CacheBlocks {
    static let tokens = Int(decant_block_tokens)
    /// Blocks are made many at a time where they are small.
    private static let bytesAtATime = 2 << 20

    let precision: CachePrecision
    private let layerSize: Int
    private let layerCount: Int
    private var buffers: [FloatBuffer] = []
    /// Where each block is in the buffers.
    private var bases: [UnsafeMutablePointer<Float>] = []
    private var holders: [Int] = []
    private var isKept: [Bool] = []
    private var free: [Int] = []
    /// Number of blocks that are kept and that no sequence holds.
    private(set) var idleCount = 0

    init(_ configuration: ModelConfiguration, _ precision: CachePrecision = .float32) {
        let shape = configuration.attentionShape(ofLayer: 0)
        self.precision = precision
        layerSize = precision == .int8 ? decant_code_block_size(shape) : decant_block_size(shape)
        layerCount = configuration.layerCount
    }

    /// Blocks that hold so many tokens.
    static func count(for tokens: Int) -> Int { (tokens + Self.tokens - 1) / Self.tokens }

    /// Size of a block.
    var blockBytes: Int { layerCount * layerSize * MemoryLayout<Float>.stride }

    /// Number of blocks in use, idle ones included.
    var heldCount: Int { holders.count - free.count }

    /// Number of blocks that sequences hold.
    var runningCount: Int { heldCount - idleCount }

    /// A block with one reference; its contents are not cleared.
    func take() -> Int {
        if let block = free.popLast() {
            holders[block] = 1
            return block
        }
        if holders.count == bases.count { addBuffer() }
        holders.append(1)
        isKept.append(false)
        return holders.count - 1
    }

    private func addBuffer() {
        let buffer = FloatBuffer(count: max(1, Self.bytesAtATime / blockBytes) * layerCount * layerSize)
        buffers.append(buffer)
        bases += stride(from: 0, to: buffer.count, by: layerCount * layerSize).map { buffer.base + $0 }
    }

    /// Adds a reference to each block.
    func hold(_ blocks: some Sequence<Int>) {
        for block in blocks {
            if holders[block] == 0 { idleCount -= 1 }
            holders[block] += 1
        }
    }

    /// Removes a reference from each block.
    func release(_ blocks: some Sequence<Int>) {
        for block in blocks {
            holders[block] -= 1
            if holders[block] > 0 { continue }
            if isKept[block] { idleCount += 1 } else { free.append(block) }
        }
    }

    /// Keeps a block that a sequence holds.
    func keep(_ block: Int) { isKept[block] = true }

    /// Ends the keeping of a block.
    func drop(_ block: Int) {
        isKept[block] = false
        if holders[block] > 0 { return }
        idleCount -= 1
        free.append(block)
    }

    /// Whether no sequence holds a block.
    func isIdle(_ block: Int) -> Bool { holders[block] == 0 }

    func base(_ block: Int, layer: Int) -> UnsafeMutablePointer<Float> { bases[block] + layer * layerSize }

    /// Stores a token's keys and values for a layer.
    func store(
        _ keys: UnsafePointer<Float>, _ values: UnsafePointer<Float>, in block: Int, at place: Int, layer: Int,
        _ shape: decant_attention_shape
    ) {
        switch precision {
        case .float32: decant_block_store(base(block, layer: layer), place, keys, values, shape)
        case .int8: decant_code_block_store(base(block, layer: layer), place, keys, values, shape)
        }
    }

    /// Copies a layer's part of one block to another.
    func copy(_ source: Int, to target: Int, layer: Int) {
        base(target, layer: layer).update(from: base(source, layer: layer), count: layerSize)
    }

    /// The blocks of a sequence of `count` tokens that begins with shared blocks and the first tokens of a border block, of which
    /// it gets a copy. The border stays in use until it is copied.
    func table(for count: Int, sharing shared: some Collection<Int>, border: Int?) -> (blocks: [Int], copy: BlockCopy?) {
        var blocks = Array(shared)
        hold(blocks)
        if let border { hold(CollectionOfOne(border)) }
        while blocks.count * Self.tokens < count { blocks.append(take()) }
        return (blocks, border.map { BlockCopy(source: $0, target: blocks[shared.count]) })
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
        let shared = blocks[..<(common / CacheBlocks.tokens)]
        let border = common % CacheBlocks.tokens == 0 ? nil : blocks[shared.count]
        let (table, copy) = cache.table(for: next.count, sharing: shared, border: border)
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
