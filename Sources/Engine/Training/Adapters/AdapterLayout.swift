/// Where the factors of every adapted matrix lie: those of a matrix behind those of the one before it, A before B.
struct AdapterLayout: Sendable {
    struct Pair: Sendable {
        /// The adapted matrix [out, in].
        let matrix: Parameter
        /// [rank, in]
        let a: Parameter
        /// [out, rank]
        let b: Parameter
    }

    let adaptation: LowRankAdaptation
    /// In the order in which the matrices lie in the model.
    let pairs: [Pair]
    let count: Int

    init(_ adaptation: LowRankAdaptation, _ parameters: [Parameter]) {
        self.adaptation = adaptation
        var pairs: [Pair] = []
        var end = 0
        func factor(_ matrix: Parameter, _ letter: String, _ shape: [Int]) -> Parameter {
            // As the library `peft` names them.
            let name = "base_model.model.\(matrix.name.dropLast("weight".count))lora_\(letter).weight"
            defer { end += shape[0] * shape[1] }
            return Parameter(name: name, shape: shape, role: .adapter, offset: end)
        }
        for matrix in parameters where adaptation.adapts(matrix) {
            let a = factor(matrix, "A", [adaptation.rank, matrix.shape[1]])
            let b = factor(matrix, "B", [matrix.shape[0], adaptation.rank])
            pairs.append(Pair(matrix: matrix, a: a, b: b))
        }
        self.pairs = pairs
        count = end
    }

    var parameters: [Parameter] { pairs.flatMap { [$0.a, $0.b] } }

    /// The pairs whose matrices lie in a range of the model's values.
    func pairs(in range: Range<Int>) -> ArraySlice<Pair> {
        let first = pairs.partitioningIndex { $0.matrix.offset >= range.lowerBound }
        let end = pairs.partitioningIndex { $0.matrix.offset >= range.upperBound }
        return pairs[first..<end]
    }
}

extension Array {
    /// The first place from which on all elements belong; those that belong lie behind those that do not.
    fileprivate func partitioningIndex(where belongs: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if belongs(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
