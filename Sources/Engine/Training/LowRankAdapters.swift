import CKernels
import Words

/// The factors that a training with adapters found.
package struct LowRankAdapters: Sendable {
    package let adaptation: LowRankAdaptation
    /// As the model's layout has them.
    package internal(set) var values: [Float]
    let layout: AdapterLayout

    /// - Parameter values: as many as the layout has.
    init(_ layout: AdapterLayout, values: [Float]) {
        adaptation = layout.adaptation
        (self.layout, self.values) = (layout, values)
    }

    /// New factors for a model: A uniform in ±1/√in, as the library `peft` draws them, and B zero, so that they change nothing.
    package init(_ adaptation: LowRankAdaptation, for model: Model, seed: UInt64) throws(TrainingError) {
        try adaptation.check()
        let layout = AdapterLayout(adaptation, model.parameters)
        guard !layout.pairs.isEmpty else {
            throw TrainingError(
                "The targets name no matrix of a \(model.configuration.family) model; a matrix that is several in one needs all "
                    + "of their names.")
        }
        var values = [Float](repeating: 0, count: layout.count)
        for (index, pair) in layout.pairs.enumerated() {
            let random = Philox(seed: seed, purpose: .adapters, step: UInt64(index))
            let bound = 1 / Double(pair.a.shape[1]).squareRoot()
            for place in 0..<pair.a.count {
                values[pair.a.offset + place] = Float((2 * random.uniform(UInt32(truncatingIfNeeded: place)) - 1) * bound)
            }
        }
        self.init(layout, values: values)
    }

    /// The model with (alpha / rank)·B·A added to every adapted matrix.
    /// - Throws: `TrainingError` when the factors are of a model of another shape.
    package func merged(into model: Model, workers: WorkerPool) throws(TrainingError) -> Model {
        guard layout.pairs.map(\.matrix) == AdapterLayout(adaptation, model.parameters).pairs.map(\.matrix) else {
            throw TrainingError("The adapters are of a model of another shape.")
        }
        let weights = model.values.buffer.copy()
        layout.merge(FloatBuffer(values), of: model.values, into: weights, workers: workers)
        return Model(model.layout, values: ModelWeights(adopting: weights))
    }
}

extension AdapterLayout {
    /// Every adapted matrix of `weights` becomes the model's own plus (alpha / rank)·B·A.
    func merge(_ factors: FloatBuffer, of model: ModelWeights, into weights: FloatBuffer, workers: WorkerPool) {
        let rank = adaptation.rank
        model.withUnsafeBufferPointer { model in
            guard let base = model.baseAddress else { return }
            workers.forEach(pairs.count) { index in
                let pair = pairs[index]
                let (rows, columns) = (pair.matrix.shape[0], pair.matrix.shape[1])
                withUnsafeTemporaryAllocation(of: Float.self, capacity: rows * rank) { scaled in
                    guard let b = scaled.baseAddress else { return }
                    b.update(from: factors.base + pair.b.offset, count: rows * rank)
                    decant_scale(b, adaptation.scale, rows * rank)
                    let matrix = weights.base + pair.matrix.offset
                    matrix.update(from: base + pair.matrix.offset, count: pair.matrix.count)
                    MatrixMultiply.product(
                        MatrixView(b, rows, rank), MatrixView(factors.base + pair.a.offset, rank, columns),
                        into: MatrixView(matrix, rows, columns), .adding)
                }
            }
        }
    }
}

/// What low-rank adaptation (Hu et al., arXiv 2106.09685) trains instead of a model's weights: beside each adapted matrix W
/// [out, in] the factors A [rank, in] and B [out, rank]. The model computes with W + (alpha / rank)·B·A.
package struct LowRankAdaptation: Hashable, Sendable {
    package typealias Target = AdapterTarget

    package var rank: Int
    package var alpha: Double
    /// In the order of `Target`.
    package var targets: [Target]

    package init(rank: Int, alpha: Double, targets: [Target] = Target.allCases) {
        (self.rank, self.alpha) = (rank, alpha)
        self.targets = Target.allCases.filter(targets.contains)
    }

    var scale: Float { Float(alpha / Double(rank)) }

    func adapts(_ parameter: Parameter) -> Bool {
        guard parameter.role == .hiddenMatrix, let module = parameter.module.split(separator: ".").last else { return false }
        return Self.targets(of: String(module)).map { $0.allSatisfy(targets.contains) } ?? false
    }

    /// What a module stands for; several matrices where it is one of all of them.
    static func targets(of module: String) -> [Target]? {
        switch module {
        case "qkv_proj": [.query, .key, .value]
        case "gate_up_proj": [.gate, .up]
        default: Target(rawValue: module).map { [$0] }
        }
    }

    func check() throws(TrainingError) {
        guard rank > 0, alpha > 0, alpha.isFinite, !targets.isEmpty else {
            throw TrainingError("Low-rank adapters need a rank and an alpha above 0, and at least one matrix.")
        }
    }
}

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

    /// The modules of a layer that are adapted, each once, in the order of `Target`.
    var modules: [String] {
        let found = Set(pairs.compactMap { $0.matrix.module.split(separator: ".").last.map(String.init) })
        let order = LowRankAdaptation.Target.allCases
        func place(_ module: String) -> Int {
            LowRankAdaptation.targets(of: module)?.first.flatMap { order.firstIndex(of: $0) } ?? order.count
        }
        return found.sorted { place($0) < place($1) }
    }

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
