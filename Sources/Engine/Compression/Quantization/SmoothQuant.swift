/// SmoothQuant (Xiao et al., arXiv 2211.10438): input j of a linear module is divided by s_j = max|X_j|^α / max|W_j|^(1−α), and
/// the weights that read it are multiplied by it. What is computed stays the same; large activations become easier to round.
///
/// The division is folded into what makes the inputs, so that it costs nothing: into the weight of the norm before queries, keys
/// and values, and before gate and up; into the rows of up before down; and into the rows of v (and its bias) before o, where the
/// query heads that share a key/value head share the divisors. Inputs without a norm before them stay as they are.
package struct SmoothQuant: Hashable, Sendable {
    /// α: how much of the activations' range moves into the weights, from 0 to 1.
    package let strength: Double

    package init(strength: Double) { self.strength = strength }

    /// The divisors of each input.
    typealias Divisors = [LinearPlace: [Float]]

    /// Smooths each input that a quantized module reads.
    func smooth(
        _ tensors: inout [String: StoredTensor], _ configuration: ModelConfiguration, _ statistics: CalibrationStatistics,
        quantizing names: Set<String>
    ) throws -> Divisors {
        var divisors: Divisors = [:]
        let parameters = Dictionary(grouping: DecoderLayout(configuration).parameters, by: \.place)
        for layer in 0..<configuration.layerCount {
            for input in LinearInput.allCases {
                let place = LinearPlace(layer: layer, input: input)
                let readers = (parameters[place] ?? []).map(\.name)
                let quantized = readers.filter(names.contains)
                if quantized.isEmpty || !configuration.family.canScale(input) { continue }
                var reach = [Float](repeating: 0, count: input.width(in: configuration))
                for name in quantized {
                    let weights = try Self.floats(tensors, name)
                    for (index, weight) in weights.enumerated() {
                        reach[index % reach.count] = max(reach[index % reach.count], abs(weight))
                    }
                }
                var ranges = try statistics.ranges(of: input, layer: layer)
                if input == .output {
                    (ranges, reach) = (shared(ranges, configuration), shared(reach, configuration))
                }
                let scales = zip(ranges, reach).map { scale(range: $0, reach: $1) }
                for name in readers { try Self.change(&tensors, name) { $1 *= scales[$0 % scales.count] } }
                try fold(scales, into: place, &tensors, configuration)
                divisors[place] = scales
            }
        }
        return divisors
    }

    /// 1 where one of the two is zero.
    func scale(range: Float, reach: Float) -> Float {
        guard range > 0, reach > 0, range.isFinite, reach.isFinite else { return 1 }
        let power = strength * PortableMath.log(Double(range)) - (1 - strength) * PortableMath.log(Double(reach))
        return max(Float(PortableMath.exp(power)), 1e-5)
    }

    /// Divides the weights that produce the input.
    private func fold(
        _ scales: [Float], into place: LinearPlace, _ tensors: inout [String: StoredTensor], _ configuration: ModelConfiguration
    ) throws {
        let family = configuration.family
        func module(_ name: TensorName) -> String { name.inLayer(place.layer, of: family).huggingFace }
        switch place.input {
        case .attention, .feedForward:
            guard let norm = family.norm(before: place.input) else { return }
            let shift = family.normShift
            try Self.change(&tensors, module(norm) + ".weight") { $1 = ($1 + shift) / scales[$0] - shift }
        case .down:
            let inputs = configuration.hiddenSize
            let (up, first) = family.feedForward.fused.map { ($0, scales.count) } ?? (family.feedForward.up, 0)
            try Self.change(&tensors, module(up) + ".weight") { index, weight in
                if index / inputs >= first { weight /= scales[index / inputs - first] }
            }
        case .output:
            let (inputs, size) = (configuration.hiddenSize, configuration.headDimension)
            let heads = configuration.headCount / configuration.keyValueHeadCount
            // The first of the query heads that read a key/value head.
            func divisor(_ row: Int) -> Float { scales[row / size * heads * size + row % size] }
            let fused = family.attention.fused.map { ($0, configuration.attentionSize + configuration.keyValueSize) }
            let (name, first) = fused ?? (family.attention.value, 0)
            let value = module(name)
            try Self.change(&tensors, value + ".weight") { index, weight in
                if index / inputs >= first { weight /= divisor(index / inputs - first) }
            }
            if family.attention.hasBias { try Self.change(&tensors, value + ".bias") { $1 /= divisor($0) } }
        }
    }

    /// The largest value over the query heads that share a key/value head, for each of them.
    private func shared(_ values: [Float], _ configuration: ModelConfiguration) -> [Float] {
        let size = configuration.headDimension
        let heads = configuration.headCount / configuration.keyValueHeadCount
        return values.indices.map { index in
            let first = index / (heads * size) * heads * size + index % size
            return (0..<heads).reduce(0) { max($0, values[first + $1 * size]) }
        }
    }

    private static func floats(_ tensors: [String: StoredTensor], _ name: String) throws(QuantizationError) -> [Float] {
        guard let floats = tensors[name]?.floats() else {
            throw QuantizationError("\(name) is missing, or does not hold floats; SmoothQuant changes it.")
        }
        return floats
    }

    private static func change(
        _ tensors: inout [String: StoredTensor], _ name: String, _ body: (Int, inout Float) -> Void
    ) throws(QuantizationError) {
        var values = try floats(tensors, name)
        for index in values.indices { body(index, &values[index]) }
        tensors[name] = StoredTensor(values, shape: tensors[name]?.shape ?? [])
    }
}

extension ModelFamily {
    /// The norm that makes the input of a block.
    fileprivate func norm(before input: LinearInput) -> TensorName? {
        switch input {
        case .attention: attention.norm
        case .feedForward: feedForward.norm
        case .output, .down: nil
        }
    }

    /// Whether something before an input can take up a division.
    fileprivate func canScale(_ input: LinearInput) -> Bool {
        input == .output || input == .down || norm(before: input) != nil
    }
}
