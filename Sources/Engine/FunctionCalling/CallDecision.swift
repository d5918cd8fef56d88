/// An answered row as a threshold sees it.
package struct CallDecision: Hashable, Sendable {
    /// How probable the model holds no call to be.
    package var likelihood: Double
    package var wantsCall: Bool
    /// Whether the model's best call is right.
    package var isCallRight: Bool
    /// Whether there is no best call, so that none is made at any threshold.
    package var hasNoCall: Bool

    package init(likelihood: Double, wantsCall: Bool, isCallRight: Bool, hasNoCall: Bool) {
        (self.likelihood, self.wantsCall) = (likelihood, wantsCall)
        (self.isCallRight, self.hasNoCall) = (isCallRight, hasNoCall)
    }
}

/// What becomes of the answers to a set at each threshold of the likelihood of no call: from the threshold on, none is made.
package struct ThresholdCurve: Sendable {
    /// Right answers to rows that want a call, and to those that want none.
    package struct Point: Hashable, Sendable {
        package let threshold: Double
        package let rightCalls: Int
        package let rightRefusals: Int
    }

    /// By rising likelihood.
    private let decisions: [CallDecision]
    /// Rows that want a call, and rows that want none.
    package let calls: Int
    package let refusals: Int

    package init(_ decisions: [CallDecision]) {
        self.decisions = decisions.sorted { $0.likelihood < $1.likelihood }
        calls = decisions.count { $0.wantsCall }
        refusals = decisions.count - calls
    }

    /// The thresholds of a curve that people look at, close to 0 and 1 where trained models decide.
    package static let shown = [
        0.001, 0.003, 0.01, 0.03, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.97, 0.99, 0.997, 0.999,
    ]

    package func point(at threshold: Double) -> Point {
        var (rightCalls, rightRefusals) = (0, 0)
        for decision in decisions {
            let isRefused = decision.likelihood >= threshold || decision.hasNoCall
            if decision.wantsCall, !isRefused, decision.isCallRight { rightCalls += 1 }
            if !decision.wantsCall, isRefused { rightRefusals += 1 }
        }
        return Point(threshold: threshold, rightCalls: rightCalls, rightRefusals: rightRefusals)
    }

    /// The share of the calls' rows that refusals may cost.
    package static let mostLoss = 0.02

    /// The threshold with the most right refusals that costs at most `mostLoss` of the calls; of several the one with the most
    /// right calls, and then the one nearest to a half. It lies below all likelihoods, above them, or midway between two
    /// neighbours. `nil` where rows of one of the two kinds are missing.
    package var best: Point? {
        guard calls > 0, refusals > 0 else { return nil }
        let cuts = self.cuts
        let leastCalls = (cuts.map(\.rightCalls).max() ?? 0) - Int(Self.mostLoss * Double(calls))
        return cuts.filter { $0.rightCalls >= leastCalls }.max { order(of: $0) < order(of: $1) }
    }

    private func order(of point: Point) -> (Int, Int, Double) {
        (point.rightRefusals, point.rightCalls, -abs(point.threshold - 0.5))
    }

    /// A point on each side of every likelihood; equal likelihoods are on one side.
    private var cuts: [Point] {
        guard let first = decisions.first, let last = decisions.last else { return [] }
        var point = Point(threshold: first.likelihood / 2, rightCalls: 0, rightRefusals: refusals)
        var cuts = [point]
        for (place, decision) in decisions.enumerated() {
            let gained = decision.wantsCall && decision.isCallRight && !decision.hasNoCall ? 1 : 0
            let lost = !decision.wantsCall && !decision.hasNoCall ? 1 : 0
            let next = place + 1 < decisions.count ? decisions[place + 1].likelihood : max(1, last.likelihood)
            point = Point(
                threshold: (decision.likelihood + next) / 2, rightCalls: point.rightCalls + gained,
                rightRefusals: point.rightRefusals - lost)
            if next > decision.likelihood { cuts.append(point) }
        }
        return cuts
    }
}
