import Testing

@testable import Stages

@Suite struct ParetoFrontTests {
    private func members(_ points: [(Double, Double)?]) -> [Bool] {
        ParetoFront(points.map { point in point.map { ParetoFront.Point(cost: $0.0, quality: $0.1) } }).members
    }

    @Test func whatAnotherBeatsIsNotOnIt() {
        #expect(members([(1, 1), (2, 3), (3, 2), (4, 4)]) == [true, true, false, true])
    }

    @Test func atTheSameCostTheBetterStays() {
        #expect(members([(1, 1), (1, 2), (2, 2)]) == [false, true, false])
    }

    @Test func equalPointsStandTogether() {
        #expect(members([(1, 1), (1, 1), (2, 1)]) == [true, true, false])
    }

    @Test func aPointWithoutAFigureIsNeverOnItAndBeatsNone() {
        #expect(members([nil, (2, 1), nil]) == [false, true, false])
        #expect(members([nil]) == [false])
    }

    @Test func aSinglePointIsTheFront() {
        #expect(members([(5, -3)]) == [true])
        #expect(members([]) == [])
    }
}
