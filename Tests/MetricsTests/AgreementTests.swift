import Engine
import Testing

/// How often two judges agree, and how much of that is more than chance.
@Suite struct AgreementTests {
    /// κ by hand, by Cohen's formula.
    @Test(arguments: [
        // 35 of 50 agree; by chance 25 would.
        (20, 5, 10, 15, 0.7, 0.4),
        (10, 0, 0, 10, 1, 1), (0, 5, 5, 0, 0, -1), (5, 5, 5, 5, 0.5, 0),
        // Nearly all is accepted: they agree on 90 %, and that is less than chance would give.
        (90, 5, 5, 0, 0.9, (0.9 - 0.905) / 0.095),
    ])
    func kappaIsAgreementBeyondChance(
        bothAccept: Int, firstAlone: Int, secondAlone: Int, bothReject: Int, share: Double, kappa: Double
    ) throws {
        let counts = AgreementCounts(
            bothAccept: bothAccept, firstAlone: firstAlone, secondAlone: secondAlone, bothReject: bothReject)
        #expect(abs(try #require(counts.share) - share) < 1e-12)
        #expect(abs(try #require(counts.kappa) - kappa) < 1e-12)
    }

    @Test func countsAreOfPairs() {
        var counts = AgreementCounts()
        #expect(counts.share == nil && counts.kappa == nil)
        for pair in [(true, true), (true, false), (false, false), (false, true), (true, true)] { counts.add(pair.0, pair.1) }
        #expect(counts == AgreementCounts(bothAccept: 2, firstAlone: 1, secondAlone: 1, bothReject: 1))
        #expect(counts.firstShare == 0.6 && counts.secondShare == 0.6 && counts.compared == 5)
    }

    /// Two who accept everything agree, and nobody knows whether they judge at all.
    @Test func whoeverSaysOneThingAlwaysHasNoKappa() {
        let counts = AgreementCounts(bothAccept: 7, firstAlone: 0, secondAlone: 0, bothReject: 0)
        #expect(counts.share == 1)
        #expect(counts.kappa == nil)
    }
}
