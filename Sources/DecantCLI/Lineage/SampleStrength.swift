import CanonicalJSON
import Foundation

/// How likely a sample of stages finds a forged one: stages are drawn without putting back, so the number of forged ones among
/// them is hypergeometric.
struct SampleStrength {
    /// Stages that could be drawn.
    let stages: Int
    let drawn: Int

    /// The probability that at least one of `forged` forged stages is drawn: 1 − C(stages − forged, drawn) / C(stages, drawn).
    func probability(ofFinding forged: Int) -> Double {
        guard forged > 0, drawn > 0 else { return 0 }
        guard forged <= stages - drawn else { return 1 }
        // ∏ (stages − drawn − i) / (stages − i), i < forged: each factor is the chance that one more stays hidden.
        var hidden = 1.0
        for one in 0..<forged { hidden *= Double(stages - drawn - one) / Double(stages - one) }
        return 1 - hidden
    }

    /// The counts of forged stages that are worth a word: 1, 2, 5, 10, … up to all.
    private var counts: [Int] { [1, 2, 5, 10, 20, 50, 100, 1000].filter { $0 <= stages } }

    var text: String {
        let chances = counts.map { "\($0): \(Self.percent(probability(ofFinding: $0)))" }.joined(separator: ", ")
        return "a sample of \(drawn) of \(stages) finds at least one of so many forged stages with this probability: \(chances)"
    }

    /// Rounded down: it never promises too much.
    private static func percent(_ probability: Double) -> String {
        probability == 1 ? "100%" : String(format: "%.1f%%", (probability * 1000 + 1e-9).rounded(.down) / 10)
    }

    var json: JSON {
        [
            "stages": .count(stages), "drawn": .count(drawn),
            "finds": .array(
                counts.map { ["forged": .count($0), "probability": .number(probability(ofFinding: $0))] }),
        ]
    }
}
