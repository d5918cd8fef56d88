import Engine
import Kinds

/// Sequences with a teacher's top-k logits, back to back; `KDCapture` says what the tensors are.
struct CapturedLogits: TensorContent {
    var examples: [TrainingExample]

    /// Steps of a stored difference to the largest logit, in a unit: half a step is 4.9e-4 of a probability.
    private static let steps: Float = 1024

    /// - Parameter examples: with their teacher's logits, of one k, or without.
    init(_ examples: [TrainingExample]) { self.examples = examples }

    var tensors: [String: StoredTensor] {
        let teachers = examples.compactMap(\.teacher)
        let k = teachers.first?.k ?? 0
        let positions = teachers.reduce(0) { $0 + $1.positionCount }
        let largest = max(examples.lazy.flatMap(\.tokens).max() ?? 0, teachers.lazy.flatMap(\.topTokens).max() ?? 0)
        let packing = PackedIntegers(largest: largest)
        var (tokens, topTokens): ([UInt8], [UInt8]) = ([], [])
        packing.pack(examples.lazy.flatMap(\.tokens), into: &tokens)
        var differences: [UInt16] = []
        var logSums: [Float] = []
        for teacher in teachers {
            for position in 0..<teacher.positionCount {
                let entries = position * k..<(position + 1) * k
                let best = teacher.topLogits[entries].first ?? 0
                packing.pack(teacher.topTokens[entries], into: &topTokens)
                differences += teacher.topLogits[entries].map { Self.difference(of: $0, to: best) }
                logSums.append(teacher.logSumExp[position] - best)
            }
        }
        return [
            "token_bits": StoredTensor([Int32(packing.bits)], shape: [1]),
            "tokens": StoredTensor(tokens, shape: [tokens.count]),
            "row_offsets": StoredTensor(Self.offsets(examples.map(\.tokens.count)), shape: [examples.count + 1]),
            "prompt_lengths": StoredTensor(examples.map { Int32($0.promptLength) }, shape: [examples.count]),
            "position_offsets": StoredTensor(
                Self.offsets(examples.map { $0.teacher?.positionCount ?? 0 }), shape: [examples.count + 1]),
            "top_tokens": StoredTensor(topTokens, shape: [positions, packing.bytes(for: k)]),
            "top_differences": StoredTensor(differences, shape: [positions, k]),
            "log_sum_exp": StoredTensor(logSums, shape: [positions]),
            "log_rest": StoredTensor(teachers.flatMap(\.logRest), shape: [positions]),
        ]
    }

    init(_ file: SafeTensors) throws {
        if file.contains("top_logits") {
            throw ModelFileError(
                file: KDCapture.logits.name,
                reason: "it is of an earlier revision of kd.capture; capture the teacher's logits again")
        }
        let parts = try Parts(file)
        examples = try parts.prompts.indices.map { row in
            let tokens = parts.tokens[parts.rows[row]..<parts.rows[row + 1]]
            let positions = parts.positions[row]..<parts.positions[row + 1]
            let prompt = parts.prompts[row]
            guard (1..<tokens.count).contains(prompt), [0, tokens.count - prompt, tokens.count - 1].contains(positions.count)
            else {
                throw ModelFileError(
                    file: KDCapture.logits.name, reason: "row \(row + 1) has other positions than tokens to learn")
            }
            return TrainingExample(
                tokens: Array(tokens), promptLength: prompt,
                teacher: positions.isEmpty ? nil : parts.teacher(at: positions))
        }
    }

    /// A teacher's logits as they are read back.
    static func rounded(_ teacher: TeacherLogits) -> TeacherLogits {
        var rounded = teacher
        for position in 0..<teacher.positionCount {
            let entries = position * teacher.k..<(position + 1) * teacher.k
            let best = teacher.topLogits[entries].first ?? 0
            for entry in entries {
                rounded.topLogits[entry] = logit(ofDifference: difference(of: teacher.topLogits[entry], to: best))
            }
            rounded.logSumExp[position] = teacher.logSumExp[position] - best
        }
        return rounded
    }

    /// Steps by which a logit lies below the largest.
    private static func difference(of logit: Float, to best: Float) -> UInt16 {
        UInt16(min(((best - logit) * steps).rounded(), 65535))
    }

    /// A logit as far below the largest, which is 0.
    fileprivate static func logit(ofDifference difference: UInt16) -> Float { -Float(difference) / steps }

    /// 0, then the running sums.
    private static func offsets(_ counts: [Int]) -> [Int64] {
        counts.reduce(into: [0]) { $0.append($0[$0.count - 1] + Int64($1)) }
    }
}

/// The file's tensors, which fit each other.
private struct Parts {
    let tokens: [Int32]
    let rows, prompts, positions: [Int]
    private let k: Int
    private let packing: PackedIntegers
    private let topTokens, differences: [UInt8]
    private let logSumExp, logRest: [Float]

    init(_ file: SafeTensors) throws {
        let bits = try file.integers("token_bits")
        let differences = try file.tensor("top_differences")
        let packed = try Array(file.tensor("tokens").bytes)
        rows = try file.integers("row_offsets")
        prompts = try file.integers("prompt_lengths")
        positions = try file.integers("position_offsets")
        topTokens = try Array(file.tensor("top_tokens").bytes)
        logSumExp = try file.floats("log_sum_exp")
        logRest = try file.floats("log_rest")
        k = differences.shape.last ?? 0
        self.differences = Array(differences.bytes)
        let misfit = ModelFileError(file: KDCapture.logits.name, reason: "the tensors do not fit each other")
        guard bits.count == 1, (1...31).contains(bits[0]) else { throw misfit }
        packing = PackedIntegers(bits: bits[0])
        guard differences.elementType == .uint16, differences.shape == [logSumExp.count, k], k > 0,
            logRest.count == logSumExp.count, topTokens.count == logSumExp.count * packing.bytes(for: k),
            rows.count == prompts.count + 1, positions.count == rows.count, rows.first == 0, positions.first == 0,
            positions.last == logSumExp.count, zip(rows, rows.dropFirst()).allSatisfy(<),
            zip(positions, positions.dropFirst()).allSatisfy(<=), let count = rows.last, count <= packed.count * 8,
            packing.bytes(for: count) == packed.count
        else { throw misfit }
        var tokens: [Int32] = []
        packing.unpack(packed[...], count: count, into: &tokens)
        self.tokens = tokens
    }

    func teacher(at positions: Range<Int>) -> TeacherLogits {
        let width = packing.bytes(for: k)
        var tokens: [Int32] = []
        for position in positions {
            packing.unpack(topTokens[position * width..<(position + 1) * width], count: k, into: &tokens)
        }
        let logits = (positions.lowerBound * k..<positions.upperBound * k).map {
            CapturedLogits.logit(ofDifference: UInt16(differences[2 * $0]) | UInt16(differences[2 * $0 + 1]) << 8)
        }
        return TeacherLogits(
            k: k, topTokens: tokens, topLogits: logits, logSumExp: Array(logSumExp[positions]),
            logRest: Array(logRest[positions]))
    }
}

/// Small numbers in rows of whole bytes: each takes as many bits as the largest needs, the lowest bits first.
struct PackedIntegers {
    let bits: Int

    /// - Parameter largest: of the numbers, at least 0.
    init(largest: Int32) { bits = max(1, Int32.bitWidth - largest.leadingZeroBitCount) }

    /// - Parameter bits: 1 to 31.
    init(bits: Int) { self.bits = bits }

    func bytes(for count: Int) -> Int { (count * bits + 7) / 8 }

    /// Adds a row.
    func pack(_ row: some Sequence<Int32>, into bytes: inout [UInt8]) {
        var (pending, held) = (UInt64(0), 0)
        for number in row {
            pending |= UInt64(UInt32(bitPattern: number)) << UInt64(held)
            held += bits
            while held >= 8 {
                bytes.append(UInt8(truncatingIfNeeded: pending))
                pending >>= 8
                held -= 8
            }
        }
        if held > 0 { bytes.append(UInt8(truncatingIfNeeded: pending)) }
    }

    /// Reads back a row of `count` numbers.
    func unpack(_ bytes: ArraySlice<UInt8>, count: Int, into numbers: inout [Int32]) {
        var (pending, held) = (UInt64(0), 0)
        var place = bytes.startIndex
        let mask = (UInt64(1) << UInt64(bits)) - 1
        for _ in 0..<count {
            while held < bits {
                pending |= UInt64(bytes[place]) << UInt64(held)
                held += 8
                place += 1
            }
            numbers.append(Int32(truncatingIfNeeded: pending & mask))
            pending >>= UInt64(bits)
            held -= bits
        }
    }
}
