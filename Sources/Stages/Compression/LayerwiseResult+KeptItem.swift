import Engine

/// Layers as long as each other.
extension LayerwiseResult: KeptItem {
    static func tensors(of items: [LayerwiseResult]) -> [String: StoredTensor] {
        func lists(_ name: String, _ values: (LayerwiseResult) -> [Int]) -> (String, StoredTensor) {
            (
                name,
                StoredTensor(
                    items.flatMap(values).map(Int64.init), shape: [items.count, items.first.map { values($0).count } ?? 0])
            )
        }
        func matrices(_ name: String, _ values: (LayerwiseResult) -> [Float]) -> (String, StoredTensor) {
            (name, StoredTensor(items.flatMap(values), shape: [items.count, items.first.map { values($0).count } ?? 0]))
        }
        let errors = items.flatMap { [$0.feedForwardError, $0.attentionError] }
        return Dictionary(uniqueKeysWithValues: [
            lists("neurons", \.neurons), lists("key_value_heads", \.keyValueHeads), matrices("down", \.down),
            matrices("output", \.output), ("errors", StoredTensor(doubles: errors, shape: [items.count, 2])),
        ])
    }

    static func items(in file: SafeTensors) throws -> [LayerwiseResult] {
        func pieces<Element>(_ name: String, _ values: [Element]) throws -> [ArraySlice<Element>] {
            let shape = try file.tensor(name).shape
            guard shape.count == 2 else { throw CheckpointFault("its tensors do not fit each other") }
            return (0..<shape[0]).map { values[$0 * shape[1]..<($0 + 1) * shape[1]] }
        }
        let neurons = try pieces("neurons", file.integers("neurons"))
        let heads = try pieces("key_value_heads", file.integers("key_value_heads"))
        let down = try pieces("down", file.floats("down"))
        let output = try pieces("output", file.floats("output"))
        let errors = try pieces("errors", file.doubles("errors")).map(Array.init)
        guard [heads.count, down.count, output.count, errors.count].allSatisfy({ $0 == neurons.count }),
            errors.allSatisfy({ $0.count == 2 })
        else { throw CheckpointFault("its tensors do not fit each other") }
        return neurons.indices.map {
            LayerwiseResult(
                neurons: Array(neurons[$0]), keyValueHeads: Array(heads[$0]), feedForwardError: errors[$0][0],
                attentionError: errors[$0][1], down: Array(down[$0]), output: Array(output[$0]))
        }
    }
}
