extension QuantizedMatrix {
    /// The three tensors that stand for a module's weight in a compressed-tensors file.
    func storedTensors(module: String) -> [String: StoredTensor] {
        [
            module + ".weight_packed": StoredTensor(
                elementType: .int32, shape: [rows, bytesPerRow / 4], bytes: packed),
            module + ".weight_scale": StoredTensor(scales, shape: [rows, groupsPerRow]),
            module + ".weight_shape": StoredTensor([Int64(rows), Int64(columns)], shape: [2]),
        ]
    }
}
