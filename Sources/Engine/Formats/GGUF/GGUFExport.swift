import Foundation
import Synchronization

extension ModelFolder {
    /// Writes the model and its tokenizer as one GGUF file, which llama.cpp and `transformers` read.
    ///
    /// - Parameters:
    ///   - name: what the file calls the model.
    ///   - importance: what the model's matrices read. It decides which errors count where scales are searched.
    /// - Returns: what other programs will do otherwise; empty as a rule.
    /// - Throws: `ModelFileError` where the model cannot be read or a weight is beyond the range of half precision.
    @discardableResult
    package func writeGGUF(
        to url: URL, _ precision: GGUFPrecision, name: String, importance: CalibrationStatistics? = nil,
        workers: WorkerPool = .caller
    ) throws -> [String] {
        let model = try modelForGGUF()
        var header = GGUFHeader()
        header.add(model.configuration, name: name, precision)
        let tokenizer = try GGUFTokenizerEntries(
            tokenizer: readTokenizer(), settings: TokenizerSettings(readingFolder: self), for: model.configuration)
        tokenizer.add(to: &header)
        try GGUFExport(model, precision, importance, workers).write(header, to: url)
        return tokenizer.differences
    }

    /// The model as a GGUF file can hold it: its weights as floats, with a head of its own where llama.cpp wants one.
    package func modelForGGUF() throws -> Model {
        var model = try inferenceModel().restored()
        if model.configuration.family.gguf.needsHead { model = model.untied() }
        try model.configuration.checkForGGUF()
        return model
    }
}

extension GGUFHeader {
    fileprivate mutating func add(_ configuration: ModelConfiguration, name: String, _ precision: GGUFPrecision) {
        let keys = GGUFKeys(configuration.family)
        add("general.architecture", configuration.family.gguf.architecture)
        add("general.type", "model")
        add("general.name", name)
        add("general.file_type", precision.fileType)
        if precision.isQuantized { add("general.quantization_version", 2) }
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
    private let importance: CalibrationStatistics?
    private let workers: WorkerPool
    /// Of Llama 3's scaling; empty without it.
    private let ropeFactors: [Float]

    init(_ model: Model, _ precision: GGUFPrecision, _ importance: CalibrationStatistics?, _ workers: WorkerPool) {
        (self.model, self.precision, self.importance, self.workers) = (model, precision, importance, workers)
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
            header.add(tensor: parameter.ggufName, type(of: parameter), shape: parameter.shape)
        }
        try Data(header.bytes).write(to: url)
        let file = try FileHandle(forWritingTo: url)
        defer { try? file.close() }
        try file.seekToEnd()
        if !ropeFactors.isEmpty { try file.write(contentsOf: padded(ropeFactors.withUnsafeBytes(Array.init))) }
        for parameter in model.parameters { try file.write(contentsOf: padded(packed(parameter))) }
    }

    private func type(of parameter: Parameter) -> GGUFTensorType { precision.type(of: parameter, in: model.configuration) }

    private func padded(_ bytes: [UInt8]) -> [UInt8] { bytes + GGUFHeader.padding(after: bytes.count) }

    private func packed(_ parameter: Parameter) throws -> [UInt8] {
        let type = type(of: parameter)
        let columns = parameter.shape.last ?? 1
        var weights = model.weights(of: parameter)
        if let pairing = RotaryPairing(parameter, of: model.configuration) {
            weights = pairing.interleaved(weights, columns: columns)
        }
        let shift = model.configuration.family.normShift
        if parameter.role == .norm, shift != 0 { weights = weights.map { $0 + shift } }
        let importance = try parameter.place.flatMap { try self.importance?.meanSquares(of: $0.input, layer: $0.layer) }
        do throws(GGUFRangeError) {
            return try type.pack(weights, columns: columns, importance: importance, workers: workers)
        } catch {
            throw ModelFileError(
                file: WeightFiles.single, reason: "a weight of '\(parameter.name)' is beyond what \(type.name) can express")
        }
    }
}

extension GGUFTensorType {
    /// Rows that a thread packs at a time.
    private static let rowsAtATime = 64

    /// The blocks of a matrix, row by row.
    func pack(
        _ weights: [Float], columns: Int, importance: [Float]?, workers: WorkerPool
    ) throws(GGUFRangeError) -> [UInt8] {
        let rows = weights.count / columns
        let parts = Mutex<[Int: [UInt8]]>([:])
        workers.forEachRange(rows, size: Self.rowsAtATime) { range in
            var bytes: [UInt8] = []
            bytes.reserveCapacity(range.count * columns / blockLength * blockSize)
            let isDone: Void? = try? weights.withUnsafeBufferPointer { weights throws(GGUFRangeError) in
                for row in range {
                    let row = UnsafeBufferPointer(rebasing: weights[row * columns..<(row + 1) * columns])
                    try pack(row, importance: importance, into: &bytes)
                }
            }
            if isDone != nil { parts.withLock { $0[range.lowerBound] = bytes } }
        }
        let packed = parts.withLock { $0 }.sorted { $0.key < $1.key }.flatMap(\.value)
        guard packed.count == rows * (columns / blockLength) * blockSize else { throw GGUFRangeError() }
        return packed
    }
}
