/// Goes through examples epoch by epoch, each in an order of its own: which ones a step takes depends on its number alone.
struct EpochOrder {
    private let count: Int
    private let seed: UInt64
    private var epoch: (number: Int, order: [Int]) = (-1, [])

    /// - Parameter count: examples, at least one.
    init(count: Int, seed: UInt64) {
        self.count = count
        self.seed = seed
    }

    /// The examples of a step that takes `size` of them, as all steps do.
    mutating func batch(_ size: Int, atStep step: Int) -> [Int] {
        var batch: [Int] = []
        for row in step * size..<(step + 1) * size { batch.append(example(row)) }
        return batch
    }

    private mutating func example(_ row: Int) -> Int {
        let number = row / count
        if epoch.number != number {
            let random = Philox(seed: seed, purpose: .shuffling, step: UInt64(number))
            epoch = (number, random.permutation(count))
        }
        return epoch.order[row % count]
    }
}
