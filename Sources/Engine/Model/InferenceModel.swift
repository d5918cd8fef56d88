/// A model for inference only. Some of its linear layers may be packed.
package struct InferenceModel: Sendable {
    package private(set) var model: Model
    /// The precision of products with float weights.
    package var products = ProductPrecision.float32
    /// The precision of the keys and values that decoding keeps.
    package var keyValues = CachePrecision.float32
    let packed: PackedWeights

    package init(_ model: Model) {
        self.model = model
        packed = PackedWeights()
    }

    /// - Throws: `ModelWeightsError` when a packed matrix does not fit the parameter of its name.
    init(_ model: Model, packed: [String: any WeightPanels]) throws(ModelWeightsError) {
        self.model = model
        self.packed = try PackedWeights(packed, model: model)
    }

    /// The model with every packed layer as floats.
    func restored() -> Model {
        var model = model
        for parameter in model.parameters {
            guard let matrix = packed[parameter.offset] else { continue }
            model.fill(parameter) { memory in
                if let base = memory.baseAddress { matrix.dequantize(rows: 0..<matrix.rows, into: base) }
            }
        }
        return model
    }

    /// The model over its first tokens; see `Model.over(tokens:)`.
    package func over(tokens: Int) -> InferenceModel {
        var known = self
        known.model = model.over(tokens: tokens)
        return known
    }

    /// The same model with its own copy of the weights, which a pass may then change.
    func copied() -> InferenceModel {
        var copy = self
        copy.model.values = model.values.copied()
        return copy
    }

    /// For sequences of at most `positions` tokens. It reads the model's own memory.
    func decoder(positions: Int, workers: WorkerPool) -> Decoder {
        Decoder(
            model.layout, weights: model.values.buffer, packed: packed, positions: positions, workers: workers,
            products: products)
    }

    /// Refuses token sequences that the model cannot read; `index` names the sequence in the message.
    func check(_ tokens: [Int32], index: Int) throws(GenerationError) {
        let configuration = model.configuration
        if tokens.isEmpty || tokens.count > configuration.maximumPositions {
            throw GenerationError(
                "Sequence \(index + 1) has \(tokens.count) tokens; the model takes 1 to \(configuration.maximumPositions).")
        }
        if let token = tokens.first(where: { !(0..<Int32(configuration.vocabularySize)).contains($0) }) {
            throw GenerationError(
                "Sequence \(index + 1) holds the token \(token); the vocabulary has \(configuration.vocabularySize).")
        }
    }
}

/// Token sequences that a model cannot read.
package struct GenerationError: Error, Hashable, Sendable, CustomStringConvertible {
    package var description: String

    init(_ description: String) { self.description = description }
}

/// A linear layer's weights in a compact form, which can restore any of its rows.
protocol PackedMatrix: Sendable {
    /// Outputs.
    var rows: Int { get }
    /// Inputs.
    var columns: Int { get }
    /// Writes the rows as floats, [rows.count, columns].
    func dequantize(rows: Range<Int>, into target: UnsafeMutablePointer<Float>)
}

extension PackedMatrix {
    /// The weights, row-major [rows, columns].
    func dequantized() -> [Float] {
        [Float](unsafeUninitializedCapacity: rows * columns) { buffer, initialized in
            if let weights = buffer.baseAddress { dequantize(rows: 0..<rows, into: weights) }
            initialized = rows * columns
        }
    }
}

/// The packed linear layers of a model, in panels. The other layers are multiplied as floats.
struct PackedWeights: Sendable {
    /// By the parameter's offset.
    private var matrices: [Int: any WeightPanels] = [:]

    init() {}

    /// - Throws: `ModelWeightsError` when a matrix is not one of the model's linear layers, or of another shape.
    init(_ named: [String: any WeightPanels], model: Model) throws(ModelWeightsError) {
        for (name, matrix) in named.sorted(by: { $0.key < $1.key }) {
            let parameter = model.parameter(named: name)
            guard let parameter, parameter.role == .hiddenMatrix || parameter.role == .head,
                parameter.shape == [matrix.rows, matrix.columns]
            else {
                throw ModelWeightsError(name: name, expected: parameter?.count ?? 0, found: matrix.rows * matrix.columns)
            }
            matrices[parameter.offset] = matrix
        }
    }

    var isEmpty: Bool { matrices.isEmpty }

    subscript(offset: Int) -> (any WeightPanels)? { matrices[offset] }
}
