import CanonicalJSON
import Engine
import Testing

@Suite struct FunctionConfusionTests {
    @Test func everyWantedFunctionHasScoresOfItsOwn() {
        var confusion = FunctionConfusion()
        confusion.add(wanted: ["a"], called: ["a"], isAccepted: true, isExact: true)
        confusion.add(wanted: ["a"], called: ["a"], isAccepted: true, isExact: false)
        confusion.add(wanted: ["a", "b", "b"], called: ["a", "b", "c"], isAccepted: false, isExact: false)
        confusion.add(wanted: [], called: [], isAccepted: true, isExact: true)
        #expect(
            confusion.json["functions"] == [
                "a": ["rows": 3, "ar": .number(2.0 / 3), "exact": .number(1.0 / 3)], "b": ["rows": 1, "ar": 0, "exact": 0],
                "no call": ["rows": 1, "ar": 1, "exact": 1],
            ])
    }

    @Test func calledFunctionsStandAgainstWantedOnes() {
        var confusion = FunctionConfusion()
        confusion.add(wanted: ["a"], called: ["b"], isAccepted: false, isExact: false)
        confusion.add(wanted: ["a", "b"], called: ["b", "a"], isAccepted: true, isExact: true)
        confusion.add(wanted: ["a", "b", "c"], called: ["x", "b"], isAccepted: false, isExact: false)
        confusion.add(wanted: [], called: ["a", "a"], isAccepted: false, isExact: false)
        confusion.add(wanted: [], called: [], isAccepted: true, isExact: true)
        confusion.add(wanted: ["a", "c"], called: nil, isAccepted: false, isExact: false)
        confusion.add(wanted: [], called: nil, isAccepted: true, isExact: false)
        #expect(
            confusion.json["called"] == [
                "a": ["a": 1, "b": 1, "x": 1, "no list of calls": 1], "b": ["b": 2],
                "c": ["no call": 1, "no list of calls": 1],
                "no call": ["a": 2, "no call": 1, "no list of calls": 1],
            ])
    }
}
