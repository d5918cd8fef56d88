/// Rows of logits in memory. A row may be longer than the vocabulary: what is behind it pads the embedding.
package struct LogitRows {
    let base: UnsafeMutablePointer<Float>
    let rowLength: Int
    let vocabularySize: Int

    func row(_ place: Int) -> UnsafeMutablePointer<Float> { base + place * rowLength }

    /// Padding has no gradient.
    func clearPadding(rows: Int) {
        guard rowLength > vocabularySize else { return }
        for place in 0..<rows { (row(place) + vocabularySize).update(repeating: 0, count: rowLength - vocabularySize) }
    }
}

/// The targets of a pass, cut where the loss may be computed apart.
struct LossStretches {
    private let count: Int
    /// Ranges of targets in order, without gaps; `nil` where each target is alone.
    private let ranges: [Range<Int>]?

    /// - Parameter targets: those of an example follow each other.
    init(_ targets: [LossTarget], of loss: some ResponseLoss) {
        count = targets.count
        var ranges: [Range<Int>] = []
        var start = 0
        while start < targets.count, let stretches = loss.stretches(of: targets[start].example) {
            ranges += stretches.map { $0.lowerBound + start..<$0.upperBound + start }
            start += targets[start].example.responseLength
        }
        self.ranges = ranges.isEmpty ? nil : ranges
    }

    /// Targets of the longest stretch.
    var longest: Int { ranges?.lazy.map(\.count).max() ?? 1 }

    /// Whole stretches together, as many as have `size` targets at most, or one that has more.
    func blocks(of size: Int) -> [Range<Int>] {
        guard let ranges else { return stride(from: 0, to: count, by: size).map { $0..<min(count, $0 + size) } }
        return ranges.reduce(into: []) { blocks, range in
            if let last = blocks.last, range.upperBound - last.lowerBound <= size {
                blocks[blocks.count - 1] = last.lowerBound..<range.upperBound
            } else {
                blocks.append(range)
            }
        }
    }

    /// Calls `body` with each stretch of a block, on several threads.
    func forEach(in block: Range<Int>, on workers: WorkerPool, _ body: (Range<Int>) -> Void) {
        guard let ranges else {
            workers.forEachRange(block.count, size: 4) { places in
                for place in places { body(block.lowerBound + place..<block.lowerBound + place + 1) }
            }
            return
        }
        let first = ranges.partitioningIndex { $0.lowerBound >= block.lowerBound }
        let end = ranges.partitioningIndex { $0.lowerBound >= block.upperBound }
        workers.forEach(end - first) { body(ranges[first + $0]) }
    }
}

extension [Range<Int>] {
    /// The first place from which on the condition holds.
    fileprivate func partitioningIndex(_ holds: (Range<Int>) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if holds(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
