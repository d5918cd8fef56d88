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
        let keys = GGUFKeys(configuration.family)
        add("general.architecture", configuration.family.ggufArchitecture)
        add("general.type", "model")
        add("general.name", name)
        add("general.file_type", precision.fileType)
        if precision != .f16 { add("general.quantization_version", 2) }
        add(keys.positions, configuration.maximumPositions)
        add(keys.hidden, configuration.hiddenSize)
        add(keys.layers, configuration.layerCount)
        add(keys.intermediate, configuration.intermediateSize)
        add(keys.heads, configuration.headCount)
        add(keys.keyValueHeads, configuration.keyValueHeadCount)
        add(keys.keyLength, configuration.headDimension)
        add(keys.valueLength, configuration.headDimension)
        add(keys.normEpsilon, Float(configuration.normEpsilon))
        add(keys.rotatedChannels, configuration.headDimension)
        add(keys.ropeTheta, Float(configuration.ropeTheta))
        add(keys.vocabulary, configuration.vocabularySize)
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
        if !ropeFactors.isEmpty { header.add(tensor: GGUFFile.ropeFactors, .f32, shape: [ropeFactors.count]) }
        for parameter in model.parameters {
            header.add(tensor: parameter.ggufName, precision.type(of: parameter), shape: parameter.shape)
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
