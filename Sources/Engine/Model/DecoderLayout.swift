/// The place of every parameter: embedding, layers, final norm, head. Query, key and value projections are adjacent, and so are
/// gate and up: each group is one matrix in a product.
struct DecoderLayout: Sendable {
    let configuration: ModelConfiguration
    /// Offsets from a layer's start, which all layers share.
    let attention: Attention
    let feedForward: FeedForward
    /// The number of values in a layer.
    let layerSize: Int
    /// The embedding is the first parameter.
    let embeddingCount: Int
    let finalNorm: Int
    /// The embedding itself where the two share weights.
    let head: LinearMap
    let count: Int
    private let outside, inLayer: [ParameterTemplate]

    init(_ configuration: ModelConfiguration) {
        self.configuration = configuration
        let family = configuration.family
        var layer = LayoutBuilder(configuration)
        attention = Attention(family.attention, in: &layer)
        feedForward = FeedForward(family.feedForward, in: &layer)
        layerSize = layer.count
        inLayer = layer.parameters

        var model = LayoutBuilder(configuration)
        let words = model.append(family.embedding, [.vocabulary, .hidden], .embedding)
        embeddingCount = model.count
        model.count += configuration.layerCount * layer.count
        finalNorm = model.append(family.finalNorm, [.hidden], .norm)
        let head = configuration.tiesEmbeddings ? words : model.append(family.head, [.vocabulary, .hidden], .head)
        self.head = LinearMap(offset: head, outputs: [configuration.vocabularySize], inputs: configuration.hiddenSize)
        count = model.count
        outside = model.parameters
    }

    func start(ofLayer index: Int) -> Int { embeddingCount + index * layerSize }

    /// All parameters in the order of their memory.
    var parameters: [Parameter] {
        let family = configuration.family
        let layers = (0..<configuration.layerCount).flatMap { index in
            inLayer.map { $0.parameter($0.name.inLayer(index, of: family), start: start(ofLayer: index), layer: index) }
        }
        let others = outside.map { $0.parameter($0.name, start: 0, layer: nil) }
        return others.prefix(1) + layers + others.dropFirst()
    }
}

/// A tensor of one layer, or one outside the layers.
private struct ParameterTemplate: Sendable {
    let name: TensorName
    /// `weight` or `bias`.
    let kind: String
    let axes: [Axis]
    let shape: [Int]
    let role: Parameter.Role
    let input: LinearInput?
    let isRotated: Bool
    let offset: Int

    func parameter(_ name: TensorName, start: Int, layer: Int?) -> Parameter {
        Parameter(
            name: "\(name.huggingFace).\(kind)", ggufName: "\(name.gguf).\(kind)", shape: shape, axes: axes, role: role,
            layer: layer, input: input, isRotated: isRotated, offset: start + offset)
    }
}

/// Places tensors one after the other.
struct LayoutBuilder {
    private let configuration: ModelConfiguration
    fileprivate private(set) var parameters: [ParameterTemplate] = []
    /// The number of values so far.
    fileprivate(set) var count = 0

    fileprivate init(_ configuration: ModelConfiguration) { self.configuration = configuration }

    /// - Returns: the tensor's offset.
    @discardableResult
    mutating func append(
        _ name: TensorName, _ axes: [Axis], _ role: Parameter.Role, kind: String = "weight", reading input: LinearInput? = nil,
        isRotated: Bool = false
    ) -> Int {
        let shape = axes.map { $0.size(in: configuration) }
        defer { count += shape.reduce(1, *) }
        parameters.append(
            ParameterTemplate(
                name: name, kind: kind, axes: axes, shape: shape, role: role, input: input, isRotated: isRotated,
                offset: count))
        return count
    }

    /// Adds matrices that read the same input. The rotary embedding turns the outputs of some.
    mutating func append(
        _ matrices: [(name: TensorName, outputs: Axis, isRotated: Bool)], reading input: LinearInput
    ) -> LinearMap {
        let offset = count
        for matrix in matrices {
            append(matrix.name, [matrix.outputs, input.axis], .hiddenMatrix, reading: input, isRotated: matrix.isRotated)
        }
        return LinearMap(
            offset: offset, outputs: matrices.map { $0.outputs.size(in: configuration) },
            inputs: input.width(in: configuration))
    }
}

/// Matrices [outputs, inputs], one after the other: one product computes them all.
struct LinearMap: Hashable, Sendable {
    let offset: Int
    /// Of each matrix.
    let outputs: [Int]
    let inputs: Int

    /// Of all matrices.
    var rows: Int { outputs.reduce(0, +) }
    var count: Int { rows * inputs }

    /// The same of a layer that starts there.
    func from(_ start: Int) -> LinearMap { LinearMap(offset: start + offset, outputs: outputs, inputs: inputs) }

    /// One of the matrices.
    func matrix(_ index: Int) -> LinearMap {
        LinearMap(
            offset: offset + outputs[..<index].reduce(0, +) * inputs, outputs: [outputs[index]], inputs: inputs)
    }

    func view(of weights: FloatBuffer) -> MatrixView { MatrixView(weights.base + offset, rows, inputs) }
}
