import Foundation

/// The statistics of every linear module's input, as `statistics.safetensors` holds them: the lower triangle of H as float32
/// (`model.layers.3.down.hessian`), the ranges (`….range`), and the number of tokens (`tokens`).
///
/// Bit widths, group sizes and methods share the file. It is mapped; one input is read at a time.
package struct CalibrationStatistics: Sendable {
    private let file: SafeTensors
    private let configuration: ModelConfiguration
    package let tokenCount: Int

    /// - Throws: `ModelFileError` when the file is damaged, or not of a model of this shape.
    package init(reading url: URL, for configuration: ModelConfiguration) throws(ModelFileError) {
        file = try SafeTensors(reading: url)
        self.configuration = configuration
        let tokens = try file.integers("tokens")
        guard tokens.count == 1, tokens[0] > 0 else {
            throw ModelFileError(file: file.file, reason: "'tokens' is not one positive number")
        }
        tokenCount = tokens[0]
        for layer in 0..<configuration.layerCount {
            for input in LinearInput.allCases {
                let width = input.width(in: configuration)
                try file.check(Self.name(input, layer, "hessian"), shape: [width * (width + 1) / 2])
                try file.check(Self.name(input, layer, "range"), shape: [width])
            }
        }
    }

    func statistics(of input: LinearInput, layer: Int) throws(ModelFileError) -> InputStatistics {
        let width = input.width(in: configuration)
        let triangle = try file.floats(Self.name(input, layer, "hessian"))
        guard triangle.allSatisfy(\.isFinite) else {
            throw ModelFileError(
                file: file.file, reason: "'\(Self.name(input, layer, "hessian"))' holds a value that is not a finite number")
        }
        return InputStatistics(width: width, triangle: triangle, ranges: try ranges(of: input, layer: layer))
    }

    /// The mean square of each value of an input: what llama.cpp calls an importance matrix.
    func meanSquares(of input: LinearInput, layer: Int) throws(ModelFileError) -> [Float] {
        let triangle = try file.floats(Self.name(input, layer, "hessian"))
        let means = (0..<input.width(in: configuration)).map { triangle[$0 * ($0 + 3) / 2] / Float(tokenCount) }
        guard means.allSatisfy({ $0.isFinite && $0 >= 0 }) else {
            throw ModelFileError(
                file: file.file, reason: "'\(Self.name(input, layer, "hessian"))' holds what is no sum of squares")
        }
        return means
    }

    func ranges(of input: LinearInput, layer: Int) throws(ModelFileError) -> [Float] {
        try file.floats(Self.name(input, layer, "range"))
    }

    private static func name(_ input: LinearInput, _ layer: Int, _ kind: String) -> String {
        "model.layers.\(layer).\(input.rawValue).\(kind)"
    }
}

extension CalibrationStatistics {
    /// Runs the sequences through the model and writes what its modules read, layer by layer, one layer in memory at a time.
    ///
    /// - Parameter report: told how many layers are done.
    /// - Throws: `GenerationError` when there is no sequence, or one that the model cannot read; what writing throws.
    package static func write(
        of model: InferenceModel, on sequences: [[Int32]], to url: URL, workers: WorkerPool, report: (Int) -> Void = { _ in }
    ) throws {
        let pass = try CalibrationPass(model, sequences, workers: workers)
        let configuration = model.model.configuration
        let layers = configuration.layerCount
        var tensors: [(name: String, type: ElementType, shape: [Int])] = [("tokens", .int64, [1])]
        for layer in 0..<layers {
            for input in LinearInput.allCases {
                let width = input.width(in: configuration)
                tensors.append((name(input, layer, "hessian"), .float32, [width * (width + 1) / 2]))
                tensors.append((name(input, layer, "range"), .float32, [width]))
            }
        }
        try SafeTensors.write(tensors, to: url) { append in
            try append(StoredTensor([Int64(pass.tokenCount)], shape: [1]))
            for layer in 0..<layers {
                let statistics = pass.statistics(advancingThrough: layer)
                for input in LinearInput.allCases {
                    guard let values = statistics[input] else { continue }
                    let triangle = values.triangle
                    guard triangle.allSatisfy(\.isFinite) else {
                        throw GenerationError("Layer \(layer) gives values that are not finite; the model has diverged.")
                    }
                    try append(StoredTensor(triangle, shape: [triangle.count]))
                    try append(StoredTensor(values.ranges, shape: [values.width]))
                }
                report(layer + 1)
            }
        }
    }
}
