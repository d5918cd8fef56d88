import CanonicalJSON
import Foundation

/// How an exported GGUF file stores a model's matrices. Norms and biases are F32, matrices whose rows do not divide into
/// blocks F16.
package enum GGUFPrecision: String, CaseIterable, Sendable {
    case f16
    case q8_0
    case q4_0

    func type(of parameter: Parameter) -> GGUFTensorType {
        guard parameter.shape.count == 2 else { return .f32 }
        let type: GGUFTensorType =
            switch self {
            case .f16: .f16
            case .q8_0: .q8_0
            case .q4_0: .q4_0
            }
        return parameter.shape[1].isMultiple(of: type.blockLength) ? type : .f16
    }

    /// `general.file_type`: what most tensors are.
    fileprivate var fileType: Int {
        switch self {
        case .f16: 1
        case .q8_0: 7
        case .q4_0: 2
        }
    }
}

extension ModelFolder {
    /// Writes the model and its tokenizer as one GGUF file, which llama.cpp and `transformers` read.
    ///
    /// - Parameter name: what the file calls the model.
    /// - Throws: `ModelFileError` where the model cannot be read or a weight is beyond the range of half precision.
    package func writeGGUF(to url: URL, _ precision: GGUFPrecision, name: String) throws {
        let model = try inferenceModel().restored()
        var header = GGUFHeader()
        header.add(model.configuration, name: name, precision)
        let tokenizer = try GGUFTokenizerEntries(
            tokenizer: readJSON("tokenizer.json"), configuration: readJSON("tokenizer_config.json"), for: model.configuration)
        tokenizer.add(to: &header)
        try GGUFExport(model, precision).write(header, to: url)
    }
}

extension GGUFHeader {
    fileprivate mutating func add(_ configuration: ModelConfiguration, name: String, _ precision: GGUFPrecision) {
        let architecture = configuration.modelType
        add("general.architecture", architecture)
        add("general.type", "model")
        add("general.name", name)
        add("general.file_type", precision.fileType)
        if precision != .f16 { add("general.quantization_version", 2) }
        add("\(architecture).context_length", configuration.maximumPositions)
        add("\(architecture).embedding_length", configuration.hiddenSize)
        add("\(architecture).block_count", configuration.layerCount)
        add("\(architecture).feed_forward_length", configuration.intermediateSize)
        add("\(architecture).attention.head_count", configuration.headCount)
        add("\(architecture).attention.head_count_kv", configuration.keyValueHeadCount)
        add("\(architecture).attention.key_length", configuration.headDimension)
        add("\(architecture).attention.value_length", configuration.headDimension)
        add("\(architecture).attention.layer_norm_rms_epsilon", Float(configuration.normEpsilon))
        add("\(architecture).rope.dimension_count", configuration.headDimension)
        add("\(architecture).rope.freq_base", Float(configuration.ropeTheta))
        add("\(architecture).vocab_size", configuration.vocabularySize)
    }
}

/// A model's tensors on their way into a file.
private struct GGUFExport {
    private let model: Model
    private let precision: GGUFPrecision
    /// Of Llama 3's scaling; empty without it.
    private let ropeFactors: [Float]

    init(_ model: Model, _ precision: GGUFPrecision) {
        self.model = model
        self.precision = precision
        ropeFactors = model.configuration.ropeScaling.map(model.configuration.ropeFactors) ?? []
    }

    /// Writes the header with the tensors added to it, then the data, tensor by tensor.
    func write(_ header: GGUFHeader, to url: URL) throws {
        var header = header
        if !ropeFactors.isEmpty { header.add(tensor: GGUFTensorNames.ropeFactors, .f32, shape: [ropeFactors.count]) }
        for parameter in model.parameters {
            header.add(tensor: GGUFTensorNames.name(of: parameter), precision.type(of: parameter), shape: parameter.shape)
        }
        try Data(header.bytes).write(to: url)
        let file = try FileHandle(forWritingTo: url)
        defer { try? file.close() }
        try file.seekToEnd()
        if !ropeFactors.isEmpty { try file.write(contentsOf: padded(ropeFactors.withUnsafeBytes(Array.init))) }
        for parameter in model.parameters { try file.write(contentsOf: padded(packed(parameter))) }
    }

    private func padded(_ bytes: [UInt8]) -> [UInt8] { bytes + GGUFHeader.padding(after: bytes.count) }

    private func packed(_ parameter: Parameter) throws(ModelFileError) -> [UInt8] {
        let type = precision.type(of: parameter)
        let columns = parameter.shape.last ?? 1
        var weights = model.weights(of: parameter)
        if let pairing = RotaryPairing(parameter, of: model.configuration) {
            weights = pairing.interleaved(weights, columns: columns)
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(weights.count / type.blockLength * type.blockSize)
        do throws(GGUFRangeError) {
            try weights.withUnsafeBufferPointer { weights throws(GGUFRangeError) in
                for start in stride(from: 0, to: weights.count, by: columns) {
                    try type.pack(UnsafeBufferPointer(rebasing: weights[start..<start + columns]), into: &bytes)
                }
            }
        } catch {
            throw ModelFileError(
                file: WeightFiles.single, reason: "a weight of '\(parameter.name)' is beyond what \(type.name) can express")
        }
        return bytes
    }
}
