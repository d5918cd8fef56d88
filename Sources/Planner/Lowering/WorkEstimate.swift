import Declarations
import Kinds
import RecipeLanguage
import Words

/// How much work stages are, before anything has run: floating-point operations from shapes and counts.
///
/// A pass forward takes two operations per parameter and token, a training step six (Kaplan et al., arXiv 2001.08361, 2.1).
struct WorkEstimate {
    /// Tokens of a row, prompt and answer together; what rows of this kind of prompt come to.
    let tokensPerRow: Double
    /// By set.
    private let rows: [String: Double]

    init(_ data: DataSection) {
        let listed = Double(data.retrieve?.kind.topK ?? (data.split.candidates > 0 ? data.split.candidates : 10))
        tokensPerRow = data.prompt.value == .query ? 36 : 40 + 12 * listed
        rows = Self.rows(of: data)
    }

    func training(_ size: ModelSize?, _ training: TrainingParameters) -> Double? {
        size.map { 6 * Double($0.total) * tokensPerRow * Double(training.steps * training.batch) }
    }

    /// One pass over so many rows of a set.
    func pass(_ size: ModelSize?, over set: String, atMost limit: Int = .max, times: Int = 1) -> Double? {
        size.map { 2 * Double($0.total) * tokensPerRow * min(rows[set] ?? 0, Double(limit)) * Double(times) }
    }

    func pass(_ size: ModelSize?, over sets: [String]) -> Double? {
        sets.reduce(0) { sum, set in sum.flatMap { sum in pass(size, over: set).map { $0 + sum } } }
    }

    func pass(_ size: ModelSize?, over set: RowSet, atMost limit: Int = .max, times: Int = 1) -> Double? {
        pass(size, over: set.rawValue, atMost: limit, times: times)
    }

    private static func rows(of data: DataSection) -> [String: Double] {
        let split = data.split
        let outside = split.outOfDomain.isEmpty ? 0 : 0.1
        var all = 5000.0
        var phrasing = 0.0
        var values = 0.0
        if case .generate(let generate) = data.rows {
            all = Double(generate.kind.count)
            phrasing = all * generate.kind.heldOutTemplates
            values = all * generate.kind.heldOutValues
        }
        let rest = max(0, all * (1 - outside) - phrasing - values)
        var rows: [RowSet: Double] = [
            .test: rest * split.test, .valid: rest * split.valid, .phrasing: phrasing, .values: values,
            .ood: all * outside, .train: rest * max(0, 1 - split.test - split.valid),
        ]
        for set in RowSet.allCases {
            if let limit = split.limit[set.rawValue] { rows[set] = min(rows[set] ?? 0, Double(limit)) }
        }
        let named = data.namedSets.map { ($0.name.value, Double($0.limit?.value ?? 500)) }
        return Dictionary(rows.map { ($0.key.rawValue, $0.value) } + named, uniquingKeysWith: { first, _ in first })
    }
}
