/// Blocks of 256 weights, whose parts have scales that are integers themselves. Their scales are searched, as ggml's reference
/// does it.
extension GGUFTensorType {
    func packSuperBlocks(
        _ row: UnsafeBufferPointer<Float>, _ importance: [Float]?, into bytes: inout [UInt8]
    ) throws(GGUFRangeError) {
        guard row.allSatisfy({ abs($0) < ScaleSearch.limit }) else { throw GGUFRangeError() }
        for start in stride(from: 0, to: row.count, by: 256) {
            let block = Array(row[start..<start + 256])
            let importance = importance.map { Array($0[start..<start + 256]) }
            switch self {
            case .q4_K: try Self.packUnsigned(block, importance, top: 15, .coarse, into: &bytes)
            case .q5_K: try Self.packUnsigned(block, importance, top: 31, .coarseOfFiveBits, into: &bytes)
            default: try Self.packSigned(block, importance, into: &bytes)
            }
        }
    }

    // MARK: Q4_K and Q5_K

    /// Eight parts of 32 weights, each with a scale and a minimum.
    private static func packUnsigned(
        _ block: [Float], _ importance: [Float]?, top: Float, _ trials: ScaleSearch.Trials, into bytes: inout [UInt8]
    ) throws(GGUFRangeError) {
        var search = ScaleSearch(parts: block, from: 0, partLength: 32)
        let scales: UnitCounts
        let minimums: UnitCounts
        if let importance {
            search.weigh(by: importance, in: block)
            let found = search.findScaleAndMinimum(top: top, .fine)
            let importanceOfParts = search.importance.reduce(.zero, +)
            scales = UnitCounts(found.scale, importance: importanceOfParts)
            minimums = UnitCounts(found.minimum, importance: importanceOfParts)
        } else {
            search.weighByMagnitude()
            let found = search.findScaleAndMinimum(top: top, trials)
            (scales, minimums) = (UnitCounts(ofLargest: found.scale), UnitCounts(ofLargest: found.minimum))
        }
        search.round(by: try scales.restored, minimum: try minimums.restored, in: 0...top)
        try appendHalf(scales.unit, to: &bytes)
        try appendHalf(minimums.unit, to: &bytes)
        appendSixBitPairs(scales.counts, minimums.counts, to: &bytes)
        let counts = search.levels.map { level in level.indices.map { UInt8(level: level[$0]) } }
        if top > 15 {
            for place in 0..<32 { bytes.append((0..<8).reduce(UInt8(0)) { $0 | (counts[place][$1] >> 4 & 1) << UInt8($1) }) }
        }
        for part in stride(from: 0, to: 8, by: 2) {
            for place in 0..<32 { bytes.append(counts[place][part] & 15 | (counts[place][part + 1] & 15) << 4) }
        }
    }

    /// Eight scales and eight minimums of six bits in twelve bytes, as `sixBitPair` reads them.
    private static func appendSixBitPairs(_ scales: [UInt8], _ minimums: [UInt8], to bytes: inout [UInt8]) {
        for part in 0..<4 { bytes.append(scales[part] | (scales[part + 4] >> 4) << 6) }
        for part in 0..<4 { bytes.append(minimums[part] | (minimums[part + 4] >> 4) << 6) }
        for part in 4..<8 { bytes.append(scales[part] & 15 | (minimums[part] & 15) << 4) }
    }

    // MARK: Q6_K

    /// Sixteen parts of 16 weights, each with a signed scale. The scale of largest magnitude becomes −128.
    private static func packSigned(
        _ block: [Float], _ importance: [Float]?, into bytes: inout [UInt8]
    ) throws(GGUFRangeError) {
        var halves = [0, 128].map { ScaleSearch(parts: block, from: $0, partLength: 16) }
        var scales: [Lanes] = []
        for half in halves.indices {
            let own = importance ?? block.map { $0 * $0 }
            halves[half].importance = ScaleSearch.lanes(own, from: half * 128, partLength: 16)
            scales.append(halves[half].findScale(reach: 32))
        }
        let all = scales.flatMap { lanes in lanes.indices.map { lanes[$0] } }
        let largest = all.reduce(0) { abs($1) > abs($0) ? $1 : $0 }
        guard abs(largest) >= ScaleSearch.negligible else {
            bytes.append(contentsOf: repeatElement(0, count: GGUFTensorType.q6_K.blockSize))
            return
        }
        let inverse = -128 / largest
        let unit = try half(nearest: 1 / inverse)
        let counts = all.map { Int8(clamping: Int((inverse * $0).rounded(.toNearestOrEven))) }
        for half in halves.indices {
            var scale = Lanes.zero
            for part in scale.indices { scale[part] = unit * Float(counts[half * 8 + part]) }
            halves[half].round(by: scale, minimum: .zero, in: -32...31)
        }
        appendSixBits(halves, to: &bytes)
        for count in counts { bytes.append(UInt8(bitPattern: count)) }
        try appendHalf(1 / inverse, to: &bytes)
    }

    /// For each half of the block 64 bytes with the lower four bits, then for each 32 bytes with the upper two.
    private static func appendSixBits(_ halves: [ScaleSearch], to bytes: inout [UInt8]) {
        let counts = halves.map { half in (0..<128).map { UInt8(level: half.levels[$0 % 16][$0 / 16] + 32) } }
        for half in counts {
            for place in 0..<64 { bytes.append(half[place] & 15 | (half[place + 64] & 15) << 4) }
        }
        for half in counts {
            for place in 0..<32 {
                bytes.append((0..<4).reduce(UInt8(0)) { $0 | (half[place + 32 * $1] >> 4) << UInt8(2 * $1) })
            }
        }
    }

    /// A number as half precision holds it.
    fileprivate static func half(nearest value: Float) throws(GGUFRangeError) -> Float {
        let bits = HalfPrecision.float16(from: value)
        guard bits & 0x7C00 != 0x7C00 else { throw GGUFRangeError() }
        return HalfPrecision.float(fromFloat16: bits)
    }
}

extension UnitCounts {
    /// The values that the counts stand for, the unit in half precision.
    fileprivate var restored: Lanes {
        get throws(GGUFRangeError) {
            let unit = try GGUFTensorType.half(nearest: unit)
            var values = Lanes.zero
            for part in values.indices { values[part] = unit * Float(counts[part]) }
            return values
        }
    }
}

extension ScaleSearch.Trials {
    /// Without importance, in four bits and in five.
    fileprivate static let coarse = Self(first: -1, step: 0.1, count: 20)
    fileprivate static let coarseOfFiveBits = Self(first: -0.5, step: 0.1, count: 15)
    /// With importance.
    static let fine = Self(first: -0.9, step: 0.05, count: 36)
}

extension ScaleSearch {
    /// Beyond all types' reach; below it, no sum overflows.
    static let limit: Float = 1e9

    /// Eight parts of a block.
    init(parts block: [Float], from start: Int, partLength: Int) {
        self.init(partLength: partLength)
        weights = Self.lanes(block, from: start, partLength: partLength)
    }

    /// Eight parts by place, a part in each lane.
    static func lanes(_ values: [Float], from start: Int, partLength: Int) -> [Lanes] {
        (0..<partLength).map { place in
            var lanes = Lanes.zero
            for part in lanes.indices { lanes[part] = values[start + part * partLength + place] }
            return lanes
        }
    }

    /// A weight counts by its magnitude and the root of its part's mean square.
    fileprivate mutating func weighByMagnitude() {
        let squares = weights.reduce(Lanes.zero) { $0 + $1 * $1 }
        let root = (squares / Float(weights.count)).squareRoot()
        importance = weights.map { root + $0.magnitude }
    }

    /// A weight counts by its input's importance, and by its size against twice the block's mean square.
    fileprivate mutating func weigh(by importance: [Float], in block: [Float]) {
        let variance = 2 * block.reduce(0) { $0 + $1 * $1 } / Float(block.count)
        self.importance = zip(Self.lanes(importance, from: 0, partLength: weights.count), weights).map {
            $0 * (variance + $1 * $1).squareRoot()
        }
    }
}
