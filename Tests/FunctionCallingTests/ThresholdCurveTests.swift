import Testing

@testable import Engine

@Suite struct ThresholdCurveTests {
    private static func decision(
        _ likelihood: Double, wantsCall: Bool, isCallRight: Bool = true, hasNoCall: Bool = false
    ) -> CallDecision {
        CallDecision(likelihood: likelihood, wantsCall: wantsCall, isCallRight: isCallRight && wantsCall, hasNoCall: hasNoCall)
    }

    /// Three rows want a call, and two none.
    static let mixed = ThresholdCurve([
        decision(0.9, wantsCall: false), decision(0.001, wantsCall: true), decision(0.2, wantsCall: false),
        decision(0.1, wantsCall: true), decision(0.3, wantsCall: true),
    ])

    @Test func aPointCountsBothKinds() {
        #expect(Self.mixed.calls == 3 && Self.mixed.refusals == 2)
        let low = Self.mixed.point(at: 0)
        #expect(low.rightCalls == 0 && low.rightRefusals == 2)
        let middle = Self.mixed.point(at: 0.2)
        #expect(middle.rightCalls == 2 && middle.rightRefusals == 2)
        let high = Self.mixed.point(at: 1)
        #expect(high.rightCalls == 3 && high.rightRefusals == 0)
    }

    /// Between 0.1 and 0.2 both refusals are right and one call of three is lost; between 0.3 and 0.9 no call is lost.
    @Test func refusalsCostNoCallsOfASmallSet() throws {
        let best = try #require(Self.mixed.best)
        #expect(abs(best.threshold - 0.6) < 1e-12 && best.rightCalls == 3 && best.rightRefusals == 1)
        // What a sweep counts is what is counted at the threshold.
        #expect(Self.mixed.point(at: best.threshold) == best)
    }

    /// Of a hundred rows that want a call, two may be lost for right refusals, and a third may not.
    @Test(arguments: [(lost: 2, threshold: 0.3, calls: 98, refusals: 2), (lost: 3, threshold: 0.75, calls: 100, refusals: 1)])
    func refusalsCostTwoCallsOfAHundred(lost: Int, threshold: Double, calls: Int, refusals: Int) throws {
        let curve = ThresholdCurve(
            Array(repeating: Self.decision(0.1, wantsCall: true), count: 100 - lost)
                + Array(repeating: Self.decision(0.6, wantsCall: true), count: lost)
                + [Self.decision(0.5, wantsCall: false), Self.decision(0.9, wantsCall: false)])
        let best = try #require(curve.best)
        #expect(abs(best.threshold - threshold) < 1e-12 && best.rightCalls == calls && best.rightRefusals == refusals)
    }

    @Test func aModelWithoutRightCallsCallsNothing() throws {
        let curve = ThresholdCurve([
            Self.decision(0.1, wantsCall: true, isCallRight: false), Self.decision(0.2, wantsCall: false),
        ])
        let best = try #require(curve.best)
        #expect(best.rightRefusals == 1)
    }

    @Test func ofEqualOnesTheNearestToAHalfIsTaken() throws {
        let curve = ThresholdCurve([
            Self.decision(0.1, wantsCall: true), Self.decision(0.2, wantsCall: true, isCallRight: false),
            Self.decision(0.8, wantsCall: false),
        ])
        #expect(abs(try #require(curve.best).threshold - 0.5) < 1e-12)
    }

    @Test func equalLikelihoodsAreOnOneSide() throws {
        let curve = ThresholdCurve([
            Self.decision(0.4, wantsCall: true), Self.decision(0.4, wantsCall: false), Self.decision(0.4, wantsCall: true),
        ])
        let best = try #require(curve.best)
        #expect(curve.point(at: best.threshold) == best)
        #expect(best.rightCalls == 2 && best.rightRefusals == 0 || best.rightCalls == 0 && best.rightRefusals == 1)
    }

    @Test func aRowWithoutAnyCallIsRefusedAtAllThresholds() throws {
        let curve = ThresholdCurve([
            Self.decision(0.1, wantsCall: false, hasNoCall: true), Self.decision(0.6, wantsCall: true),
        ])
        let best = try #require(curve.best)
        #expect(best.rightCalls == 1 && best.rightRefusals == 1 && curve.point(at: 1).rightRefusals == 1)
    }

    @Test func rowsOfOneKindHaveNoBestThreshold() {
        #expect(ThresholdCurve([Self.decision(0.1, wantsCall: true)]).best == nil)
        #expect(ThresholdCurve([]).best == nil)
    }
}
