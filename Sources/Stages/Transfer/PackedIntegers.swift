/// Small numbers in rows of whole bytes: each takes as many bits as the largest needs, the lowest bits first.
struct PackedIntegers {
    let bits: Int

    /// - Parameter largest: of the numbers, at least 0.
    init(largest: Int32) { bits = max(1, Int32.bitWidth - largest.leadingZeroBitCount) }

    /// - Parameter bits: 1 to 31.
    init(bits: Int) { self.bits = bits }

    func bytes(for count: Int) -> Int { (count * bits + 7) / 8 }

    /// Adds a row.
    func pack(_ row: some Sequence<Int32>, into bytes: inout [UInt8]) {
        var (pending, held) = (UInt64(0), 0)
        for number in row {
            pending |= UInt64(UInt32(bitPattern: number)) << UInt64(held)
            held += bits
            while held >= 8 {
                bytes.append(UInt8(truncatingIfNeeded: pending))
                pending >>= 8
                held -= 8
            }
        }
        if held > 0 { bytes.append(UInt8(truncatingIfNeeded: pending)) }
    }

    /// Reads back a row of `count` numbers.
    func unpack(_ bytes: ArraySlice<UInt8>, count: Int, into numbers: inout [Int32]) {
        var (pending, held) = (UInt64(0), 0)
        var place = bytes.startIndex
        let mask = (UInt64(1) << UInt64(bits)) - 1
        for _ in 0..<count {
            while held < bits {
                pending |= UInt64(bytes[place]) << UInt64(held)
                held += 8
                place += 1
            }
            numbers.append(Int32(truncatingIfNeeded: pending & mask))
            pending >>= UInt64(bits)
            held -= bits
        }
    }
}
