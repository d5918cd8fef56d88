import BuildModel
import CanonicalJSON
import Store

/// How long a stage will probably run, and how one knows.
package struct Prediction: Hashable, Sendable {
    package enum Basis: String, Hashable, Sendable {
        /// The very same action ran before.
        case sameAction = "same-action"
        /// Stages of the same kind ran before, per unit of their work.
        case sameKind = "same-kind"
        /// None ever ran: the stage's work at this machine's measured speed.
        case formula
    }

    package var seconds: Double
    package var basis: Basis
}

/// Predicts from what ran before, else from shapes and this machine's speed.
struct Predictor {
    private let history: DurationHistory
    /// Floating-point operations a second; measured when first needed.
    private let speed: Lazy

    /// What starting a child and laying out its inputs takes.
    private static let overhead = 0.05
    /// The share of the matrix product's speed that kinds reach: answers are made a token at a time.
    private static let efficiency = ["sample": 0.1, "eval.generate": 0.1, "kd.on-policy": 0.2, "rl.train": 0.2]

    private final class Lazy {
        private let measure: () -> Double
        lazy var value = measure()
        init(_ measure: @escaping () -> Double) { self.measure = measure }
    }

    init(_ history: DurationHistory, speed: @escaping () -> Double) {
        self.history = history
        self.speed = Lazy(speed)
    }

    /// - Parameter key: `nil` where an input is not built yet.
    func prediction(for stage: Stage, key: Digest?) -> Prediction? {
        if let seconds = key.flatMap(history.seconds) { return Prediction(seconds: seconds, basis: .sameAction) }
        if let runs = history.runs(of: stage.kind) {
            if let work = stage.work, work > 0, let rate = runs.secondsPerWork {
                return Prediction(seconds: work * rate, basis: .sameKind)
            }
            return Prediction(seconds: runs.meanSeconds, basis: .sameKind)
        }
        guard let work = stage.work else { return nil }
        let speed = work == 0 ? 1 : max(speed.value, 1) * (Self.efficiency[stage.kind] ?? 0.5)
        return Prediction(seconds: Self.overhead + work / speed, basis: .formula)
    }
}
