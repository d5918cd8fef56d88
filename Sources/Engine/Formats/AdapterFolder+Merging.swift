import CKernels
import Foundation

extension AdapterFolder {
    /// The model with the adapters added to its weights, as the library `peft` merges them: W + s·B·A for each matrix [out, in]
    /// that has factors, s its own; with stored lengths, each row of that brought to its length.
    ///
    /// - Throws: `ModelFileError` for files that are damaged, that ask for what is not computed here, or whose tensors are not
    ///   those of the model's matrices.
    package func merged(into model: Model, workers: WorkerPool) throws -> Model {
        let rules = try AdapterRules(readConfiguration())
        let file = try SafeTensors(reading: url.appending(path: Self.weightsFile))
        let weights = model.values.buffer.copy()
        var left = Set(file.names)
        for matrix in model.parameters where matrix.role == .hiddenMatrix {
            let stem = "base_model.model.\(matrix.module)."
            guard left.remove(stem + "lora_A.weight") != nil else { continue }
            let rank = try rules.rank(of: matrix.module)
            let a = try factor(stem + "lora_A.weight", [rank, matrix.shape[1]], of: file)
            let b = try factor(stem + "lora_B.weight", [matrix.shape[0], rank], of: file)
            left.remove(stem + "lora_B.weight")
            decant_scale(b.base, try rules.scale(of: matrix.module), b.count)
            let target = MatrixView(weights.base + matrix.offset, matrix.shape[0], matrix.shape[1])
            withExtendedLifetime((a, b)) {
                MatrixMultiply.product(
                    MatrixView(b.base, matrix.shape[0], rank), MatrixView(a.base, rank, matrix.shape[1]), into: target, .adding,
                    on: workers)
            }
            guard rules.hasLengths else { continue }
            let name = left.contains(stem + "lora_magnitude_vector") ? "lora_magnitude_vector" : "lora_magnitude_vector.weight"
            left.remove(stem + name)
            stretch(target, to: try factor(stem + name, [matrix.shape[0]], of: file))
        }
        if let foreign = left.min(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            throw fault(Self.weightsFile, "the tensor '\(foreign)' belongs to no adapted matrix of the model")
        }
        guard left.count < file.names.count else { throw fault(Self.weightsFile, "it has no factors") }
        return Model(model.layout, values: ModelWeights(adopting: weights))
    }

    private func factor(_ name: String, _ shape: [Int], of file: SafeTensors) throws(ModelFileError) -> FloatBuffer {
        guard try file.tensor(name).shape == shape else {
            throw fault(Self.weightsFile, "the tensor '\(name)' is not of the shape \(shape)")
        }
        return FloatBuffer(try file.floats(name))
    }

    /// Brings each row to its length.
    private func stretch(_ matrix: MatrixView, to lengths: FloatBuffer) {
        for row in 0..<matrix.rows {
            let start = matrix.base + row * matrix.stride
            let length = decant_sum_of_squares(start, matrix.columns).squareRoot()
            decant_scale(start, lengths.base[row] / Float(length), matrix.columns)
        }
    }
}
