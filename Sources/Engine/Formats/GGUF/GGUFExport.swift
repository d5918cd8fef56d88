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
        var model = try inferenceModel().restored()
        if model.configuration.family.gguf.needsHead { model = model.untied() }
        try model.configuration.checkForGGUF()
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
        add("general.architecture", configuration.family.gguf.architecture)
        add("general.type", "model")
        add("general.name", name)
        add("general.file_type", precision.fileType)
        if precision != .f16 { add("general.quantization_version", 2) }
        add(keys.positions, configuration.positionsOfGGUF)
        add(keys.hidden, configuration.hiddenSize)
        add(keys.layers, configuration.layerCount)
        add(keys.intermediate, configuration.intermediateSize)
        add(keys.heads, configuration.headCount)
        add(keys.keyValueHeads, configuration.keyValueHeadCount)
        add(keys.keyLength, configuration.headDimension)
        add(keys.valueLength, configuration.headDimension)
        add(keys.normEpsilon, Float(configuration.normEpsilon))
        add(keys.rotatedChannels, configuration.turnedChannels)
        add(keys.ropeTheta, Float(configuration.ropeTheta))
        add(keys.vocabulary, configuration.vocabularySize)
        addWindows(configuration, keys)
        switch configuration.ropeScaling {
        case .linear(let factor):
            add(keys.scalingType, "linear")
            add(keys.scalingFactor, Float(factor))
        case .yarn(let scaling):
            add(keys.scalingType, "yarn")
            add(keys.scalingFactor, Float(scaling.factor))
            add(keys.originalPositions, scaling.originalPositions)
        case .llama3, nil: break
        }
    }

    private mutating func addWindows(_ configuration: ModelConfiguration, _ keys: GGUFKeys) {
        guard configuration.family.gguf.windowInterval != nil, let window = configuration.window else { return }
        add(keys.window, window)
        let slides = configuration.layerAttentions.map(\.slides)
        if slides != configuration.windowsOfGGUF { add(keys.windowPattern, slides) }
        if let theta = configuration.localRopeTheta { add(keys.localRopeTheta, Float(theta)) }
    }
}

/// A model's tensors on their way into a file.
private struct GGUFExport {
    private let model: Model
    private let precision: GGUFPrecision
    /// Of Llama 3's scaling; empty without it.
    private let ropeFactors: [Float]

    init(_ model: Model, _ precision: GGUFPrecision) {
        (self.model, self.precision) = (model, precision)
        if case .llama3(let scaling) = model.configuration.ropeScaling {
            ropeFactors = model.configuration.ropeFactors(scaling)
        } else {
            ropeFactors = []
        }
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
        let shift = model.configuration.family.normShift
        if parameter.role == .norm, shift != 0 { weights = weights.map { $0 + shift } }
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

/// The header of a GGUF file that is being made: entries in the order in which they are added.
struct GGUFHeader {
    private var metadata: [UInt8] = []
    private var metadataCount = 0
    private var tensors: [UInt8] = []
    private var tensorCount = 0
    /// Bytes of the tensors so far, each padded.
    private var dataSize = 0

    /// The format's default.
    static let alignment = 32

    mutating func add(_ key: String, _ value: UInt32) { add(key, .uint32) { Self.append(value, to: &$0) } }
    mutating func add(_ key: String, _ value: Int) { add(key, UInt32(truncatingIfNeeded: value)) }
    mutating func add(_ key: String, _ value: Float) { add(key, .float32) { Self.append(value.bitPattern, to: &$0) } }
    mutating func add(_ key: String, _ value: Bool) { add(key, .bool) { $0.append(value ? 1 : 0) } }
    mutating func add(_ key: String, _ value: String) { add(key, .string) { Self.append(value, to: &$0) } }

    mutating func add(_ key: String, _ values: [String]) {
        add(key, .array) { bytes in
            Self.append(GGUFValueType.string.rawValue, to: &bytes)
            Self.append(UInt64(values.count), to: &bytes)
            for value in values { Self.append(value, to: &bytes) }
        }
    }

    mutating func add(_ key: String, _ values: [Int32]) {
        add(key, .array) { bytes in
            Self.append(GGUFValueType.int32.rawValue, to: &bytes)
            Self.append(UInt64(values.count), to: &bytes)
            for value in values { Self.append(value, to: &bytes) }
        }
    }

    mutating func add(_ key: String, _ values: [Bool]) {
        add(key, .array) { bytes in
            Self.append(GGUFValueType.bool.rawValue, to: &bytes)
            Self.append(UInt64(values.count), to: &bytes)
            bytes += values.map { $0 ? 1 : 0 }
        }
    }

    private mutating func add(_ key: String, _ type: GGUFValueType, _ write: (inout [UInt8]) -> Void) {
        Self.append(key, to: &metadata)
        Self.append(type.rawValue, to: &metadata)
        write(&metadata)
        metadataCount += 1
    }

    /// Adds a tensor; its data follow those of the one added before, both padded.
    mutating func add(tensor name: String, _ type: GGUFTensorType, shape: [Int]) {
        Self.append(name, to: &tensors)
        Self.append(UInt32(shape.count), to: &tensors)
        for extent in shape.reversed() { Self.append(UInt64(extent), to: &tensors) }
        Self.append(type.rawValue, to: &tensors)
        Self.append(UInt64(dataSize), to: &tensors)
        tensorCount += 1
        dataSize += Self.padded(shape.reduce(1, *) / type.blockLength * type.blockSize)
    }

    /// Everything before the data.
    var bytes: [UInt8] {
        var bytes = Array("GGUF".utf8)
        Self.append(UInt32(3), to: &bytes)
        Self.append(UInt64(tensorCount), to: &bytes)
        Self.append(UInt64(metadataCount), to: &bytes)
        bytes += metadata + tensors
        return bytes + Self.padding(after: bytes.count)
    }

    static func padding(after count: Int) -> [UInt8] { Array(repeating: 0, count: padded(count) - count) }

    private static func padded(_ count: Int) -> Int { (count + alignment - 1) / alignment * alignment }

    private static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private static func append(_ text: String, to bytes: inout [UInt8]) {
        append(UInt64(text.utf8.count), to: &bytes)
        bytes.append(contentsOf: text.utf8)
    }
}
