import Words

/// The teacher's distribution at one position: the stored tokens, and where they are lumped, everything else in one bucket.
struct TeacherRow {
    let tokens: ArraySlice<Int32>
    /// ln p of the stored tokens, and of the bucket where there is one.
    let logProbabilities: [Double]

    var hasBucket: Bool { logProbabilities.count > tokens.count }

    /// The smallest float's logarithm: no bucket is less probable.
    private static let leastLogRest = -104.0

    init(
        _ teacher: TeacherLogits, position: Int, temperature: Double, tail: LogitsTail, vocabularySize: Int
    ) {
        let range = position * teacher.k..<(position + 1) * teacher.k
        tokens = teacher.topTokens[range]
        let logits = teacher.topLogits[range]
        let largest = logits.first ?? 0
        let divided = logits.map { Double($0 - largest) / temperature }
        let logSum = PortableMath.log(divided.reduce(0.0) { $0 + PortableMath.exp($1) })
        guard tail == .lump, teacher.k < vocabularySize else {
            logProbabilities = divided.map { $0 - logSum }
            return
        }
        // The stored tokens share what the rest leaves.
        let logRest = min(0, max(Double(teacher.logRest[position]), Self.leastLogRest))
        let logKept = PortableMath.log(max(1 - PortableMath.exp(logRest), .leastNormalMagnitude))
        logProbabilities = divided.map { $0 - logSum + logKept } + [logRest]
    }
}
