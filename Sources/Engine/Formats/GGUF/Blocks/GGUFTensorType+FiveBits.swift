/// Blocks of 32 weights in five bits, which stand in for blocks of 256 where rows do not divide into these.
extension GGUFTensorType {
    /// As Q4_0 rounds, or with the scale that loses least by importance.
    func packRowOfQ5_0(
        _ row: UnsafeBufferPointer<Float>, _ importance: [Float]?, into bytes: inout [UInt8]
    ) throws(GGUFRangeError) {
        guard let importance else {
            for start in stride(from: 0, to: row.count, by: 32) {
                let (scale, counts) = try Self.signedCounts(of: row[start..<start + 32], reach: 16)
                try Self.appendHalf(scale, to: &bytes)
                Self.appendFiveBits(counts, to: &bytes)
            }
            return
        }
        try Self.forEightBlocks(row, importance) { search, blocks throws(GGUFRangeError) in
            let scales = search.findScale(reach: 16)
            for block in 0..<blocks {
                try Self.appendHalf(scales[block], to: &bytes)
                Self.appendFiveBits(search.levels.map { UInt8(level: $0[block] + 16) }, to: &bytes)
            }
        }
    }

    /// From the least weight in 31 steps to the largest, or with the scale and the minimum that lose least by importance.
    func packRowOfQ5_1(
        _ row: UnsafeBufferPointer<Float>, _ importance: [Float]?, into bytes: inout [UInt8]
    ) throws(GGUFRangeError) {
        guard let importance else {
            for start in stride(from: 0, to: row.count, by: 32) {
                let block = row[start..<start + 32]
                guard block.allSatisfy(\.isFinite), let low = block.min(), let high = block.max() else {
                    throw GGUFRangeError()
                }
                let scale = (high - low) / 31
                let inverse = Self.inverse(of: scale)
                try Self.appendHalf(scale, to: &bytes)
                try Self.appendHalf(low, to: &bytes)
                Self.appendFiveBits(block.map { UInt8(level: ($0 - low) * inverse + 0.5) }, to: &bytes)
            }
            return
        }
        try Self.forEightBlocks(row, importance) { search, blocks throws(GGUFRangeError) in
            let found = search.findScaleAndMinimum(top: 31, .fine)
            for block in 0..<blocks {
                try Self.appendHalf(found.scale[block], to: &bytes)
                try Self.appendHalf(0 - found.minimum[block], to: &bytes)
                Self.appendFiveBits(search.levels.map { UInt8(level: $0[block]) }, to: &bytes)
            }
        }
    }

    /// Eight blocks of a row at a time, one in each lane; at the row's end fewer.
    private static func forEightBlocks(
        _ row: UnsafeBufferPointer<Float>, _ importance: [Float],
        _ body: (inout ScaleSearch, Int) throws(GGUFRangeError) -> Void
    ) throws(GGUFRangeError) {
        guard row.allSatisfy({ abs($0) < ScaleSearch.limit }) else { throw GGUFRangeError() }
        let variance = row.reduce(0) { $0 + $1 * $1 } / Float(row.count)
        var search = ScaleSearch(partLength: 32)
        for start in stride(from: 0, to: row.count, by: 256) {
            let blocks = min(8, (row.count - start) / 32)
            search.weights = Array(repeating: .zero, count: 32)
            for block in 0..<blocks {
                for place in 0..<32 {
                    let index = start + block * 32 + place
                    search.weights[place][block] = row[index]
                    search.importance[place][block] =
                        importance[index] * (variance + row[index] * row[index]).squareRoot()
                }
            }
            try body(&search, blocks)
        }
    }

    /// A word of fifth bits, then the lower halves: byte i holds those of places i and i + 16.
    private static func appendFiveBits(_ counts: [UInt8], to bytes: inout [UInt8]) {
        let fifth = counts.indices.reduce(UInt32(0)) { $0 | UInt32(counts[$1] >> 4 & 1) << UInt32($1) }
        for shift in [0, 8, 16, 24] as [UInt32] { bytes.append(UInt8(truncatingIfNeeded: fifth >> shift)) }
        for place in 0..<16 { bytes.append(counts[place] & 15 | (counts[place + 16] & 15) << 4) }
    }
}
