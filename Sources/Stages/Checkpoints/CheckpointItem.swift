import Engine

/// One of many results that a checkpoint can hold.
protocol CheckpointItem: Sendable {
    /// The items one after another, numbers bit by bit.
    static func tensors(of items: [Self]) -> [String: StoredTensor]

    /// Reads them back; tensors that do not fit each other are refused.
    static func items(in file: SafeTensors) throws -> [Self]
}

extension GeneratedSequence: CheckpointItem {
    static func tensors(of items: [GeneratedSequence]) -> [String: StoredTensor] {
        let tokens = items.flatMap(\.tokens)
        return [
            "tokens": StoredTensor(tokens, shape: [tokens.count]),
            "lengths": StoredTensor(items.map { Int64($0.tokens.count) }, shape: [items.count]),
            "ends": StoredTensor(items.map(\.end.rawValue), shape: [items.count]),
            "surplus": StoredTensor(items.map { Int64($0.surplusBytes) }, shape: [items.count]),
            "recorded": StoredTensor(items.map { Int64($0.logProbabilities.count) }, shape: [items.count]),
            "log_probabilities": StoredTensor(
                items.flatMap(\.logProbabilities), shape: [items.reduce(0) { $0 + $1.logProbabilities.count }]),
            "choice_log_probabilities": StoredTensor(
                items.flatMap(\.choiceLogProbabilities), shape: [items.reduce(0) { $0 + $1.choiceLogProbabilities.count }]),
        ]
    }

    static func items(in file: SafeTensors) throws -> [GeneratedSequence] {
        let tokens = try Pieces(of: file.integers("tokens"), lengths: file.integers("lengths"))
        let recorded = try file.integers("recorded")
        let probabilities = try Pieces(of: file.floats("log_probabilities"), lengths: recorded)
        let choices = try Pieces(of: file.floats("choice_log_probabilities"), lengths: recorded)
        let ends = try file.integers("ends").map { GeneratedSequence.End(rawValue: Int32(truncatingIfNeeded: $0)) }
        let surplus = try file.integers("surplus")
        guard [ends.count, surplus.count, recorded.count].allSatisfy({ $0 == tokens.count }) else {
            throw CheckpointFault("its tensors do not fit each other")
        }
        return try ends.indices.map {
            guard let end = ends[$0] else { throw CheckpointFault("it has an answer that ended in an unknown way") }
            return GeneratedSequence(
                tokens: tokens[$0].map { Int32(truncatingIfNeeded: $0) }, end: end, surplusBytes: surplus[$0],
                logProbabilities: Array(probabilities[$0]), choiceLogProbabilities: Array(choices[$0]))
        }
    }
}

extension TeacherLogits: CheckpointItem {
    static func tensors(of items: [TeacherLogits]) -> [String: StoredTensor] {
        let k = items.first?.k ?? 0
        let positions = items.reduce(0) { $0 + $1.positionCount }
        return [
            "top_tokens": StoredTensor(items.flatMap(\.topTokens), shape: [positions, k]),
            "top_logits": StoredTensor(items.flatMap(\.topLogits), shape: [positions, k]),
            "log_sum_exp": StoredTensor(items.flatMap(\.logSumExp), shape: [positions]),
            "log_rest": StoredTensor(items.flatMap(\.logRest), shape: [positions]),
            "lengths": StoredTensor(items.map { Int64($0.positionCount) }, shape: [items.count]),
        ]
    }

    static func items(in file: SafeTensors) throws -> [TeacherLogits] {
        let k = try file.tensor("top_tokens").shape.last ?? 0
        let lengths = try file.integers("lengths")
        let entries = lengths.map { $0.multipliedReportingOverflow(by: k).partialValue }
        let topTokens = try Pieces(of: file.integers("top_tokens"), lengths: entries)
        let topLogits = try Pieces(of: file.floats("top_logits"), lengths: entries)
        let logSumExp = try Pieces(of: file.floats("log_sum_exp"), lengths: lengths)
        let logRest = try Pieces(of: file.floats("log_rest"), lengths: lengths)
        return lengths.indices.map {
            TeacherLogits(
                k: k, topTokens: topTokens[$0].map { Int32(truncatingIfNeeded: $0) }, topLogits: Array(topLogits[$0]),
                logSumExp: Array(logSumExp[$0]), logRest: Array(logRest[$0]))
        }
    }
}

/// Sums; every item has the same number of them.
extension [Double]: CheckpointItem {
    static func tensors(of items: [[Double]]) -> [String: StoredTensor] {
        ["sums": StoredTensor(doubles: items.flatMap { $0 }, shape: [items.count, items.first?.count ?? 0])]
    }

    static func items(in file: SafeTensors) throws -> [[Double]] {
        let shape = try file.tensor("sums").shape
        guard shape.count == 2 else { throw CheckpointFault("its tensors do not fit each other") }
        let sums = try Pieces(of: file.doubles("sums"), lengths: [Int](repeating: shape[1], count: shape[0]))
        return (0..<shape[0]).map { Array(sums[$0]) }
    }
}

/// Vectors of one encoder, all of one length.
extension SentenceEmbedding: CheckpointItem {
    static func tensors(of items: [SentenceEmbedding]) -> [String: StoredTensor] {
        ["vectors": StoredTensor(items.flatMap(\.values), shape: [items.count, items.first?.values.count ?? 0])]
    }

    static func items(in file: SafeTensors) throws -> [SentenceEmbedding] {
        let shape = try file.tensor("vectors").shape
        guard shape.count == 2 else { throw CheckpointFault("its tensors do not fit each other") }
        let vectors = try Pieces(of: file.floats("vectors"), lengths: [Int](repeating: shape[1], count: shape[0]))
        return (0..<shape[0]).map { SentenceEmbedding(Array(vectors[$0])) }
    }
}

/// An array cut into pieces.
private struct Pieces<Element> {
    private let elements: [Element]
    private let offsets: [Int]

    var count: Int { offsets.count - 1 }

    subscript(index: Int) -> ArraySlice<Element> { elements[offsets[index]..<offsets[index + 1]] }

    /// - Throws: `CheckpointFault` unless the lengths fill the array.
    init(of elements: [Element], lengths: [Int]) throws(CheckpointFault) {
        var offsets = [0]
        for length in lengths {
            guard let last = offsets.last, (0...elements.count - last).contains(length) else {
                throw CheckpointFault("its tensors do not fit each other")
            }
            offsets.append(last + length)
        }
        guard offsets.last == elements.count else { throw CheckpointFault("its tensors do not fit each other") }
        (self.elements, self.offsets) = (elements, offsets)
    }
}

/// Layers of one model, all of one size.
extension LayerwiseResult: CheckpointItem {
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
