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
