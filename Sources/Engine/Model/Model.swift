/// A decoder-only transformer: its configuration and all its weights in one piece of memory.
package struct Model: Sendable {
    package let configuration: ModelConfiguration
    /// In the order in which the weights lie in `values`.
    package let parameters: [Parameter]
    package internal(set) var values: ModelWeights
    let layout: DecoderLayout

    /// A model whose weights are all zero, to be filled with `setWeights`.
    package init(zeros configuration: ModelConfiguration) {
        self.configuration = configuration
        layout = DecoderLayout(configuration)
        parameters = layout.parameters
        values = ModelWeights(count: layout.count)
    }

    /// - Parameter values: as many as the layout has.
    init(_ layout: DecoderLayout, values: ModelWeights) {
        configuration = layout.configuration
        self.layout = layout
        parameters = layout.parameters
        self.values = values
    }

    /// All weights, the embedding once where it is tied to the head.
    package var parameterCount: Int { values.count }

    package func parameter(named name: String) -> Parameter? { parameters.first { $0.name == name } }

    package func weights(of parameter: Parameter) -> [Float] { Array(values[parameter.range]) }

    /// Replaces the weights of one parameter; `weights` are row-major, of its shape.
    package mutating func setWeights(_ weights: [Float], of parameter: Parameter) throws(ModelWeightsError) {
        guard weights.count == parameter.count else {
            throw ModelWeightsError(name: parameter.name, expected: parameter.count, found: weights.count)
        }
        fill(parameter) { _ = $0.update(fromContentsOf: weights) }
    }

    /// Lets `body` write the weights of one parameter in place.
    mutating func fill<Failure: Error>(
        _ parameter: Parameter, _ body: (UnsafeMutableBufferPointer<Float>) throws(Failure) -> Void
    ) throws(Failure) {
        try values.withUnsafeMutableBufferPointer { values throws(Failure) in
            try body(UnsafeMutableBufferPointer(rebasing: values[parameter.range]))
        }
    }
}

extension Model {
    /// Draws a new model: matrices and embeddings normal with deviation 0.02, the two projections that write to the residual
    /// stream (`o_proj`, `down_proj`) divided by √(2·layers) as in GPT-2, norms one, biases zero.
    package init(initializing configuration: ModelConfiguration, seed: UInt64) {
        self.init(zeros: configuration)
        let residualScale = 1 / Double(2 * configuration.layerCount).squareRoot()
        for (index, parameter) in parameters.enumerated() {
            switch parameter.role {
            case .norm: fill(parameter) { $0.update(repeating: 1 - configuration.family.normShift) }
            case .bias, .adapter: continue
            case .embedding, .head, .hiddenMatrix:
                let deviation = 0.02 * (parameter.writesHiddenStates ? residualScale : 1)
                let random = Philox(seed: seed, purpose: .initialization, step: UInt64(index))
                fill(parameter) { weights in
                    for pair in stride(from: 0, to: weights.count, by: 2) {
                        let normals = random.normals(UInt32(truncatingIfNeeded: pair / 2))
                        weights[pair] = Float(normals.0 * deviation)
                        if pair + 1 < weights.count { weights[pair + 1] = Float(normals.1 * deviation) }
                    }
                }
            }
        }
    }
}

extension Model {
    /// The model over its first tokens: no loss and no answer has those beyond, which pad the embedding.
    package func over(tokens: Int) -> Model {
        var known = configuration
        known.knownTokens = tokens
        return Model(DecoderLayout(known), values: values)
    }

    /// The model with a head of its own, a copy of the embedding where the two were one.
    func untied() -> Model {
        guard configuration.tiesEmbeddings else { return self }
        var other = configuration
        other.tiesEmbeddings = false
        var model = Model(zeros: other)
        model.values.withUnsafeMutableBufferPointer { target in
            let end = target[...].update(fromContentsOf: values)
            _ = target[end...].update(fromContentsOf: values[0..<layout.embeddingCount])
        }
        return model
    }
}

/// Weights that do not fit the parameter they are meant for.
package struct ModelWeightsError: Error, Hashable, Sendable, CustomStringConvertible {
    package var name: String
    package var expected: Int
    package var found: Int

    package var description: String { "The tensor '\(name)' has \(found) values where the model expects \(expected)." }
}

/// All weights of a model as float32, in one piece of memory. Copies share the memory until one of them is written. Memory that
/// was never written is zero and takes no space.
///
/// Memory is written only while one value owns it alone, so values may cross threads.
package struct ModelWeights: @unchecked Sendable {
    /// To be read.
    private(set) var buffer: FloatBuffer

    /// All zero.
    init(count: Int) { buffer = FloatBuffer(count: count) }

    /// Takes memory that nobody else will write.
    init(adopting buffer: FloatBuffer) { self.buffer = buffer }

    init(copying buffer: FloatBuffer) { self.buffer = buffer.copy() }

    /// The same weights in memory of their own.
    func copied() -> ModelWeights { ModelWeights(copying: buffer) }

    func withUnsafeBufferPointer<Result, Failure: Error>(
        _ body: (UnsafeBufferPointer<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        defer { withExtendedLifetime(buffer) {} }
        return try body(UnsafeBufferPointer(start: buffer.base, count: buffer.count))
    }

    mutating func withUnsafeMutableBufferPointer<Result, Failure: Error>(
        _ body: (UnsafeMutableBufferPointer<Float>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        if !isKnownUniquelyReferenced(&buffer) { buffer = buffer.copy() }
        let memory = buffer
        defer { withExtendedLifetime(memory) {} }
        return try body(UnsafeMutableBufferPointer(start: memory.base, count: memory.count))
    }
}

extension ModelWeights: RandomAccessCollection {
    package var startIndex: Int { 0 }
    package var endIndex: Int { buffer.count }

    package subscript(place: Int) -> Float {
        precondition(place >= 0 && place < buffer.count, "no such weight")
        return buffer.base[place]
    }

    package func withContiguousStorageIfAvailable<Result>(
        _ body: (UnsafeBufferPointer<Float>) throws -> Result
    ) rethrows -> Result? {
        try withUnsafeBufferPointer(body)
    }
}

extension ModelWeights: Equatable {
    package static func == (left: ModelWeights, right: ModelWeights) -> Bool { left.elementsEqual(right) }
}
