/// A packed matrix as a file has it.
protocol StoredMatrix: PackedMatrix {
    /// Bytes of what stands for the weights.
    var byteCount: Int { get }
    /// What stands for a module's weight in a file.
    func storedTensors(module: String) -> [String: StoredTensor]
    /// The same weights for products.
    func panels() -> any WeightPanels
}

extension QuantizedMatrix: StoredMatrix {}
