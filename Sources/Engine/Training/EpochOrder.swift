/// The order in which examples are gone through: every epoch has one of its own.
struct EpochOrder {
    private let count: Int
    private let seed: UInt64
    private var epoch: (number: Int, order: [Int]) = (-1, [])

    init(count: Int, seed: UInt64) {
        self.count = count
        self.seed = seed
    }

    /// The examples of a step; steps count from 0.
    mutating func batch(_ step: Int, size: Int) -> [Int] {
        var batch: [Int] = []
        for row in step * size..<(step + 1) * size { batch.append(example(row)) }
        return batch
    }

    private mutating func example(_ row: Int) -> Int {
        let number = row / count
        if epoch.number != number {
            epoch = (number, Philox(seed: seed, purpose: .shuffling, step: UInt64(number)).permutation(count))
        }
        return epoch.order[row % count]
    }
}
