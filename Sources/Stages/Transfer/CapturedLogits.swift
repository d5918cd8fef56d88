import Engine
import Foundation

/// `logits.safetensors`: sequences with a teacher's top-k logits at their response positions, back to back.
struct CapturedLogits {
    var examples: [TrainingExample]

    static let file = "logits.safetensors"

    /// - Parameter examples: each with its teacher's logits, of one k.
    init(_ examples: [TrainingExample]) { self.examples = examples }

    var tensors: [String: StoredTensor] {
        let teachers = examples.compactMap(\.teacher)
        let k = teachers.first?.k ?? 0
        let positions = teachers.reduce(0) { $0 + $1.positionCount }
        let tokens = examples.flatMap(\.tokens)
        return [
            "tokens": StoredTensor(tokens, shape: [tokens.count]),
            "row_offsets": StoredTensor(Self.offsets(examples.map(\.tokens.count)), shape: [examples.count + 1]),
            "prompt_lengths": StoredTensor(examples.map { Int32($0.promptLength) }, shape: [examples.count]),
            "position_offsets": StoredTensor(Self.offsets(teachers.map(\.positionCount)), shape: [examples.count + 1]),
            "top_tokens": StoredTensor(teachers.flatMap(\.topTokens), shape: [positions, k]),
            "top_logits": StoredTensor(teachers.flatMap(\.topLogits), shape: [positions, k]),
            "log_sum_exp": StoredTensor(teachers.flatMap(\.logSumExp), shape: [positions]),
        ]
    }

    /// Reads the file; tensors that do not fit each other are refused.
    init(reading url: URL) throws {
        let file = try SafeTensors(reading: url)
        let tokens = try file.integers("tokens")
        let rows = try file.integers("row_offsets")
        let prompts = try file.integers("prompt_lengths")
        let positions = try file.integers("position_offsets")
        let topTokens = try file.integers("top_tokens")
        let topLogits = try file.floats("top_logits")
        let logSumExp = try file.floats("log_sum_exp")
        let k = try file.tensor("top_tokens").shape.last ?? 0
        guard rows.count == prompts.count + 1, positions.count == rows.count, rows.first == 0, rows.last == tokens.count,
            positions.first == 0, positions.last == logSumExp.count, topTokens.count == logSumExp.count * k,
            topLogits.count == topTokens.count, k > 0, zip(rows, rows.dropFirst()).allSatisfy(<),
            zip(positions, positions.dropFirst()).allSatisfy(<)
        else { throw ModelFileError(file: Self.file, reason: "the tensors do not fit each other") }
        examples = try prompts.indices.map { row in
            let range = positions[row]..<positions[row + 1]
            guard prompts[row] > 0, rows[row + 1] - rows[row] - prompts[row] == range.count else {
                throw ModelFileError(file: Self.file, reason: "row \(row + 1) has other positions than response tokens")
            }
            let entries = range.lowerBound * k..<range.upperBound * k
            return TrainingExample(
                tokens: tokens[rows[row]..<rows[row + 1]].map { Int32(truncatingIfNeeded: $0) }, promptLength: prompts[row],
                teacher: TeacherLogits(
                    k: k, topTokens: topTokens[entries].map { Int32(truncatingIfNeeded: $0) },
                    topLogits: Array(topLogits[entries]), logSumExp: Array(logSumExp[range])))
        }
    }

    /// 0, then the running sums.
    private static func offsets(_ counts: [Int]) -> [Int64] {
        counts.reduce(into: [0]) { $0.append($0[$0.count - 1] + Int64($1)) }
    }
}
