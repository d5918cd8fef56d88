/// Keys and values of one sequence: per layer [capacity, kvHeads·d] each.
final class KeyValueCache {
    private let memory: FloatBuffer
    private let capacity: Int
    private let width: Int
    /// Tokens held.
    var length = 0

    init(_ configuration: ModelConfiguration, capacity: Int) {
        self.capacity = capacity
        width = configuration.keyValueHeadCount * configuration.headDimension
        memory = FloatBuffer(count: 2 * configuration.layerCount * capacity * width)
    }

    func keys(_ layer: Int) -> UnsafeMutablePointer<Float> { memory.base + 2 * layer * capacity * width }

    func values(_ layer: Int) -> UnsafeMutablePointer<Float> { keys(layer) + capacity * width }

    /// Stores a token's key and value at `position`; they lie one behind the other at `source`.
    func store(_ source: UnsafePointer<Float>, layer: Int, position: Int) {
        (keys(layer) + position * width).update(from: source, count: width)
        (values(layer) + position * width).update(from: source + width, count: width)
    }
}
