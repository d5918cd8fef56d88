import CKernels

/// A teacher's k largest logits at every position that is learned from: a response's, or a whole sequence's.
package struct TeacherLogits: Hashable, Sendable {
    package var k: Int
    /// [positions, k], by falling logit, equal ones by rising token.
    package var topTokens: [Int32]
    /// [positions, k]
    package var topLogits: [Float]
    /// [positions]: over the whole vocabulary; e^(logit − this) is a stored token's probability.
    package var logSumExp: [Float]
    /// [positions]: ln of the probability of all other tokens together; −∞ where there are none. One minus the stored tokens'
    /// probabilities would be lost in their rounding.
    package var logRest: [Float]

    package init(k: Int, topTokens: [Int32], topLogits: [Float], logSumExp: [Float], logRest: [Float]) {
        self.k = k
        self.topTokens = topTokens
        self.topLogits = topLogits
        self.logSumExp = logSumExp
        self.logRest = logRest
    }

    package var positionCount: Int { logSumExp.count }

    /// Whether the arrays fit each other.
    var isWhole: Bool {
        topTokens.count == positionCount * k && topLogits.count == topTokens.count && logRest.count == positionCount
    }

    /// The place of a target among the positions.
    func place(of target: LossTarget) -> Int { positionCount - target.example.responseLength + target.position }
}

extension TeacherLogits {
    init(k: Int) { self.init(k: k, topTokens: [], topLogits: [], logSumExp: [], logRest: []) }

    func positions(_ range: Range<Int>) -> TeacherLogits {
        let entries = range.lowerBound * k..<range.upperBound * k
        return TeacherLogits(
            k: k, topTokens: Array(topTokens[entries]), topLogits: Array(topLogits[entries]),
            logSumExp: Array(logSumExp[range]), logRest: Array(logRest[range]))
    }

    /// Logits [positions, V], which are used up.
    mutating func append(_ logits: UnsafeMutablePointer<Float>, positions: Int, vocabularySize: Int) {
        for position in 0..<positions {
            let row = logits + position * vocabularySize
            let top = TeacherLogits.largest(k, of: row, vocabularySize)
            let kept = top.map { row[$0] }
            let largest = kept.first ?? 0
            let inside = kept.reduce(0.0) { $0 + PortableMath.exp(Double($1 - largest)) }
            for place in top { row[place] = -.infinity }
            let others = k < vocabularySize ? Double(decant_sum_of_exponentials(row, largest, 1, vocabularySize)) : 0
            let logSum = PortableMath.log(inside + others)
            topTokens.append(contentsOf: top.map(Int32.init))
            topLogits.append(contentsOf: kept)
            logSumExp.append(Float(Double(largest) + logSum))
            logRest.append(Float(PortableMath.log(others) - logSum))
        }
    }

    /// The places of the k largest values, by falling value, equal ones by rising place.
    private static func largest(_ k: Int, of row: UnsafeMutablePointer<Float>, _ count: Int) -> [Int] {
        var best: [Int] = []
        best.reserveCapacity(k + 1)
        for place in 0..<count {
            if best.count == k, row[place] <= row[best[k - 1]] { continue }
            var (low, high) = (0, best.count)
            while low < high {
                let middle = (low + high) / 2
                if row[best[middle]] >= row[place] { low = middle + 1 } else { high = middle }
            }
            best.insert(place, at: low)
            if best.count > k { best.removeLast() }
        }
        return best
    }
}
